import type { PullRules } from "./pull-rules.js";
import { evenJitter, type SimulatedImage, type SimulatedLayer, simulatePulls } from "./simulation/index.js";
import type { Throughput } from "./throughput.js";

/** One image of a Pod, as the kubelet comes to it. */
export interface PullTask {
  readonly image: string;
  /** Domain of its reference. */
  readonly registry: string;
  readonly layers: readonly SimulatedLayer[];
  readonly pullPolicy: "Always" | "IfNotPresent";
  /** A plain init container. */
  readonly blocks: boolean;
}

export interface EstimateInput {
  /** One Pod's images, in the kubelet's order. */
  readonly tasks: readonly PullTask[];
  /** Equal Pods that come to the node at the same time; at least 1. */
  readonly podsOnNode: number;
  /** Pods that wait for their images on the node, oldest first. */
  readonly queued: readonly (readonly PullTask[])[];
  readonly rules: PullRules;
  readonly presentImages: ReadonlySet<string>;
  readonly presentLayers: ReadonlySet<string>;
  readonly throughputOf: (registry: string) => Throughput | undefined;
  /** Layers fetched at once; the runtime's default where absent. */
  readonly maxConcurrentDownloads?: number;
}

/** Something an estimate rests on that nobody knows for certain. `text` is a clause for people. */
export interface Assumption {
  readonly code: "GenerousThroughput" | "MeasuredThroughput" | "KubeletDefaults" | "UnpackSpeed" | "NothingQueued";
  readonly text: string;
}

export interface PullEstimate {
  /** Bytes of layers that the node lacks for this Pod. */
  readonly bytes: number;
  /** Until the first pull of the (last) Pod gets its turn. */
  readonly waitMs: number;
  /** Until the last Pod has all its images; Infinity where that takes longer than a day. */
  readonly totalMs: number;
  /** Pulls that the kubelet refuses with `pull QPS exceeded`. */
  readonly throttled: number;
  readonly assumptions: readonly Assumption[];
}

/**
 * What stands in for a registry of which nothing was measured: 1 Gbit/s. Single nodes seldom get more from a registry, so
 * that what is too slow even then is too slow.
 */
export const generousBytesPerSecond = 125_000_000;
/** gunzip writes some 300 MB/s on one core, and layers unpack to two or three times their size. */
export const unpackBytesPerSecond = 120_000_000;
/** HEAD, token, manifest and config take five round trips and more; half a second is little. */
export const resolveMs = 500;
/** Source: containerd `max_concurrent_downloads`, dockerd `max-concurrent-downloads`: 3 in both. */
export const defaultDownloads = 3;
const dayMs = 86_400_000;

/** Plays the Pod's pulls through on one node. Pure; cheap enough for an admission, but not for every one. */
export function estimatePulls(input: EstimateInput): PullEstimate {
  const { tasks, podsOnNode, queued, rules } = input;
  const images = new Map<string, SimulatedImage>();
  for (const { image, registry, layers } of [...queued.flat(), ...tasks]) {
    images.set(image, { name: image, registry, layers, resolveMs });
  }
  const registries = new Set([...images.values()].map(({ registry }) => registry));
  const rates = new Map([...registries].map((registry) => [registry, rateOf(input, registry).bytesPerSecond]));
  const own = Array.from({ length: podsOnNode }, () => tasks);
  const result = simulatePulls({
    nodes: [
      {
        name: "node",
        count: 1,
        rules,
        bytesPerSecond: Infinity,
        unpackBytesPerSecond: unpackRate(input, registries),
        maxDownloads: input.maxConcurrentDownloads ?? defaultDownloads,
        downloadScope: "image",
        presentImages: [...input.presentImages],
        presentLayers: [...input.presentLayers],
      },
    ],
    groups: [{ name: "all", startMs: 0, maxStarting: Infinity }],
    pods: [...queued, ...own].map((uses) => ({ node: 0, group: 0, uses })),
    images: [...images.values()],
    registryBytesPerSecond: rates,
    syncJitter: evenJitter,
    untilMs: dayMs,
  });
  const times = result.pods.slice(queued.length).map(({ pulledMs }) => pulledMs ?? Infinity);
  const last = result.pods.length - 1;
  const first = result.pulls.filter(({ pod }) => pod === last).map(({ startedMs }) => startedMs);
  return {
    bytes: lackingBytes(tasks, input.presentImages, input.presentLayers),
    waitMs: first.length === 0 ? 0 : Math.min(...first),
    totalMs: Math.max(...times),
    throttled: result.pulls.filter(({ pod, outcome }) => pod >= queued.length && outcome === "throttled").length,
    assumptions: assumptionsOf(input, registries),
  };
}

/**
 * No estimate for this Pod alone on an idle node is longer: everything one after another. For deciding whether an estimate
 * is worth its time.
 */
export function longestMs(
  input: Pick<EstimateInput, "tasks" | "presentImages" | "presentLayers" | "throughputOf">,
): number {
  const seen = new Set(input.presentLayers);
  return input.tasks.reduce((sum, { image, registry, layers }) => {
    const lacking = input.presentImages.has(image) ? [] : layers.filter(({ digest }) => !seen.has(digest));
    for (const { digest } of lacking) seen.add(digest);
    const bytes = lacking.reduce((total, layer) => total + layer.bytes, 0);
    return sum + resolveMs + (bytes / rateOf(input, registry).bytesPerSecond + bytes / unpackBytesPerSecond) * 1000;
  }, 0);
}

/** Compressed bytes of the Pod's distinct layers that are not there; images that are there count as a whole. */
export function lackingBytes(
  tasks: readonly PullTask[],
  presentImages: ReadonlySet<string>,
  presentLayers: ReadonlySet<string>,
): number {
  const lacking = new Map<string, number>();
  for (const { image, layers } of tasks) {
    if (presentImages.has(image)) continue;
    for (const { digest, bytes } of layers) if (!presentLayers.has(digest)) lacking.set(digest, bytes);
  }
  return [...lacking.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function rateOf(
  { throughputOf }: Pick<EstimateInput, "throughputOf">,
  registry: string,
): Pick<Throughput, "bytesPerSecond"> {
  return throughputOf(registry) ?? { bytesPerSecond: generousBytesPerSecond };
}

/** Nodes' own pulls were timed with their unpacking. */
function unpackRate({ throughputOf }: EstimateInput, registries: ReadonlySet<string>): number {
  const allByKubelets = [...registries].every((registry) => throughputOf(registry)?.source === "kubelet");
  return allByKubelets ? Infinity : unpackBytesPerSecond;
}

function assumptionsOf(input: EstimateInput, registries: ReadonlySet<string>): readonly Assumption[] {
  const found: Assumption[] = [];
  for (const registry of registries) {
    const measured = input.throughputOf(registry);
    if (measured === undefined) {
      found.push({ code: "GenerousThroughput", text: `${registry} gives 1 Gbit/s (125 MB/s), more than most` });
      continue;
    }
    const seen = measured.source === "kubelet" ? "by the nodes' own pulls" : "by what Pullguard read";
    const text = `${registry} gives ${rateText(measured.bytesPerSecond)} (${seen}, ${measured.samples} seen)`;
    found.push({ code: "MeasuredThroughput", text });
  }
  if (unpackRate(input, registries) !== Infinity) {
    found.push({ code: "UnpackSpeed", text: `unpacking takes ${rateText(unpackBytesPerSecond)} of compressed layers` });
  }
  const { assumed } = input.rules;
  if (assumed.length > 0) {
    found.push({ code: "KubeletDefaults", text: `the kubelet has its defaults for ${assumed.join(", ")}` });
  }
  if (input.queued.length === 0)
    found.push({ code: "NothingQueued", text: "nothing else is being pulled on the node" });
  return found;
}

/** `50 MB/s`. */
function rateText(bytesPerSecond: number): string {
  const megabytes = bytesPerSecond / 1e6;
  return `${megabytes >= 10 ? Math.round(megabytes) : megabytes.toPrecision(2)} MB/s`;
}
