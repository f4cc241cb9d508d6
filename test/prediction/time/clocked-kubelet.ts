import type { Scenario, SimulatedPull, SimulatedUse, SimulationResult } from "../../../src/prediction/index.js";

/**
 * The kubelet once more, written a second time from its source to check the simulator against: a clock that ticks, and for
 * each Pod a coroutine that reads like the kubelet's goroutine. It shares only the shapes of question and answer with the
 * simulator.
 *
 * Rules followed, Kubernetes 1.36.2 unless named otherwise:
 * - R1 a Pod's images one after another, init containers end the round when they fail: kuberuntime_manager.go `SyncPod`
 * - R2 a failed round is repeated after 10 s and up to half of it more, at the next full second: pod_workers.go
 *   `completeWork`, kubelet.go `syncTicker`
 * - R3 present and IfNotPresent: no pull; then the back-off; then the pull: images/image_manager.go `EnsureImageExists`
 * - R4 back-off for Pod and image: 10 s doubling to 300 s, forgotten after more than 600 s, kept by a success:
 *   client-go util/flowcontrol/backoff.go
 * - R5 one worker and a first-in-first-out channel, or as many places as maxParallelImagePulls: images/puller.go
 * - R6 a token for each call of the runtime, taken when the call is made, refused without waiting: images/helpers.go,
 *   golang.org/x/time/rate
 */
export function clockedKubelet(scenario: Scenario, stepMs: number): SimulationResult {
  const pulls: SimulatedPull[] = [];
  const nodes = scenario.nodes.map((_, index) => new Node(scenario, index, stepMs, pulls));
  for (const node of nodes) node.siblings = nodes;
  const pods = scenario.pods.map((pod, index) => new PodRunner(scenario, index, pod.group, nodes[pod.node] as Node));
  for (let nowMs = 0; nowMs <= scenario.untilMs; nowMs += stepMs) {
    for (const node of nodes) for (const pull of node.tick(nowMs)) pods[pull.pod]?.resume(nowMs, pull);
    while (wake(scenario, pods, nowMs));
    for (const node of nodes) {
      for (let refused = node.serve(nowMs); refused !== undefined; refused = node.serve(nowMs)) {
        pods[refused.pod]?.resume(nowMs, refused);
      }
    }
    if (pods.every(({ times }) => times.pulledMs !== undefined)) break;
  }
  return { pulls, pods: pods.map(({ times }) => times) };
}

/** Lets new Pods in as far as their groups allow, then resumes whose time has come; false where nobody's has. */
function wake(scenario: Scenario, pods: readonly PodRunner[], nowMs: number): boolean {
  for (const [group, { startMs, maxStarting }] of scenario.groups.entries()) {
    const own = pods.filter((pod) => pod.group === group);
    const busy = own.filter(({ times }) => times.startedMs !== undefined && times.pulledMs === undefined);
    const waiting = own.filter(({ times }) => times.startedMs === undefined);
    const free = startMs > nowMs ? 0 : maxStarting - busy.length;
    for (const pod of waiting.slice(0, Math.min(free, waiting.length))) pod.start(nowMs);
  }
  const due = pods.filter((pod) => pod.wakesMs <= nowMs);
  for (const pod of due) pod.resume(nowMs);
  return due.length > 0;
}

class PodRunner {
  readonly times: { startedMs?: number; pulledMs?: number } = {};
  readonly index: number;
  readonly group: number;
  wakesMs = Infinity;
  readonly #node: Node;
  readonly #loop: Generator<Wish, void, News>;

  constructor(scenario: Scenario, index: number, group: number, node: Node) {
    this.index = index;
    this.group = group;
    this.#node = node;
    this.#loop = podLoop(scenario, index, node);
    this.#loop.next({ nowMs: 0 });
  }

  start(nowMs: number): void {
    this.times.startedMs = nowMs;
    this.wakesMs = nowMs;
  }

  resume(nowMs: number, answer?: SimulatedPull): void {
    const next = this.#loop.next({ nowMs, ...(answer === undefined ? {} : { answer }) });
    this.wakesMs = Infinity;
    if (next.done === true) this.times.pulledMs = nowMs;
    else if (next.value.kind === "sleep") this.wakesMs = next.value.untilMs;
    else this.#node.channel.push({ pod: this.index, image: next.value.image, askedMs: nowMs });
  }
}

type Wish = { readonly kind: "sleep"; readonly untilMs: number } | { readonly kind: "pull"; readonly image: string };
interface News {
  readonly nowMs: number;
  readonly answer?: SimulatedPull;
}

/** R1 and R2. The first `next` only brings it to its start. */
function* podLoop(scenario: Scenario, index: number, node: Node): Generator<Wish, void, News> {
  const started = new Set<SimulatedUse>();
  const pauses = new Pauses();
  const uses = scenario.pods[index]?.uses ?? [];
  let { nowMs } = yield { kind: "sleep", untilMs: Infinity };
  for (let round = 0; ; round += 1) {
    for (const use of uses.filter((candidate) => !started.has(candidate))) {
      const end = yield* ensureImage(use, node, pauses, nowMs);
      nowMs = end.nowMs;
      if (end.isThere) started.add(use);
      else if (use.blocks) break;
    }
    if (uses.every((use) => started.has(use))) return;
    const due = nowMs + 10_000 + 10_000 * scenario.syncJitter(index, round);
    ({ nowMs } = yield { kind: "sleep", untilMs: Math.ceil(due / 1000) * 1000 });
  }
}

/** R3. */
function* ensureImage(use: SimulatedUse, node: Node, pauses: Pauses, nowMs: number) {
  if (use.pullPolicy === "IfNotPresent" && node.images.has(use.image)) return { nowMs, isThere: true };
  if (pauses.isOn(use.image, nowMs)) return { nowMs, isThere: false };
  const news: News = yield { kind: "pull", image: use.image } as const;
  const isThere = news.answer?.outcome === "pulled";
  if (!isThere) pauses.lengthen(use.image, news.nowMs);
  return { nowMs: news.nowMs, isThere };
}

/** R4. */
class Pauses {
  readonly #pauses = new Map<string, { readonly seconds: number; readonly sinceMs: number }>();

  isOn(image: string, nowMs: number): boolean {
    const pause = this.#remembered(image, nowMs);
    return pause !== undefined && nowMs < pause.sinceMs + pause.seconds * 1000;
  }

  lengthen(image: string, nowMs: number): void {
    const seconds = Math.min(300, (this.#remembered(image, nowMs)?.seconds ?? 5) * 2);
    this.#pauses.set(image, { seconds, sinceMs: nowMs });
  }

  #remembered(image: string, nowMs: number) {
    const pause = this.#pauses.get(image);
    return pause === undefined || nowMs - pause.sinceMs > 600_000 ? undefined : pause;
  }
}

interface Call {
  readonly pod: number;
  readonly image: string;
  readonly askedMs: number;
}
interface Running extends Call {
  readonly startedMs: number;
  /** Names of layers that it waits for, in order. */
  wants: { digest: string; left: number; mine: boolean; unpackMs: number }[];
  resolved: boolean;
}

/** R5 and R6, and a runtime that moves bytes at every tick. */
class Node {
  readonly channel: Call[] = [];
  readonly images: Set<string>;
  readonly #have: Set<string>;
  readonly #coming = new Set<string>();
  #running: Running[] = [];
  /** Thousandths of a token: whole numbers, as qps tokens a second are qps thousandths a millisecond. */
  #milliTokens: number;
  #filledMs = 0;

  /** Set by the loop above where nodes share a registry's bandwidth. */
  siblings: readonly Node[] = [this];
  readonly scenario: Scenario;
  readonly index: number;
  readonly stepMs: number;
  readonly log: SimulatedPull[];

  constructor(scenario: Scenario, index: number, stepMs: number, log: SimulatedPull[]) {
    this.scenario = scenario;
    this.index = index;
    this.stepMs = stepMs;
    this.log = log;
    const { rules, presentImages, presentLayers } = this.#node;
    this.images = new Set(presentImages);
    this.#have = new Set(presentLayers);
    this.#milliTokens = rules.burst * 1000;
  }

  get #node() {
    const node = this.scenario.nodes[this.index];
    if (node === undefined) throw new Error("no such node");
    return node;
  }

  /** Layers under way on this node; for the registry's share every node's are counted. */
  flows(): readonly { digest: string; left: number; registry: string }[] {
    const found: { digest: string; left: number; registry: string }[] = [];
    for (const running of this.#running) {
      const image = this.#image(running.image);
      const mine = running.wants.filter(({ mine: own, left }) => own && left > 0);
      for (const want of mine.slice(0, this.#node.maxDownloads))
        found.push(Object.assign(want, { registry: image.registry }));
    }
    return found;
  }

  /** What ends at this tick, in the order in which it began. */
  tick(nowMs: number): readonly SimulatedPull[] {
    const ended: SimulatedPull[] = [];
    this.#transfer();
    for (const running of this.#running) {
      const image = this.#image(running.image);
      if (nowMs < running.startedMs + image.resolveMs) continue;
      if (!running.resolved) {
        running.resolved = true;
        if (running.startedMs >= (image.failsUntilMs ?? 0)) this.#want(running);
        else ended.push(this.#over(running, nowMs, "failed"));
      }
      this.#unpack(running);
      const isOver = ended.some(({ pod }) => pod === running.pod);
      if (!isOver && running.wants.length === 0) ended.push(this.#over(running, nowMs, "pulled"));
    }
    this.#running = this.#running.filter(({ pod }) => !ended.some((pull) => pull.pod === pod));
    for (const pull of ended) if (pull.outcome === "pulled") this.images.add(pull.image);
    return ended;
  }

  /** Starts what may start; a refusal ends the call of this function, so that the Pod can go on. */
  serve(nowMs: number): SimulatedPull | undefined {
    const { rules } = this.#node;
    this.#milliTokens = Math.min(rules.burst * 1000, this.#milliTokens + rules.qps * (nowMs - this.#filledMs));
    this.#filledMs = nowMs;
    const places = rules.serialized ? 1 : rules.maxParallel;
    while (this.#running.length < places) {
      const call = this.channel.shift();
      if (call === undefined) return undefined;
      const running = { ...call, startedMs: nowMs, wants: [], resolved: false };
      if (rules.qps > 0 && this.#milliTokens < 1000) return this.#over(running, nowMs, "throttled");
      if (rules.qps > 0) this.#milliTokens -= 1000;
      this.#running.push(running);
    }
    return undefined;
  }

  #want(running: Running): void {
    const { unpackBytesPerSecond } = this.#node;
    for (const { digest, bytes } of this.#image(running.image).layers) {
      if (this.#have.has(digest)) continue;
      const mine = !this.#coming.has(digest);
      this.#coming.add(digest);
      running.wants.push({ digest, left: mine ? bytes : 0, mine, unpackMs: (bytes / unpackBytesPerSecond) * 1000 });
    }
  }

  #transfer(): void {
    const { bytesPerSecond } = this.#node;
    const flows = this.flows();
    for (const flow of flows) {
      const all = this.siblings.reduce(
        (sum, node) => sum + node.flows().filter((f) => f.registry === flow.registry).length,
        0,
      );
      const given = this.scenario.registryBytesPerSecond.get(flow.registry) ?? Infinity;
      flow.left -= (Math.min(bytesPerSecond / flows.length, given / Math.max(1, all)) * this.stepMs) / 1000;
    }
  }

  #unpack(running: Running): void {
    let spentMs = this.stepMs;
    for (;;) {
      const [first] = running.wants;
      if (first === undefined) return;
      if (this.#have.has(first.digest)) {
        running.wants.shift();
        continue;
      }
      if (!first.mine || first.left > 0) return;
      const takenMs = Math.min(spentMs, first.unpackMs);
      first.unpackMs -= takenMs;
      spentMs -= takenMs;
      if (first.unpackMs > 0) return;
      this.#have.add(first.digest);
    }
  }

  #over({ pod, image, askedMs, startedMs }: Running, nowMs: number, outcome: SimulatedPull["outcome"]): SimulatedPull {
    const pull = { pod, image, askedMs, startedMs, endedMs: nowMs, outcome };
    this.log.push(pull);
    return pull;
  }

  #image(name: string) {
    const image = this.scenario.images.find((candidate) => candidate.name === name);
    if (image === undefined) throw new Error("no such image");
    return image;
  }
}
