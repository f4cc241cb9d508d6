import { sizeText, timeText } from "../findings/index.js";
import type { PlayedWorkload } from "../prediction/index.js";
import type { SimulationReport, SimulationRow } from "./simulate-types.js";
import { printable, wrap } from "./wrap.js";

/** The simulation for people: a table, then what it rests on. Ends in a newline. */
export function renderSimulationText(report: SimulationReport, width: number): string {
  const head = ["WORKLOAD", "PODS", "SIZE", "ROLLOUT", "SERIALIZED", "PARALLEL"];
  const lines = table([head, ...report.rows.map(rowCells)]);
  const notes = [
    ...assumptions(report).map((text) => wrap(text, width, "  - ")),
    ...report.unsized.map(({ image, reason }) =>
      wrap(`the size of ${printable(image)} is not known, it counts as nothing (${printable(reason)})`, width, "  ! "),
    ),
  ];
  return `${[...lines, "", "Time until the last Pod has its images. Assumed:", ...notes].join("\n")}\n`;
}

function rowCells(row: SimulationRow): readonly string[] {
  const rollout = row.mode === "create" ? "new" : `update, ${row.atOnce} at a time`;
  return [
    printable(row.workload),
    String(row.pods),
    sizeText(row.bytes),
    rollout,
    timeCell(row.serialized),
    timeCell(row.parallel),
  ];
}

function timeCell({ lastPulledMs, throttled }: PlayedWorkload): string {
  const time = Number.isFinite(lastPulledMs) ? timeText(lastPulledMs) : "more than a week";
  return throttled === 0 ? time : `${time} (${throttled} throttled)`;
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd(),
  );
}

/** What the figures rest on, one clause each. */
export function assumptions({ cluster, parallel }: SimulationReport): readonly string[] {
  const { rules, nodes } = cluster;
  const [registryRate] = cluster.registryBytesPerSecond.values();
  const places = Number.isFinite(parallel.maxParallel) ? `maxParallelImagePulls ${parallel.maxParallel}` : "no limit";
  const limit = rules.qps === 0 ? "no limit on pulls" : `registryPullQPS ${rules.qps}, registryBurst ${rules.burst}`;
  const defaults = rules.assumed.length === 0 ? "" : ` (defaults: ${rules.assumed.join(", ")})`;
  return [
    `${nodes} equal ${nodes === 1 ? "node" : "nodes"} that hold none of the layers; Pods are spread evenly, all workloads start together`,
    `${sizeText(cluster.bytesPerSecond)}/s to each node, ${registryRate === undefined ? "and as much as that from each registry" : `${sizeText(registryRate)}/s from each registry to all nodes`}`,
    `unpacking at ${sizeText(cluster.unpackBytesPerSecond)}/s of compressed layers, half a second for the requests before a pull`,
    `the kubelet pulls ${rules.serialized ? "one image at a time (serializeImagePulls)" : "in parallel"} as it is set up; parallel is with ${places}; ${limit}${defaults}`,
    "an updated Pod makes room for the next once it has its images; it starts in no time",
  ];
}

/** The simulation for machines: one JSON document, ending in a newline; times in seconds, null for more than a week. */
export function renderSimulationJson(report: SimulationReport): string {
  const { cluster, rows, unsized } = report;
  const rate = (value: number | undefined): number | null =>
    value === undefined || !Number.isFinite(value) ? null : value;
  const side = ({ lastPulledMs, throttled }: PlayedWorkload) => ({
    seconds: Number.isFinite(lastPulledMs) ? Math.round(lastPulledMs) / 1000 : null,
    throttledPulls: throttled,
  });
  const document = {
    apiVersion: "pullguard.dev/v1",
    kind: "RolloutSimulation",
    nodes: cluster.nodes,
    kubelet: {
      serializeImagePulls: cluster.rules.serialized,
      maxParallelImagePulls: rate(report.parallel.maxParallel),
      registryPullQPS: cluster.rules.qps,
      registryBurst: cluster.rules.burst,
      assumedDefaults: cluster.rules.assumed,
    },
    nodeBytesPerSecond: rate(cluster.bytesPerSecond),
    registryBytesPerSecond: rate([...cluster.registryBytesPerSecond.values()][0]),
    workloads: rows.map((row) => ({
      workload: row.workload,
      rollout: row.mode,
      pods: row.pods,
      podsAtOnce: row.atOnce,
      sizeBytes: row.bytes,
      serialized: side(row.serialized),
      parallel: side(row.parallel),
    })),
    unknownSizes: unsized,
    assumptions: assumptions(report),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
