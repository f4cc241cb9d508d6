import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

/** Reads and parses every file of a folder: what any program must do that looks into manifests. */
const [, , folder = "."] = process.argv;
let documents = 0;
for (const name of readdirSync(folder)) {
  for (const document of parseAllDocuments(readFileSync(join(folder, name), "utf8"))) {
    if (document.toJS() !== null) documents += 1;
  }
}
if (documents === 0) process.exit(1);
