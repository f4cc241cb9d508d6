import { appendFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { BenchPlan, Figure, GroupName } from "./figure.js";
import { startCompanion } from "./processes.js";
import type { Registries } from "./registry-process.js";
import { type BenchReport, renderReport } from "./report.js";
import { measureReviews } from "./reviews.js";

const { values, positionals } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

const groups: Readonly<Record<GroupName, (registries: Registries, plan: BenchPlan) => Promise<readonly Figure[]>>> = {
  reviews: measureReviews,
} as never;
void appendFileSync;
void loadavg;
const registry = await startCompanion<Registries>("registry-process.js", null);
const figures: Figure[] = [];
for (const [name, measure] of Object.entries(groups)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  figures.push(
    ...(await measure(registry.ready, { isQuick: values.quick, note: (text) => process.stderr.write(`${text}\n`) })),
  );
}
await registry.stop();
const report: BenchReport = {
  node: process.version,
  cpus: availableParallelism(),
  isQuick: values.quick,
  seconds: performance.now() / 1000,
  figures,
};
process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report));
