import { writeFileSync } from "node:fs";
import { findingsPage } from "../findings/index.js";

/** `npm run docs`: writes the generated page of findings to the path given. */
const [, , path = "docs/findings.md"] = process.argv;
writeFileSync(path, findingsPage());
