import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type ColdResult, measureColdCheck } from "./cold-check.js";
import { startCompanion } from "./processes.js";
import type { Access, Registries } from "./registry-process.js";
import { type BenchReport, renderReport } from "./report.js";
import { countRequests, countSecondOpinion } from "./requests.js";
import { measureVerify, renderVerify } from "./verify.js";
import { measureWebhook, type WebhookResult } from "./webhook.js";

/**
 * `npm run bench [-- --quick] [-- --json]`: what the webhook adds to an express no-op, and what a cold check costs in time
 * and requests. `npm run bench -- verify`: what reading whole layers costs instead. Ratios within one run are what to
 * compare; the absolute numbers are the machine's.
 */
const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false }, quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
if (positionals.includes("verify")) {
  const result = await (values.quick ? measureVerify(64, 3) : measureVerify(1024, 5));
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : renderVerify(result));
  process.exit();
}
const plan = values.quick
  ? { webhook: { rounds: 3, secondsARound: 1, connections: 8 }, coldRounds: 30 }
  : { webhook: { rounds: 9, secondsARound: 2, connections: 8 }, coldRounds: 300 };

const accesses: readonly Access[] = ["public", "basic", "bearer"];
const webhookRuns = [
  { transport: "http", images: "public" },
  { transport: "https", images: "public" },
  { transport: "https", images: "private" },
] as const;
const note = (text: string): unknown => process.stderr.write(`${text}\n`);

const registry = await startCompanion<Registries>("registry-process.js", null);
try {
  note("counting requests");
  const requests = await countRequests(registry);
  const secondOpinion = await countSecondOpinion(registry);
  const coldCheck: ColdResult[] = [];
  for (const access of accesses) {
    note(`cold checks, ${access} registry`);
    coldCheck.push(await measureColdCheck(registry.ready, access, plan.coldRounds));
  }
  const webhook: WebhookResult[] = [];
  for (const run of webhookRuns) {
    note(`webhook over ${run.transport}, ${run.images} images`);
    webhook.push(await measureWebhook(registry.ready, { ...plan.webhook, ...run }));
  }
  const machine = { node: process.version, cpus: availableParallelism() };
  const report: BenchReport = { ...machine, quick: values.quick, webhook, coldCheck, requests, secondOpinion };
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report));
} finally {
  await registry.stop();
}
