import { writeFileSync } from "node:fs";
import { metricsPage } from "../telemetry/index.js";

/** `npm run docs`: writes the generated page of metrics to the path given. */
const [, , path = "docs/metrics.md"] = process.argv;
writeFileSync(path, metricsPage());
