import { writeFileSync } from "node:fs";
import type { Report } from "../check/index.js";
import { PullguardError } from "../core/index.js";
import {
  defaultDownloads,
  type PullRules,
  playRollout,
  pullRules,
  type RolloutCluster,
  type RolloutMode,
  type SimulatedImage,
  unpackBytesPerSecond,
} from "../prediction/index.js";
import type { Workload } from "../workload/index.js";
import { readCheckOrder } from "./check-order.js";
import { openChosen } from "./chosen-cluster.js";
import { parseDurationMs } from "./duration.js";
import { layeredSecretSource } from "./given-secrets.js";
import { readNodeView } from "./node-view.js";
import type { SimulateFlags } from "./simulate-flags.js";
import { parseSizes, rolloutWorkloads, type SizedImages, sizedByRegistry, withoutImages } from "./simulate-input.js";
import { renderSimulationJson, renderSimulationText } from "./simulate-report.js";
import { renderTimeline } from "./simulate-svg.js";
import type { SimulationReport, SimulationRow, Unsized } from "./simulate-types.js";
import { parseBandwidth } from "./size.js";
import type { CliIo, NodeView, OpenCluster } from "./types.js";

const maxNodes = 5000;
const maxPods = 100_000;

/**
 * Plays the rollout of manifests through and prints how long it takes.
 * @returns 0, or 3 where the size of an image could not be found out
 * @throws PullguardError `InputInvalid` for input that cannot be used
 */
export async function runSimulate(flags: SimulateFlags, io: CliIo): Promise<number> {
  if (flags.filename === undefined) throw new PullguardError("InputInvalid", "name manifests with -f");
  if (!Number.isInteger(flags.nodes) || flags.nodes < 1 || flags.nodes > maxNodes) {
    throw new PullguardError("InputInvalid", `--nodes must be between 1 and ${maxNodes}`);
  }
  const given = parseSizes(flags.size ?? []);
  const node = await readNodeView(flags);
  const { cluster: opened, namespace } = await openChosen(flags, io);
  const order = await readCheckOrder([], { ...flags, namespace }, io.stdin);
  const found = await sizesOf(order.workloads, given, { flags, io, node, given: order.given, opened });
  const workloads = rolloutWorkloads(order.workloads, found.sized);
  if (workloads.length === 0) io.stderr.write("note: the input is valid but holds no workload with an image\n");
  const pods = workloads.reduce(
    (sum, { rollout: { scale } }) => sum + (scale === "each-node" ? flags.nodes : scale),
    0,
  );
  if (pods > maxPods)
    throw new PullguardError("InputInvalid", `${pods} Pods are more than the ${maxPods} that can be simulated`);
  const images = [...found.sized.values()];
  const cluster = clusterOf(flags, node, images);
  const report = simulate(flags, { workloads, images, cluster, unsized: found.unsized });
  if (flags.svg !== undefined) writeTimeline(flags.svg, renderTimeline(report));
  io.stdout.write(render(flags.output, report, io));
  return report.unsized.length > 0 ? 3 : 0;
}

interface SizingDeps {
  readonly flags: SimulateFlags;
  readonly io: CliIo;
  readonly node: NodeView;
  readonly given: Parameters<typeof layeredSecretSource>[0];
  /** Absent: no cluster is configured, or none is to be asked. */
  readonly opened: OpenCluster | undefined;
}

/** Asks the registries for what `--size` does not tell, by the same check as `pullguard check`. */
async function sizesOf(
  all: readonly Workload[],
  given: SizedImages,
  { flags, io, node, given: secrets, opened }: SizingDeps,
): Promise<{ readonly sized: SizedImages; readonly unsized: readonly Unsized[] }> {
  const sized = new Map(given);
  const workloads = withoutImages(all, given);
  if (!workloads.some(({ pod }) => pod.images.length > 0)) return { sized, unsized: [] };
  const check = await io.deps.openCheck({
    secrets: layeredSecretSource(secrets, flags.cluster ? (opened?.secrets ?? "unknown") : "nothing"),
    missingSecretsMayAppear: flags.cluster,
    node,
    onPulled: (image, attempt) => {
      const found = sizedByRegistry(image, attempt);
      if (found !== undefined) sized.set(image, found);
    },
  });
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new Error("deadline")), parseDurationMs(flags.deadline, "--deadline"));
  try {
    const report = await check.check({ workloads }, deadline.signal);
    return { sized, unsized: unsizedOf(report, sized) };
  } finally {
    clearTimeout(timer);
    await check.close();
  }
}

function unsizedOf({ findings }: Report, sized: SizedImages): readonly Unsized[] {
  const found = new Map<string, Unsized>();
  for (const { image, verdict, cause, message } of findings) {
    if (sized.has(image) || verdict === "skipped") continue;
    found.set(image, { image, reason: cause === null ? "its layers are not known" : `${cause}: ${message}` });
  }
  return [...found.values()];
}

function clusterOf(flags: SimulateFlags, node: NodeView, images: readonly SimulatedImage[]): RolloutCluster {
  const { registryBandwidth } = flags;
  const given = registryBandwidth === undefined ? undefined : parseBandwidth(registryBandwidth, "--registry-bandwidth");
  const registries = new Set(images.map(({ registry }) => registry));
  return {
    nodes: flags.nodes,
    rules: pullRules(node.kubelet ?? {}),
    bytesPerSecond: parseBandwidth(flags.bandwidth, "--bandwidth"),
    unpackBytesPerSecond,
    maxDownloads: defaultDownloads,
    registryBytesPerSecond: given === undefined ? new Map() : new Map([...registries].map((name) => [name, given])),
  };
}

interface Simulated {
  readonly workloads: ReturnType<typeof rolloutWorkloads>;
  readonly images: readonly SimulatedImage[];
  readonly cluster: RolloutCluster;
  readonly unsized: readonly Unsized[];
}

function simulate(flags: SimulateFlags, { workloads, images, cluster, unsized }: Simulated): SimulationReport {
  const serialized = { ...cluster, rules: { ...cluster.rules, serialized: true, maxParallel: 1 } };
  const parallel = { ...cluster, rules: parallelRules(cluster.rules) };
  const modes: readonly RolloutMode[] = flags.rollout === "both" ? ["create", "update"] : [flags.rollout];
  const played = modes.map((mode) => ({
    mode,
    serialized: playRollout(workloads, images, serialized, mode),
    parallel: playRollout(workloads, images, parallel, mode),
  }));
  const bytesOf = new Map(images.map(({ name, layers }) => [name, layers]));
  const rows = workloads.flatMap(({ name, uses }, index) =>
    played.flatMap((mode): readonly SimulationRow[] => {
      const one = mode.serialized.workloads[index];
      const other = mode.parallel.workloads[index];
      if (one === undefined || other === undefined) return [];
      const layers = new Map(uses.flatMap(({ image }) => bytesOf.get(image) ?? []).map((l) => [l.digest, l.bytes]));
      const bytes = [...layers.values()].reduce((sum, size) => sum + size, 0);
      const { pods, atOnce } = one;
      return [{ workload: name, mode: mode.mode, pods, atOnce, bytes, serialized: one, parallel: other }];
    }),
  );
  return { cluster, parallel: parallel.rules, rows, played, unsized };
}

/** A limit of one pull at a time is none that would help: side by side stands what no limit, or the written one, brings. */
function parallelRules(rules: PullRules): PullRules {
  const { maxParallel } = rules;
  return { ...rules, serialized: false, maxParallel: maxParallel < 2 ? Infinity : maxParallel };
}

function render(format: SimulateFlags["output"], report: SimulationReport, io: CliIo): string {
  switch (format) {
    case "json":
      return renderSimulationJson(report);
    case "svg":
      return renderTimeline(report);
    default:
      return renderSimulationText(report, Math.min(120, Math.max(80, io.columns ?? 100)));
  }
}

function writeTimeline(path: string, svg: string): void {
  try {
    writeFileSync(path, svg);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new PullguardError("InputInvalid", `--svg ${path}: cannot be written (${code})`, { cause: error });
  }
}
