import { readFileSync, writeFileSync } from "node:fs";
import { licencePage, runtimePackages } from "./licences.js";

const [target = "docs/licences.md"] = process.argv.slice(2);
writeFileSync(target, licencePage(runtimePackages(readFileSync("package-lock.json", "utf8"))));
