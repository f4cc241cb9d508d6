import type { Rollout } from "../../workload/index.js";
import type { PullRules } from "./pull-rules.js";
import {
  evenJitter,
  type Scenario,
  type SimulatedGroup,
  type SimulatedImage,
  type SimulatedNode,
  type SimulatedPod,
  type SimulatedUse,
  type SimulationResult,
  simulatePulls,
} from "./simulation/index.js";

/** One workload of a rollout: its Pods and what each of them pulls, in the kubelet's order. */
export interface RolloutWorkload {
  readonly name: string;
  readonly rollout: Rollout;
  readonly uses: readonly SimulatedUse[];
}

/** Equal nodes, empty but for what is named here. */
export interface RolloutCluster {
  readonly nodes: number;
  readonly rules: PullRules;
  readonly bytesPerSecond: number;
  readonly unpackBytesPerSecond: number;
  readonly maxDownloads: number;
  /** For all nodes together, by registry. */
  readonly registryBytesPerSecond: ReadonlyMap<string, number>;
}

/** `create`: the workloads are new. `update`: they run already, and are replaced as their strategy says. */
export type RolloutMode = "create" | "update";

export interface PlayedRollout {
  readonly scenario: Scenario;
  readonly result: SimulationResult;
  /** One entry a workload, in their order. */
  readonly workloads: readonly PlayedWorkload[];
}

export interface PlayedWorkload {
  readonly pods: number;
  /** When its last Pod has its images; Infinity where that takes longer than a week. */
  readonly lastPulledMs: number;
  /** Pulls refused with `pull QPS exceeded`. */
  readonly throttled: number;
  /** Pods that are on their way at the same time. */
  readonly atOnce: number;
}

const weekMs = 7 * 86_400_000;

/**
 * Plays a rollout through on equal nodes: Pods of a DaemonSet one on each, others spread evenly, all workloads at once.
 * A replaced Pod makes room for the next as soon as its images are there; what it does after that is not counted.
 */
export function playRollout(
  workloads: readonly RolloutWorkload[],
  images: readonly SimulatedImage[],
  cluster: RolloutCluster,
  mode: RolloutMode,
): PlayedRollout {
  const placed = place(workloads, cluster.nodes);
  const groups = workloads.map(({ name, rollout }): SimulatedGroup => {
    return { name, startMs: 0, maxStarting: startingAtOnce(rollout, cluster.nodes, mode) };
  });
  // Where every Pod comes at once, nodes with equal Pods do the same: one of them stands for all.
  const isAtOnce = groups.every(({ maxStarting }) => maxStarting === Infinity);
  const shapes = isAtOnce ? shapesOf(placed) : placed.map((pods) => ({ pods, count: 1 }));
  const pods = shapes.flatMap(({ pods: own }, node) =>
    own.map((group): SimulatedPod => ({ node, group, uses: workloads[group]?.uses ?? [] })),
  );
  const nodes = shapes.map(
    ({ count }, index): SimulatedNode => ({
      name: `node-${index + 1}`,
      count,
      rules: cluster.rules,
      bytesPerSecond: cluster.bytesPerSecond,
      unpackBytesPerSecond: cluster.unpackBytesPerSecond,
      maxDownloads: cluster.maxDownloads,
      downloadScope: "image",
      presentImages: [],
      presentLayers: [],
    }),
  );
  const { registryBytesPerSecond } = cluster;
  const scenario = { nodes, groups, pods, images, registryBytesPerSecond, syncJitter: evenJitter, untilMs: weekMs };
  const result = simulatePulls(scenario);
  return { scenario, result, workloads: groups.map((group, index) => played(scenario, result, group, index)) };
}

function played(
  { pods, nodes }: Scenario,
  result: SimulationResult,
  { maxStarting }: SimulatedGroup,
  group: number,
): PlayedWorkload {
  const own = [...pods.keys()].filter((pod) => pods[pod]?.group === group);
  const countOf = (pod: number): number => nodes[pods[pod]?.node ?? 0]?.count ?? 1;
  const number = own.reduce((sum, pod) => sum + countOf(pod), 0);
  return {
    pods: number,
    lastPulledMs: own.reduce((last, pod) => Math.max(last, result.pods[pod]?.pulledMs ?? Infinity), 0),
    throttled: result.pulls
      .filter(({ pod, outcome }) => outcome === "throttled" && pods[pod]?.group === group)
      .reduce((sum, { pod }) => sum + countOf(pod), 0),
    atOnce: Math.min(maxStarting, number),
  };
}

/** For each node the workloads whose Pods it gets, in their order. */
function place(workloads: readonly RolloutWorkload[], nodes: number): readonly (readonly number[])[] {
  const placed: number[][] = Array.from({ length: nodes }, () => []);
  let next = 0;
  for (const [index, { rollout }] of workloads.entries()) {
    if (rollout.scale === "each-node") {
      for (const pods of placed) pods.push(index);
      continue;
    }
    for (let replica = 0; replica < rollout.scale; replica += 1) {
      placed[next % nodes]?.push(index);
      next += 1;
    }
  }
  return placed;
}

function shapesOf(placed: readonly (readonly number[])[]) {
  const shapes = new Map<string, { readonly pods: readonly number[]; count: number }>();
  for (const pods of placed) {
    const shape = shapes.get(pods.join(" "));
    if (shape === undefined) shapes.set(pods.join(" "), { pods, count: 1 });
    else shape.count += 1;
  }
  return [...shapes.values()];
}

/**
 * How many Pods of a workload are replaced at the same time. A Deployment's surge is rounded up and its unavailable share
 * down, a DaemonSet's both up; at least one is always allowed.
 * Source: Kubernetes pkg/controller/deployment/util/deployment_util.go `ResolveFenceposts`,
 * pkg/controller/daemon/util/daemonset_util.go `UnavailableCount`, `SurgeCount`, 1.36.
 */
function startingAtOnce({ scale, update, oneByOne }: Rollout, nodes: number, mode: RolloutMode): number {
  if (mode === "create") return oneByOne === true ? 1 : Infinity;
  if (update === undefined) return Infinity;
  const pods = scale === "each-node" ? nodes : scale;
  const round = scale === "each-node" ? Math.ceil : Math.floor;
  const unavailable = podsOf(update.maxUnavailable, pods, round);
  return Math.max(1, unavailable + podsOf(update.maxSurge, pods, Math.ceil));
}

function podsOf(share: number | string, pods: number, round: (value: number) => number): number {
  return typeof share === "number" ? share : round((Number.parseInt(share, 10) * pods) / 100);
}
