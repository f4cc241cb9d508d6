import { systemClock as clock } from "../src/bin/system.js";
import { type CheckDeps, createCheck } from "../src/check/index.js";
import type { Clock } from "../src/core/index.js";
import { inMemorySecretSource, pullSecretFromObject } from "../src/credentials/index.js";
import { candidateProfiles, fixedNodes, type NodeSource, parseRuntime } from "../src/node/index.js";
import { parsePlatform, sha256Digest } from "../src/oci/index.js";
import { coverNodes, placeOn } from "../src/placement/index.js";
import { createPredictor, type Predictor } from "../src/prediction/index.js";
import type { Exchange, ExchangeRequest, RegistrySession } from "../src/registry/index.js";
import { readWorkloads } from "../src/workload/index.js";
import { benchUser } from "./bench-user.js";

/** What grows. */
export type Growing = "answers" | "secrets" | "nodes" | "profiles" | "images";

export interface GrowthOrder {
  readonly growing: Growing;
  readonly size: number;
  /** How often the work is done, of which the shortest time is told: by default thrice, or once where it takes long. */
  readonly rounds?: number;
}

/** What one size took: the work that grows with it, and memory that is held afterwards. */
export interface GrowthPoint {
  readonly elapsedMs: number;
  /** Of the JavaScript heap, above what was held before. */
  readonly heapBytes: number;
  /** Resident in all. */
  readonly residentBytes: number;
}

const identityKey = new Uint8Array(32).fill(7);
const platform = parsePlatform("linux/amd64");
const runtime = parseRuntime("containerd://1.7.13");
const profiles = candidateProfiles({ runtime, platform });
const namespace = "shop";

/** From this size on the work takes long enough to be measured once. */
const largeSize = 5_000;

/** Does the work of one size, more than once so that a busy machine counts less. */
export async function growthOf({
  growing,
  size,
  rounds = size > largeSize ? 1 : 3,
}: GrowthOrder): Promise<GrowthPoint> {
  await steps[growing](Math.min(size, 200));
  const before = settledHeap();
  let elapsedMs = Number.POSITIVE_INFINITY;
  let kept: unknown;
  for (let round = 0; round < rounds; round += 1) {
    kept = undefined;
    const { prepare, work } = await steps[growing](size);
    const startMs = performance.now();
    await work();
    elapsedMs = Math.min(elapsedMs, performance.now() - startMs);
    kept = prepare;
  }
  const heapBytes = settledHeap() - before;
  const residentBytes = process.memoryUsage.rss();
  if (kept === undefined) throw new Error("nothing was kept");
  return { elapsedMs, heapBytes, residentBytes };
}

/** Something that is held on to, and the work that is measured with it. */
interface Step {
  readonly prepare: unknown;
  work(): Promise<unknown>;
}

function settledHeap(): number {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("start with --expose-gc");
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

const steps: Readonly<Record<Growing, (size: number) => Promise<Step>>> = {
  answers: async (size) => {
    let laterMs = 0;
    const predictor = benchPredictor({ ...clock, nowMs: () => clock.nowMs() + laterMs });
    const check = checkWith({ predictor });
    const ask = () => inBatches(size, (at) => check(podOf([`reg.test/app-${at}:v1`])));
    return {
      prepare: { predictor, check },
      work: async () => {
        await ask();
        // Tags are looked up again after a minute, and what they are then remembered by is not to take more.
        laterMs += 61_000;
        await ask();
      },
    };
  },
  images: async (size) => {
    const check = checkWith({ predictor: benchPredictor() });
    const images = Array.from({ length: size }, (_, index) => `reg.test/app-${index}:v1`);
    const pod = podOf(images);
    await check(pod);
    return { prepare: check, work: () => check(pod) };
  },
  secrets: async (size) => {
    const names = Array.from({ length: size }, (_, index) => `team-${index}`);
    const secrets = inMemorySecretSource({
      secrets: names.map((name) => secretOf(name)),
      serviceAccounts: names.map((name) => ({ namespace: name, name: "default", imagePullSecrets: ["login"] })),
      absent: { kind: "not-found" },
    });
    const check = checkWith({ predictor: benchPredictor(), secrets });
    const work = () => inBatches(size, (at) => check({ ...podOf(["reg.test/app:v1"]), namespace: names[at] ?? "" }));
    return { prepare: { secrets, check }, work };
  },
  nodes: async (size) => clusterStep(size, 1),
  profiles: async (size) => clusterStep(1000, size),
};

async function inBatches(size: number, run: (at: number) => Promise<unknown>): Promise<void> {
  const batch = 50;
  for (let first = 0; first < size; first += batch) {
    await Promise.all(Array.from({ length: Math.min(batch, size - first) }, (_, index) => run(first + index)));
  }
}

/** Nodes of so many kinds, and 200 reviews that may land on any of them. */
async function clusterStep(nodeCount: number, kinds: number): Promise<Step> {
  const check = checkWith({ predictor: benchPredictor(), nodes: clusterOf(nodeCount, kinds) });
  const pod = podOf(["reg.test/app:v1"]);
  await check(pod);
  return { prepare: check, work: () => inBatches(200, () => check(pod)) };
}

function clusterOf(nodeCount: number, kinds: number): NodeSource {
  const versions = Array.from({ length: kinds }, (_, kind) => `containerd://1.7.${kind}`);
  const known = new Map(
    versions.map((version) => [version, candidateProfiles({ runtime: parseRuntime(version), platform })]),
  );
  const nodes = Array.from({ length: nodeCount }, (_, index) => ({
    state: {
      name: `node-${index}`,
      labels: { "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", pool: `p${index % kinds}` },
      images: [],
      imagesAreComplete: true,
    },
    taints: [],
    unschedulable: false,
    programs: { runtime: versions[index % kinds] ?? "", platform },
  }));
  const pools = coverNodes(nodes, [], new Map(), {
    nowMs: 0,
    unseenFor: (programs) => known.get(programs.runtime ?? "") ?? profiles,
    profileFor: () => profiles,
  });
  return placeOn(pools, profiles);
}

interface Asked {
  readonly images: readonly string[];
  readonly namespace: string;
}

function podOf(images: readonly string[]): Asked {
  return { images, namespace };
}

function checkWith(deps: Pick<CheckDeps, "predictor"> & Partial<CheckDeps>) {
  const absent = { kind: "not-found" } as const;
  const check = createCheck({
    clock,
    nodes: fixedNodes(profiles),
    secrets: inMemorySecretSource({
      secrets: [],
      serviceAccounts: [{ namespace, name: "default", imagePullSecrets: [] }],
      absent,
    }),
    keyring: { identityKey },
    missingSecretsMayAppear: true,
    injectServiceAccount: "always",
    ...deps,
  });
  return async ({ images, namespace: own }: Asked): Promise<void> => {
    const containers = images.map((image, index) => ({ name: `c${index}`, image, imagePullPolicy: "Always" }));
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: own }, spec: { containers } };
    const { findings } = await check({ workloads: readWorkloads(pod) }, new AbortController().signal);
    const wrong = findings.find(({ verdict }) => verdict !== "pullable");
    if (wrong !== undefined) throw new Error(`${wrong.image} is ${wrong.verdict}: ${wrong.message}`);
  };
}

function secretOf(ownNamespace: string) {
  const auths = { "reg.test": { username: `${benchUser.username}-${ownNamespace}`, password: benchUser.password } };
  return pullSecretFromObject({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "login", namespace: ownNamespace, resourceVersion: "1" },
    type: "kubernetes.io/dockerconfigjson",
    stringData: { ".dockerconfigjson": JSON.stringify({ auths }) },
  });
}

/** Room for a hundred thousand answers: what is measured is what they take. */
const cacheBytes = 512 * 1024 * 1024;

/** A predictor over a registry in memory, which holds one image a repository, of five layers. */
function benchPredictor(own: Clock = clock): Predictor {
  return createPredictor({ client: { session: () => memorySession }, clock: own, cacheBytes, lingerMs: 0 });
}

const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";
const layerOf = (name: string, size: number) => ({
  mediaType: layerType,
  digest: sha256Digest(Buffer.from(name)),
  size,
});
const shared = [1, 2, 3].map((number) => layerOf(`base ${number}`, 1000));
const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** Two layers of an image are its own, three are everybody's, as with common base images. */
function layersOf(repository: string) {
  return [...shared, layerOf(`${repository} 1`, 1000), layerOf(`${repository} 2`, 1000)];
}

function configOf(repository: string): Buffer {
  const rootfs = { type: "layers", diff_ids: layersOf(repository).map(({ digest }) => digest) };
  return Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs, repository }));
}

function manifestOf(repository: string): Buffer {
  const own = configOf(repository);
  const mediaType = "application/vnd.oci.image.config.v1+json";
  const described = { mediaType, digest: sha256Digest(own), size: own.length };
  const layers = layersOf(repository);
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: described, layers }));
}

const memorySession: RegistrySession = {
  exchange: async (request: ExchangeRequest): Promise<Exchange> => {
    const { method, endpoint, repository } = request;
    const [kind = ""] = endpoint.split("/", 1);
    const manifest = manifestOf(repository);
    const isConfig = kind === "blobs" && method === "GET";
    const body = kind === "manifests" ? manifest : isConfig ? configOf(repository) : undefined;
    return {
      kind: "response",
      url: "",
      method,
      status: 200,
      mediaType: kind === "manifests" ? manifestType : "application/octet-stream",
      contentLength: body?.length ?? 1000,
      ...(kind === "manifests" ? { digestHeader: sha256Digest(manifest) } : {}),
      ...(body === undefined || method === "HEAD" ? {} : { body }),
      errors: [],
      authorization: "none",
      challenges: [],
    };
  },
};
