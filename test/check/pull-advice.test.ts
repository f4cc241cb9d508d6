import assert from "node:assert/strict";
import { type AdviceQuestion, advisePulls, type PullKnowledge } from "../../src/check/pull-advice.js";
import type { NodeState } from "../../src/node/index.js";
import { parseRuntime, unseenNodeProfile } from "../../src/node/index.js";
import { distinctImages, readWorkloads } from "../../src/workload/index.js";
import { registryHost } from "../support/builders.js";

const gigabyte = 1e9;
const fast: NonNullable<PullKnowledge["throughput"]> = {
  throughputOf: () => ({ bytesPerSecond: 1e8, source: "kubelet", samples: 5 }),
};

interface Given {
  readonly kind?: string;
  readonly spec?: object;
  readonly pod?: object;
  readonly images?: Readonly<Record<string, number>>;
  readonly nodes?: readonly Partial<NodeState>[];
  readonly kubelet?: object;
  readonly knowledge?: PullKnowledge;
  readonly unread?: true;
}

function ask(
  given: Given,
  onEstimate?: (pullMs: number) => void,
): readonly { readonly cause: string; readonly message: string; readonly fix: string | null }[] {
  const images = given.images ?? { "reg.test/app:v1": gigabyte };
  const [workload] = readWorkloads({
    apiVersion: given.kind === "Job" ? "batch/v1" : "apps/v1",
    kind: given.kind ?? "Deployment",
    metadata: { name: "web", namespace: "shop" },
    spec: {
      ...given.spec,
      template: {
        spec: { ...given.pod, containers: Object.keys(images).map((image, index) => ({ name: `c${index}`, image })) },
      },
    },
  });
  assert.ok(workload !== undefined);
  const nodes = given.nodes?.map(
    (node, index): NodeState => ({ name: `n${index}`, labels: {}, images: [], imagesAreComplete: true, ...node }),
  );
  const profile = {
    ...unseenNodeProfile({ runtime: parseRuntime("containerd://2.2.7") }),
    kubelet: given.kubelet ?? {},
  };
  const question: AdviceQuestion = {
    workload,
    candidates: [{ profile, where: "x", ...(nodes === undefined ? {} : { nodes }) }],
    images: distinctImages(workload).map((image) => ({
      image,
      judgement: {
        reference: image.image,
        digest: null,
        verdict: "pullable",
        cause: null,
        kubeletReason: null,
        message: "",
        fix: null,
        pulled: {
          reference: { written: image.image, domain: "reg.test", path: "x", tag: "v1" },
          identity: "anonymous",
          attempt: {
            kind: "pulled",
            digest: "sha256:x",
            mediaType: "m",
            via: registryHost("reg.test"),
            ...(given.unread === true
              ? { unread: "rate-limit" as const }
              : {
                  image: {
                    manifestDigest: "sha256:x",
                    config: { mediaType: "c", digest: "sha256:c", sizeBytes: 1 },
                    layers: [{ mediaType: "l", digest: `sha256:${image.image}`, sizeBytes: images[image.image] ?? 0 }],
                  },
                }),
          },
        },
      },
    })),
  };
  return [...advisePulls(given.knowledge ?? { throughput: fast }, question, onEstimate).values()].flat();
}

const many = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`reg.test/i${index}:v1`, 1000]));
const queue = (pods: number, sizeBytes: number): PullKnowledge => ({
  throughput: fast,
  queue: {
    queuedOn: () => Array.from({ length: pods }, (_, i) => ({ images: [{ image: `reg.test/q${i}:v1`, sizeBytes }] })),
  },
});
/** Nodes of these positions have a long queue. */
const queueOn = (...nodes: readonly number[]): PullKnowledge => {
  const long = queue(5, 3 * gigabyte).queue;
  return {
    throughput: fast,
    queue: { queuedOn: (name) => (nodes.includes(Number(name.slice(1))) ? (long?.queuedOn(name) ?? []) : []) },
  };
};
const remaining = (left: number): PullKnowledge => ({
  rateLimits: { readingFor: () => ({ remaining: left, limit: 100, windowSeconds: 21_600 }) },
});

describe("advice about pulls", () => {
  const cases: { name: string; given: Given; want: readonly string[]; message?: RegExp; fix?: RegExp }[] = [
    { name: "is none for an ordinary image", given: {}, want: [] },
    {
      name: "is none where nothing is known and 1 Gbit/s would do",
      given: { images: { "reg.test/a:1": 20 * gigabyte }, knowledge: {} },
      want: [],
    },
    {
      name: "warns of an image that not even 1 Gbit/s brings before the default deadline",
      given: { images: { "reg.test/a:1": 90 * gigabyte }, knowledge: {} },
      want: ["PullTooSlow"],
      message:
        /84 GiB takes about .* longer than progressDeadlineSeconds \(600 s\); assuming reg\.test gives 1 Gbit\/s/,
      fix: /--serialize-image-pulls=false, and --registry-qps and --registry-burst/,
    },
    {
      name: "warns of a Deployment's own deadline",
      given: { spec: { progressDeadlineSeconds: 60 }, images: { "reg.test/a:1": 10 * gigabyte } },
      want: ["PullTooSlow"],
      message: /progressDeadlineSeconds \(60 s\)/,
      fix: /Set progressDeadlineSeconds to 180 or more/,
    },
    {
      name: "warns of a Job's deadline",
      given: { kind: "Job", spec: { activeDeadlineSeconds: 30 }, images: { "reg.test/a:1": 10 * gigabyte } },
      want: ["PullTooSlow"],
      message: /activeDeadlineSeconds/,
    },
    {
      name: "warns of a long queue where pulls are serialized, and names the setting",
      given: { nodes: [{}], knowledge: queue(5, 3 * gigabyte) },
      want: ["PullQueued"],
      message: /waits about 2 min 33 s on n0 for the images of 5 other Pods/,
      fix: /--serialize-image-pulls=false/,
    },
    {
      name: "is none for a queue that the Pods may avoid",
      given: { spec: { replicas: 2 }, nodes: [{}, {}, {}], knowledge: queueOn(1) },
      want: [],
    },
    {
      name: "warns of the queue that one of the Pods will meet",
      given: { spec: { replicas: 3 }, nodes: [{}, {}, {}], knowledge: queueOn(1) },
      want: ["PullQueued"],
      message: /on n1 for the images of 5 other Pods/,
    },
    {
      name: "warns of a queue on the node that the Pod is bound to",
      given: { pod: { nodeName: "n1" }, nodes: [{}, {}, {}], knowledge: queueOn(1) },
      want: ["PullQueued"],
    },
    {
      name: "is none for a queue where pulls are parallel",
      given: { nodes: [{}], kubelet: { serializeImagePulls: false }, knowledge: queue(5, 3 * gigabyte) },
      want: [],
    },
    { name: "is none for a short queue", given: { nodes: [{}], knowledge: queue(2, gigabyte) }, want: [] },
    {
      name: "warns of more Pods on one node than the kubelet's limit allows at once",
      given: { spec: { replicas: 40 }, nodes: [{}, {}], kubelet: { serializeImagePulls: false } },
      want: ["PullThrottled"],
      message:
        /20 Pods with 1 image on n0 .*registryPullQPS 5, registryBurst 10.*about 10 fail with "pull QPS exceeded"/,
      fix: /--registry-qps, --registry-burst/,
    },
    {
      name: "is none for them where pulls are serialized",
      given: { spec: { replicas: 40 }, nodes: [{}, {}] },
      want: [],
    },
    {
      name: "is none for them where nobody knows the nodes",
      given: { spec: { replicas: 40 }, kubelet: { serializeImagePulls: false } },
      want: [],
    },
    {
      name: "is none for them where there is no limit",
      given: { spec: { replicas: 40 }, nodes: [{}], kubelet: { serializeImagePulls: false, registryPullQps: 0 } },
      want: [],
    },
    {
      name: "is none for a Pod of many images, which come one after another",
      given: { images: many(15), nodes: [{}], kubelet: { serializeImagePulls: false } },
      want: [],
    },
    {
      name: "warns of a Pod of many images where one in five seconds is allowed",
      given: { images: many(3), nodes: [{}], kubelet: { registryPullQps: 1, registryBurst: 1 } },
      want: ["PullThrottled"],
    },
    {
      name: "warns of a disk that is too small",
      given: { nodes: [{ ephemeralStorageBytes: 2 * gigabyte }] },
      want: ["NodeDiskTooSmall"],
      message: /on n0, which has 1\.9 GiB/,
    },
    {
      name: "warns of garbage collection",
      given: { nodes: [{ ephemeralStorageBytes: 9 * gigabyte, images: [{ names: [], sizeBytes: 6 * gigabyte }] }] },
      want: ["NodeDiskTooSmall"],
      message: /above 85 %/,
    },
    { name: "is none for a disk that has room", given: { nodes: [{ ephemeralStorageBytes: 9 * gigabyte }] }, want: [] },
    {
      name: "warns of a rollout that needs more pulls than are left",
      given: { spec: { replicas: 200 }, knowledge: remaining(12) },
      want: ["RateLimitNear"],
      message: /needs up to 200 pulls from reg\.test, 12 of 100 in 6 h remain/,
    },
    {
      name: "counts nodes, not Pods, where these are fewer",
      given: { spec: { replicas: 200 }, nodes: [{}, {}, {}], knowledge: remaining(12) },
      want: [],
    },
    {
      name: "tells that Pullguard itself has spared a pull",
      given: { unread: true, knowledge: remaining(12) },
      want: ["RateLimitNear"],
      message: /only its name looked up by HEAD/,
    },
  ];
  for (const { name, given, want, message, fix } of cases) {
    it(name, () => {
      const found = ask(given);
      assert.deepEqual(
        found.map(({ cause }) => cause),
        want,
        JSON.stringify(found),
      );
      if (message !== undefined) assert.match(found[0]?.message ?? "", message);
      if (fix !== undefined) assert.match(found[0]?.fix ?? "", fix);
    });
  }
});

describe("the time that pulls take", () => {
  const told = (given: Given): readonly number[] => {
    const estimates: number[] = [];
    ask(given, (pullMs) => estimates.push(Math.round(pullMs)));
    return estimates;
  };
  const held = (digest: string): PullKnowledge => ({
    throughput: fast,
    layers: { remember: () => undefined, layersOn: () => new Set([digest]), sizeOf: () => undefined },
  });
  const oneGigabyteMs = 500 + 10_000 + Math.round(1e12 / 120e6);
  const cases: { name: string; given: Given; want: readonly number[] }[] = [
    { name: "is told once for a workload, also where nothing is amiss", given: {}, want: [oneGigabyteMs] },
    { name: "is told for the slowest node", given: { nodes: [{}, {}] }, want: [oneGigabyteMs] },
    {
      name: "leaves out layers that are there",
      given: { nodes: [{}], knowledge: held("sha256:reg.test/app:v1") },
      want: [500],
    },
    { name: "is not told where no size is known", given: { unread: true }, want: [] },
    {
      name: "is as simulated where a queue is waited for, and unpacking goes with the nodes' own pulls",
      given: { nodes: [{}], knowledge: queue(5, 3 * gigabyte) },
      want: [5 * 30_500 + 10_500],
    },
  ];
  for (const { name, given, want } of cases) {
    it(name, () => assert.deepEqual(told(given), want));
  }
});
