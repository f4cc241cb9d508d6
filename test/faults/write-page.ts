import { writeFileSync } from "node:fs";
import { faultsPage } from "./page.js";

/** `npm run docs`: writes the page of faults to the path given. */
const [, , path = "docs/faults.md"] = process.argv;
writeFileSync(path, faultsPage());
