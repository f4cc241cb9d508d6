import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { measureCold } from "./cold.js";
import type { BenchPlan, Figure, GroupName } from "./figure.js";
import { measureGrowth } from "./growth.js";
import { type Companion, startCompanion } from "./processes.js";
import type { Registries } from "./registry-process.js";
import { type BenchReport, historyLine, renderReport } from "./report.js";
import { measureReviews } from "./reviews.js";
import { measureCli } from "./start-up.js";
import { measureStorm } from "./storm.js";
import { measureVerify, renderVerify } from "./verify.js";

/**
 * `npm run bench [-- GROUP…] [--quick] [--json] [--record]`: what docs/performance.md explains, and `npm run bench -- verify`: whole layers
 * with all their numbers. Ratios within one run are what to compare; the absolute numbers are the machine's. Targets are told of and never make the run fail.
 */
const { values, positionals } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

if (positionals.includes("verify")) {
  const result = await (values.quick ? measureVerify(64, 3) : measureVerify(1024, 5));
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : renderVerify(result));
  process.exit();
}

type Measure = (registry: Companion<Registries>, plan: BenchPlan) => Promise<readonly Figure[]>;

const groups: Readonly<Record<GroupName, Measure>> = {
  reviews: (registry, plan) => measureReviews(registry.ready, plan),
  cold: measureCold,
  storm: measureStorm,
  growth: (_registry, plan) => measureGrowth(plan),
  cli: measureCli,
};

/** What each group may take of a quick run. */
const quickSeconds: Readonly<Record<GroupName, number>> = { reviews: 14, cold: 8, storm: 5, growth: 5, cli: 5 };

function isGroup(name: string): name is GroupName {
  return Object.hasOwn(groups, name);
}

const unknown = positionals.find((name) => !isGroup(name));
if (unknown !== undefined) {
  process.stderr.write(`there is no group ${unknown}; groups: ${Object.keys(groups).join(", ")}\n`);
  process.exit(2);
}

const wanted = Object.keys(groups)
  .filter(isGroup)
  .filter((name) => positionals.length === 0 || positionals.includes(name));
const startMs = performance.now();
const registry = await startCompanion<Registries>("registry-process.js", null);
const figures: Figure[] = [];
/** When the group under way should be over; a quick run on a busy machine makes fewer rounds. */
let untilMs = startMs;
const plan: BenchPlan = {
  isQuick: values.quick,
  hasTime: () => !values.quick || performance.now() < untilMs,
  note: (text) => process.stderr.write(`${text}\n`),
};
try {
  for (const name of wanted) {
    untilMs += quickSeconds[name] * 1000;
    figures.push(...(await groups[name](registry, plan)));
  }
} finally {
  await registry.stop();
}
const report: BenchReport = {
  node: process.version,
  cpus: availableParallelism(),
  isQuick: values.quick,
  seconds: Math.round((performance.now() - startMs) / 1000),
  figures,
};
process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report));
if (values.record)
  appendFileSync(new URL("../../bench/history.jsonl", import.meta.url), historyLine(report, commit(), new Date()));

/** The commit that was measured, where there is one. */
function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}
