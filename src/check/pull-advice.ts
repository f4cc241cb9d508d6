import {
  type Advisory,
  adviseDisk,
  adviseRateLimit,
  adviseTime,
  type Judgement,
  type PullDeadline,
} from "../findings/index.js";
import type { NodeCandidates, NodeProfile, NodeState } from "../node/index.js";
import {
  type EstimateInput,
  type LayerMemory,
  lackingBytes,
  longestMs,
  type PullQueue,
  type PullTask,
  pullRules,
  type QueuedPod,
  type ThroughputMeter,
} from "../prediction/index.js";
import { parseReference } from "../reference/index.js";
import type { RateLimits } from "../registry/index.js";
import type { DistinctImage, Workload } from "../workload/index.js";
import { createEstimateMemory, type EstimateMemory } from "./estimate-memory.js";

/** What is known of time and budgets. Each absent part is not known, and nothing is said about it. */
export interface PullKnowledge {
  readonly throughput?: Pick<ThroughputMeter, "throughputOf">;
  readonly queue?: PullQueue;
  readonly layers?: LayerMemory;
  readonly rateLimits?: Pick<RateLimits, "readingFor">;
  /** Estimates made before; absent: each is made anew. */
  readonly estimates?: EstimateMemory;
}

/** One image of the workload with what was found out about it. */
export interface JudgedImage {
  readonly image: DistinctImage;
  readonly judgement: Judgement;
}

export interface AdviceQuestion {
  readonly workload: Workload;
  readonly candidates: readonly NodeCandidates[];
  readonly images: readonly JudgedImage[];
}

type Pulled = JudgedImage & { readonly pulled: NonNullable<Judgement["pulled"]> };

/** Where no field says how long somebody waits: the Deployment controller's default, which most people know. */
const noDeadline: PullDeadline = { seconds: 600, field: "none" };
/** Of very large groups of equal nodes a sample is looked at. */
const maxNodesLookedAt = 50;

/**
 * What is worth a warning about the pulls of one workload, by index of the image it is told with. Pulls are played through
 * only where their result is in doubt, so that most admissions cost nothing.
 * @param onEstimate hears once how long a Pod's images take, in milliseconds, where their sizes are known: by the slowest
 * of the nodes that count, Infinity for more than a day
 */
export function advisePulls(
  knowledge: PullKnowledge,
  question: AdviceQuestion,
  onEstimate: (pullMs: number) => void = () => undefined,
): ReadonlyMap<number, readonly Advisory[]> {
  const found = new Map<number, Advisory[]>();
  const pulled = question.images.flatMap(({ image, judgement }, index) =>
    judgement.pulled === undefined ? [] : [{ index, image, judgement, pulled: judgement.pulled }],
  );
  if (pulled.length === 0) return found;
  const tell = (index: number, advisories: readonly Advisory[]): void => {
    if (advisories.length > 0) found.set(index, [...(found.get(index) ?? []), ...advisories]);
  };
  for (const image of pulled) knowledge.layers?.remember(image.pulled.reference, image.pulled.attempt);
  const estimates = knowledge.estimates ?? createEstimateMemory();
  const tasks = tasksOf(question.workload, pulled, estimates);
  if (tasks.length > 0) {
    const largest = pulled.reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a));
    const { advisories, pullMs } = timeAdvice({ ...knowledge, estimates }, question, tasks);
    onEstimate(pullMs);
    tell(largest.index, advisories);
  }
  for (const { index, advisory } of rateLimitAdvice(knowledge, question, pulled)) tell(index, [advisory]);
  return found;
}

function sizeOf({ pulled }: Pulled): number {
  return (pulled.attempt.image?.layers ?? []).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Where the kubelet comes to a use of an image. */
const turn = { imageVolume: 0, ephemeralContainer: 1, initContainer: 2, container: 3 } as const;

/** The Pod's images whose layers are known, in the order in which the kubelet comes to them. */
function tasksOf({ pod }: Workload, pulled: readonly Pulled[], estimates: EstimateMemory): readonly PullTask[] {
  const known = new Map(pulled.map((image) => [image.image.image, image.pulled]));
  const tasks: (PullTask & { readonly turn: number })[] = [];
  for (const { image, pullPolicy, role } of pod.images) {
    const found = known.get(image);
    const resolved = found?.attempt.image;
    if (found === undefined || resolved === undefined || pullPolicy === "Never") continue;
    const layers = estimates.layersOf(resolved.layers);
    const registry = found.reference.domain;
    tasks.push({ image, registry, layers, pullPolicy, blocks: role === "initContainer", turn: turn[role] });
  }
  return tasks.sort((a, b) => a.turn - b.turn);
}

function timeAdvice(
  knowledge: PullKnowledge & { readonly estimates: EstimateMemory },
  { workload, candidates, images }: AdviceQuestion,
  tasks: readonly PullTask[],
): TimeAdvice {
  const found = new Map<string, Advisory>();
  const throughputOf = throughputsOf(knowledge, images);
  const cluster = wholeCluster(candidates);
  const pods = podsOnNode(workload, cluster.length);
  const free = freeNodes(knowledge, workload, cluster);
  let longest = 0;
  for (const { profile, nodes = [] } of candidates) {
    const considered = free === undefined ? nodes : nodes.filter((node) => free.has(node.name));
    if (nodes.length > 0 && considered.length === 0) continue;
    const place = busiestNode(knowledge, considered, tasks, images);
    const { advisories, pullMs } = nodeTimeAdvice(workload, {
      ...{ profile, tasks, place, throughputOf, podsOnNode: pods, estimates: knowledge.estimates },
    });
    longest = Math.max(longest, pullMs);
    for (const advisory of [...advisories, ...(place === undefined ? [] : diskAdvice(profile, place))]) {
      if (!found.has(advisory.cause)) found.set(advisory.cause, advisory);
    }
  }
  return { advisories: [...found.values()], pullMs: longest };
}

interface TimeAdvice {
  readonly advisories: readonly Advisory[];
  /** Until a Pod has its images. */
  readonly pullMs: number;
}

/** The nodes on which nothing waits, where these are enough for every Pod: a queue that may be avoided is not told of. */
function freeNodes(
  { queue }: PullKnowledge,
  { pod, rollout }: Workload,
  cluster: readonly NodeState[],
): ReadonlySet<string> | undefined {
  const scale = rollout?.scale ?? 1;
  if (queue === undefined || scale === "each-node" || pod.nodeName !== undefined) return undefined;
  const free = cluster.filter(({ name }) => queue.queuedOn(name).length === 0);
  return free.length === cluster.length || free.length < scale ? undefined : new Set(free.map(({ name }) => name));
}

/** Every node that the Pods may land on; none where these are not known. */
function wholeCluster(candidates: readonly NodeCandidates[]): readonly NodeState[] {
  if (candidates.some(({ nodes, nodesAreSample }) => nodes === undefined || nodesAreSample === true)) return [];
  return [...new Map(candidates.flatMap(({ nodes }) => nodes ?? []).map((node) => [node.name, node])).values()];
}

/** The node that has most to do until it holds the images. */
interface Place {
  readonly node: NodeState;
  readonly presentImages: ReadonlySet<string>;
  readonly presentLayers: ReadonlySet<string>;
  readonly lackingBytes: number;
  readonly queued: readonly QueuedPod[];
}

function busiestNode(
  { layers, queue }: PullKnowledge,
  nodes: readonly NodeState[],
  tasks: readonly PullTask[],
  images: readonly JudgedImage[],
): Place | undefined {
  let busiest: { readonly place: Place; readonly bytes: number } | undefined;
  for (const node of nodes.slice(0, maxNodesLookedAt)) {
    const presentImages = new Set(
      images.filter(({ judgement }) => judgement.heldBy?.includes(node.name)).map(({ image }) => image.image),
    );
    const presentLayers = layers?.layersOn(node) ?? new Set<string>();
    const lacking = lackingBytes(tasks, presentImages, presentLayers);
    const queued = queue?.queuedOn(node.name) ?? [];
    const bytes = lacking + queued.flatMap((pod) => pod.images).reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
    const place = { node, presentImages, presentLayers, lackingBytes: lacking, queued };
    if (busiest === undefined || bytes > busiest.bytes) busiest = { place, bytes };
  }
  return busiest?.place;
}

/** Evenly spread, as the scheduler does by default; without listed nodes nobody knows how many meet. */
function podsOnNode({ pod, rollout }: Workload, nodeCount: number): number {
  const scale = rollout?.scale ?? 1;
  if (scale === "each-node" || rollout?.oneByOne === true) return 1;
  if (pod.nodeName !== undefined) return Math.max(1, scale);
  return nodeCount === 0 ? 1 : Math.max(1, Math.ceil(scale / nodeCount));
}

interface NodePulls {
  readonly profile: NodeProfile;
  readonly tasks: readonly PullTask[];
  readonly place: Place | undefined;
  readonly podsOnNode: number;
  readonly throughputOf: EstimateInput["throughputOf"];
  readonly estimates: EstimateMemory;
}

/** By the host that served each registry's images just now; others, of Pods in the queue, are asked for by name. */
function throughputsOf({ throughput }: PullKnowledge, images: readonly JudgedImage[]): EstimateInput["throughputOf"] {
  const hosts = new Map<string, string>();
  for (const { judgement } of images) {
    if (judgement.pulled === undefined) continue;
    hosts.set(judgement.pulled.reference.domain, judgement.pulled.attempt.via.address);
  }
  return (registry) => throughput?.throughputOf(registry, hosts.get(registry) ?? registry);
}

function nodeTimeAdvice(workload: Workload, pulls: NodePulls): TimeAdvice {
  const { profile, tasks, place, throughputOf, podsOnNode: pods } = pulls;
  const rules = pullRules(profile.kubelet);
  const deadline = deadlineOf(workload);
  const queued = queuedTasks(place?.queued ?? []);
  const mayThrottle = rules.qps > 0 && pods * tasks.length > rules.burst;
  const mayWait = queued.length > 0;
  const presentImages = place?.presentImages ?? new Set<string>();
  const presentLayers = place?.presentLayers ?? new Set<string>();
  const idleMs = longestMs({ tasks, presentImages, presentLayers, throughputOf });
  if (!mayThrottle && !mayWait && idleMs <= deadline.seconds * 1000) return { advisories: [], pullMs: idleMs };
  const estimate = pulls.estimates.estimate({
    tasks,
    podsOnNode: pods,
    queued,
    rules,
    presentImages,
    presentLayers,
    throughputOf,
    ...(profile.settings.maxConcurrentDownloads === undefined
      ? {}
      : { maxConcurrentDownloads: profile.settings.maxConcurrentDownloads }),
  });
  const advisories = adviseTime({
    estimate,
    rules,
    deadline,
    podsOnNode: pods,
    images: new Set(tasks.map(({ image }) => image)).size,
    queuedPods: queued.length,
    ...(place === undefined ? {} : { node: place.node.name }),
  });
  return { advisories, pullMs: estimate.totalMs };
}

function deadlineOf({ rollout }: Workload): PullDeadline {
  const { progressDeadlineSeconds, activeDeadlineSeconds } = rollout ?? {};
  if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds > 0) {
    return { seconds: progressDeadlineSeconds, field: "progressDeadlineSeconds" };
  }
  if (activeDeadlineSeconds !== undefined && activeDeadlineSeconds > 0) {
    return { seconds: activeDeadlineSeconds, field: "activeDeadlineSeconds" };
  }
  return noDeadline;
}

/** A Pod in the queue as tasks: one layer an image, as nothing more is known of it. */
function queuedTasks(queued: readonly QueuedPod[]): readonly (readonly PullTask[])[] {
  const pods = queued.map(({ images }) =>
    images.flatMap(({ image, sizeBytes }): readonly PullTask[] => {
      const parsed = parseReference(image, "current");
      if (sizeBytes === undefined || parsed.kind !== "reference") return [];
      const layers = [{ digest: `image ${image}`, bytes: sizeBytes }];
      return [{ image, registry: parsed.reference.domain, layers, pullPolicy: "IfNotPresent", blocks: false }];
    }),
  );
  return pods.filter((tasks) => tasks.length > 0);
}

function diskAdvice({ runtime, kubelet }: NodeProfile, { node, lackingBytes: lacking }: Place): readonly Advisory[] {
  if (node.ephemeralStorageBytes === undefined) return [];
  const { imageGcHighThresholdPercent } = kubelet;
  const advisory = adviseDisk({
    node: node.name,
    lackingBytes: lacking,
    keepsPacked: runtime.name === "containerd",
    storageBytes: node.ephemeralStorageBytes,
    imagesBytes: node.images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...(imageGcHighThresholdPercent === undefined ? {} : { gcHighThresholdPercent: imageGcHighThresholdPercent }),
  });
  return advisory === undefined ? [] : [advisory];
}

/** One advisory a registry, with the first image that comes from it. */
function rateLimitAdvice(
  { rateLimits }: PullKnowledge,
  { workload, candidates }: AdviceQuestion,
  pulled: readonly (Pulled & { readonly index: number })[],
): readonly { readonly index: number; readonly advisory: Advisory }[] {
  if (rateLimits === undefined) return [];
  const nodes = wholeCluster(candidates);
  const byRegistry = new Map<string, (Pulled & { readonly index: number })[]>();
  for (const image of pulled) {
    const key = `${image.pulled.attempt.via.address} ${image.pulled.identity}`;
    byRegistry.set(key, [...(byRegistry.get(key) ?? []), image]);
  }
  return [...byRegistry.values()].flatMap((images) => {
    const [first] = images;
    if (first === undefined) return [];
    const { attempt, identity } = first.pulled;
    const reading = rateLimits.readingFor(attempt.via.address, identity);
    if (reading === undefined) return [];
    const needed = images.reduce((sum, { judgement }) => sum + pullsOf(workload, nodes, judgement.heldBy ?? []), 0);
    const spared = images.some((image) => image.pulled.attempt.unread === "rate-limit");
    const advisory = adviseRateLimit({ registry: attempt.via.address, reading, needed, spared });
    return advisory === undefined ? [] : [{ index: first.index, advisory }];
  });
}

/** Each node needs an image once, and no more nodes do than there are Pods; a HEAD for what is there costs nothing. */
function pullsOf({ rollout }: Workload, nodes: readonly NodeState[], heldBy: readonly string[]): number {
  const scale = rollout?.scale ?? 1;
  const lacking = nodes.length === 0 ? Infinity : nodes.length - heldBy.length;
  if (scale === "each-node") return Number.isFinite(lacking) ? lacking : 1;
  return Math.min(scale, lacking);
}
