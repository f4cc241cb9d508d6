import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findHelm, openHelm, renderManifests } from "../support/chart/index.js";

// `npm run manifests`: writes what kustomize applies from the chart, and the schema of a policy into that of the chart's values.
const schemaFile = "manifests/chart/values.schema.json";
const schema = JSON.parse(readFileSync(schemaFile, "utf8"));
schema.properties.policy = JSON.parse(readFileSync("docs/pullguard-config.schema.json", "utf8")).properties.spec;
writeFileSync(schemaFile, `${JSON.stringify(schema, undefined, 2)}\n`);

const found = findHelm();
if (typeof found === "string") throw new Error(found);
const helm = openHelm(found.program);
try {
  for (const [file, text] of await renderManifests(helm)) writeFileSync(join("manifests", file), text);
} finally {
  helm.close();
}
