import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startCoverage } from "./coverage.js";
import { type FuzzReport, fuzz } from "./engine.js";
import { targets } from "./targets/index.js";
import { startWatchdog } from "./watchdog.js";

const { values } = parseArgs({
  options: {
    target: { type: "string", multiple: true },
    executions: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    report: { type: "string" },
  },
});

const wanted = values.target === undefined ? targets : targets.filter(({ name }) => values.target?.includes(name));
if (wanted.length === 0) throw new Error(`no such target; there are ${targets.map(({ name }) => name).join(", ")}`);
const weights = wanted.reduce((sum, { weight = 1 }) => sum + weight, 0);
const perWeight = Number(values.executions) / weights;
const watchdog = startWatchdog();
const reports: FuzzReport[] = [];
console.log("target                 executions      /s  corpus  shapes  blocks  findings");
for (const target of wanted) {
  const coverage = startCoverage();
  const executions = Math.ceil(perWeight * (target.weight ?? 1));
  const report = await fuzz(target, { executions, seed: Number(values.seed), coverage, see: watchdog.see });
  coverage.close();
  reports.push(report);
  console.log(line(report));
  for (const { kind, detail, input } of report.findings) {
    console.log(
      `  ${kind}: ${detail.split("\n").slice(0, 4).join("\n    ")}\n    input: ${JSON.stringify(input).slice(0, 600)}`,
    );
  }
}
const total = reports.reduce((sum, report) => sum + report.executions, 0);
const seconds = reports.reduce((sum, report) => sum + report.seconds, 0);
const found = reports.reduce((sum, { findings }) => sum + findings.length, 0);
console.log(
  `${total} executions of ${reports.length} targets in ${Math.round(seconds)} s, ${found} findings (seed ${values.seed})`,
);
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(reports, undefined, 2)}\n`);
await watchdog.stop();
process.exitCode = found > 0 ? 1 : 0;

function line(report: FuzzReport): string {
  const perSecond = Math.round(report.executions / report.seconds);
  const numbers = [report.executions, perSecond, report.corpus, report.shapes, report.blocks, report.findings.length];
  const widths = [11, 8, 8, 8, 8, 10];
  return report.target.padEnd(22) + numbers.map((number, at) => String(number).padStart(widths[at] ?? 8)).join("");
}
