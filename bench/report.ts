import type { ColdResult } from "./cold-check.js";
import type { RequestCount, SecondOpinionCount } from "./requests.js";
import type { Spread } from "./statistics.js";
import type { Load, WebhookResult } from "./webhook.js";

/** Everything one run found out. */
export interface BenchReport {
  readonly node: string;
  readonly cpus: number;
  readonly quick: boolean;
  readonly webhook: readonly WebhookResult[];
  readonly coldCheck: readonly ColdResult[];
  readonly requests: readonly RequestCount[];
  readonly secondOpinion: readonly SecondOpinionCount[];
}

/** The report for people. Every ratio is the median of its rounds, behind it the range of their middle half. */
export function renderReport(report: BenchReport): string {
  return [
    `Node ${report.node}, ${report.cpus} CPUs${report.quick ? ", quick run: numbers are rough" : ""}`,
    ...report.webhook.map(webhookSection),
    coldSection(report.coldCheck),
    requestSection(report),
    "",
  ].join("\n\n");
}

function webhookSection(result: WebhookResult): string {
  const { transport, images, bodyBytes, connections, rounds, timeRatio, cpuRatio } = result;
  const size = `${(bodyBytes / 1024).toFixed(1)} KiB`;
  const secrets = images === "private" ? "1 pull secret" : "no pull secret";
  const head = `Webhook over ${transport}: cached Pod review (${size}, 2 images, ${secrets}), ${connections} connections, ${rounds} rounds`;
  const table = tableOf([
    ["", "requests/s", "p50 ms", "p99 ms", "CPU µs", "time per request", "CPU per request"],
    ["express no-op", ...loadCells(result.noOp), "1.00", "1.00"],
    ["pullguard", ...loadCells(result.pullguard), spreadText(timeRatio), spreadText(cpuRatio)],
  ]);
  return `${head}\n${table}`;
}

function loadCells({ requestsPerSecond, p50Ms, p99Ms, cpuMicros }: Load): string[] {
  return [
    requestsPerSecond.median.toFixed(0),
    p50Ms.median.toFixed(1),
    p99Ms.median.toFixed(1),
    cpuMicros.median.toFixed(0),
  ];
}

function coldSection(results: readonly ColdResult[]): string {
  const rows = results.map((result) => [
    result.access,
    result.drcHeadMs.median.toFixed(2),
    result.firstMs.median.toFixed(2),
    spreadText(result.firstRatio),
    result.knownRegistryMs.median.toFixed(2),
    spreadText(result.knownRegistryRatio),
  ]);
  const header = ["registry", "HEAD ms", "first ms", "ratio", "known registry ms", "ratio"];
  return `Cold check, manifest read and verified, against docker-registry-client's HEAD of the same manifest (plain HTTP)\n${tableOf([header, ...rows])}`;
}

function requestSection({ requests, secondOpinion }: BenchReport): string {
  const rows = requests.map((count) => [
    count.access,
    count.image,
    count.node,
    String(count.resolve),
    String(count.containerdResolve),
    String(count.manifests),
    String(count.blobs),
    count.sent.join(", "),
  ]);
  const header = [
    "registry",
    "image",
    "runtime, platform",
    "to resolve",
    "containerd's resolve",
    "manifests",
    "blobs",
    "sent",
  ];
  const others = secondOpinion.map(({ access, sent }) => [access, String(sent.length), sent.join(", ")]);
  return [
    "Requests of a cold check",
    tableOf([header, ...rows]),
    "",
    "docker-registry-client, HEAD only",
    tableOf([["registry", "requests", "sent"], ...others]),
  ].join("\n");
}

function spreadText({ median, lowerQuartile, upperQuartile }: Spread): string {
  return `${median.toFixed(2)} (${lowerQuartile.toFixed(2)} to ${upperQuartile.toFixed(2)})`;
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}
