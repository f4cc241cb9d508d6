import { randomBytes } from "node:crypto";
import { systemClock } from "../../src/bin/system.js";
import { type Check, createCheck } from "../../src/check/index.js";
import { inMemorySecretSource, type PullSecret, type PullServiceAccount } from "../../src/credentials/index.js";
import type { Finding } from "../../src/findings/index.js";
import {
  fixedNodes,
  type KubeletSettings,
  type NodeProfile,
  type NodeState,
  nodeFilesFromMap,
  parseRuntime,
  seenNodeProfile,
  unseenNodeProfile,
} from "../../src/node/index.js";
import { type Platform, parsePlatform } from "../../src/oci/index.js";
import {
  createLayerMemory,
  createPredictor,
  createThroughputMeter,
  type Predictor,
} from "../../src/prediction/index.js";
import { createRateLimits, createRegistryClient, type RegistryClient } from "../../src/registry/index.js";
import { createLayerVerifier, createRateLimit, createVerifyingPredictor } from "../../src/verification/index.js";
import { readWorkloads } from "../../src/workload/index.js";
import type { Lab } from "./lab/index.js";

export interface EngineSpec {
  readonly lab: Pick<Lab, "connectTo" | "lookup">;
  /** Files of the node by absolute path; absent: nothing is known of the nodes. */
  readonly nodeFiles?: Readonly<Record<string, string>>;
  /** `containerd://1.7.13`. */
  readonly runtime: string;
  readonly platform?: string;
  /** What the node holds; absent: nobody listed it. */
  readonly nodes?: readonly NodeState[];
  readonly kubelet?: KubeletSettings;
  readonly secrets?: readonly PullSecret[];
  readonly serviceAccounts?: readonly PullServiceAccount[];
  /** As if Pods came from an API server that has merged the ServiceAccount's list in. */
  readonly completedPods?: boolean;
  readonly missingSecretsMayAppear?: boolean;
  /** Authorities that everybody trusts; absent: those of Node.js. */
  readonly systemCaPems?: readonly string[];
  /** Every layer is read, as `pullguard verify` does. */
  readonly verify?: boolean;
}

/** The whole engine against a laboratory: everything is real but names and addresses. */
export interface Engine {
  readonly check: Check;
  readonly client: RegistryClient;
  /** Checks one object as `pullguard check -f` would. */
  checkObject(object: unknown, deadlineMs?: number): Promise<readonly Finding[]>;
  /** Checks a Pod with one container of this image. */
  checkImage(image: string, values?: { readonly deadlineMs?: number; readonly spec?: object }): Promise<Finding>;
  close(): Promise<void>;
}

const predictorSettings = { clock: systemClock, cacheBytes: 1_000_000, lingerMs: 0 };

function verifying(client: RegistryClient): Predictor {
  const rate = createRateLimit(systemClock, 0);
  return createVerifyingPredictor({
    predictor: createPredictor({ client, ...predictorSettings }),
    client,
    verifier: createLayerVerifier({ clock: systemClock, rate, maxRemembered: 1000 }),
  });
}

export function createEngine(spec: EngineSpec): Engine {
  const identityKey = randomBytes(32);
  const rateLimits = createRateLimits(systemClock);
  const client = createRegistryClient({
    clock: systemClock,
    systemCaPems: spec.systemCaPems,
    lookup: spec.lab.lookup,
    connectTo: spec.lab.connectTo,
    identityKey: identityKey.toString("hex"),
    userAgent: "pullguard-test",
    onRateLimit: (seen) => rateLimits.note(seen),
  });
  const check = createCheck({
    knowledge: { throughput: createThroughputMeter(systemClock), layers: createLayerMemory(1_000_000), rateLimits },
    clock: systemClock,
    nodes: fixedNodes([profileOf(spec, identityKey)], spec.nodes === undefined ? {} : { nodes: spec.nodes }),
    predictor: spec.verify === true ? verifying(client) : createPredictor({ client, ...predictorSettings }),
    secrets: inMemorySecretSource({
      secrets: spec.secrets ?? [],
      serviceAccounts: spec.serviceAccounts ?? [],
      absent: { kind: "not-found" },
    }),
    keyring: { identityKey },
    missingSecretsMayAppear: spec.missingSecretsMayAppear ?? false,
    injectServiceAccount: spec.completedPods === true ? "templates" : "always",
  });
  const checkObject = async (object: unknown, deadlineMs = 10_000): Promise<readonly Finding[]> =>
    (await check({ workloads: readWorkloads(object) }, AbortSignal.timeout(deadlineMs))).findings;
  return {
    check,
    client,
    checkObject,
    async checkImage(image, values = {}) {
      const pod = podOf(image, values.spec);
      const [finding] = await checkObject(pod, values.deadlineMs);
      if (finding === undefined) throw new Error(`no finding for ${image}`);
      return finding;
    },
    close: () => client.close(),
  };
}

/** A Pod of namespace `shop` with one container; `spec` overrides fields of its spec. */
export function podOf(image: string, spec: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "shop" },
    spec: { containers: [{ name: "app", image, imagePullPolicy: "Always" }], ...spec },
  };
}

function profileOf(spec: EngineSpec, identityKey: Uint8Array): NodeProfile {
  const runtime = parseRuntime(spec.runtime);
  const platform: { readonly platform?: Platform } =
    spec.platform === undefined ? {} : { platform: parsePlatform(spec.platform) };
  if (spec.nodeFiles === undefined) return unseenNodeProfile({ runtime, ...platform });
  const profile = seenNodeProfile({
    name: "node",
    files: nodeFilesFromMap(spec.nodeFiles),
    runtime,
    identityKey,
    ...platform,
  });
  return spec.kubelet === undefined ? profile : { ...profile, kubelet: spec.kubelet };
}
