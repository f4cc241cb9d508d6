import { randomBytes } from "node:crypto";
import { systemClock } from "../../src/bin/system.js";
import { createCheck } from "../../src/check/index.js";
import { Redacted } from "../../src/core/index.js";
import { inMemorySecretSource, type RegistryCredential } from "../../src/credentials/index.js";
import type { Finding, KubeletReason, Verdict } from "../../src/findings/index.js";
import { fixedNodes, nodeFilesFromMap, parseRuntime, seenNodeProfile } from "../../src/node/index.js";
import { createPredictor } from "../../src/prediction/index.js";
import { createRegistryClient } from "../../src/registry/index.js";
import { createLayerVerifier, createRateLimit, createVerifyingPredictor } from "../../src/verification/index.js";
import { readWorkloads } from "../../src/workload/index.js";
import type { Lab } from "../support/lab/index.js";
import type { PullCredential } from "../support/real/index.js";

/** What Pullguard says about one image, cut down to what a runtime can contradict. */
export interface Prediction {
  readonly verdict: Verdict;
  readonly cause: Finding["cause"];
  readonly kubeletReason: KubeletReason | null;
  readonly message: string;
}

/** Pullguard, set up for the node of one laboratory. */
export interface Predictions {
  /**
   * Asks about one Pod with this image. `credential` is what the kubelet would send for it; `wholeLayers`: as
   * `pullguard verify` does.
   */
  predict(image: string, credential: PullCredential | undefined, wholeLayers?: boolean): Promise<Prediction>;
  close(): Promise<void>;
}

/** Enough for a TLS handshake that times out after 10 s, as a node would see it. */
const deadlineMs = 12_000;

function podOf(image: string): unknown {
  const containers = [{ name: "app", image, imagePullPolicy: "Always" }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "asked", namespace: "shop" }, spec: { containers } };
}

function credentialOf({ username, password }: PullCredential): RegistryCredential {
  const origin = { kind: "node", file: "/var/lib/kubelet/config.json", key: "any" } as const;
  return { username, password: new Redacted(password), origin, identity: JSON.stringify([username, password]) };
}

/**
 * Pullguard for a linux/amd64 node with the laboratory's certs.d and names, and without any authority of the system's.
 * @param runtime    the runtime's own word for itself, `containerd 1.6.20~ds1`
 * @param nodeFiles  the node's files where they are not the laboratory's
 */
export function createPredictions(
  lab: Lab,
  runtime: string,
  nodeFiles: Readonly<Record<string, string>> = lab.nodeFiles,
): Predictions {
  const identityKey = randomBytes(32);
  const client = createRegistryClient({
    clock: systemClock,
    systemCaPems: [],
    lookup: lab.lookup,
    connectTo: lab.connectTo,
    identityKey: identityKey.toString("hex"),
    userAgent: "pullguard-parity",
  });
  const predictor = createPredictor({ client, clock: systemClock, cacheBytes: 1_000_000, lingerMs: 0 });
  const node = seenNodeProfile({
    name: "parity",
    files: nodeFilesFromMap(nodeFiles),
    runtime: parseRuntime(runtime.replace(" ", "://")),
    platform: { os: "linux", architecture: "amd64" },
    identityKey,
  });
  const rate = createRateLimit(systemClock, 0);
  const verifier = createLayerVerifier({ clock: systemClock, rate, maxRemembered: 1000 });
  const verifying = createVerifyingPredictor({ predictor, client, verifier });
  const checkWith = (credential: PullCredential | undefined, wholeLayers: boolean) => {
    const found = credential === undefined ? [] : [credentialOf(credential)];
    return createCheck({
      clock: systemClock,
      nodes: fixedNodes([{ ...node, credentials: { kind: "known", lookup: () => found, files: [] } }]),
      predictor: wholeLayers ? verifying : predictor,
      secrets: inMemorySecretSource({ secrets: [], serviceAccounts: [], absent: { kind: "not-found" } }),
      keyring: { identityKey },
      missingSecretsMayAppear: false,
      injectServiceAccount: "templates",
    });
  };
  return {
    async predict(image, credential, wholeLayers = false) {
      const check = checkWith(credential, wholeLayers);
      const { findings } = await check({ workloads: readWorkloads(podOf(image)) }, AbortSignal.timeout(deadlineMs));
      const [finding] = findings;
      if (finding === undefined) throw new Error(`nothing was found out about ${image}`);
      const { verdict, cause, kubelet, message } = finding;
      return { verdict, cause, kubeletReason: kubelet.reason, message };
    },
    close: () => client.close(),
  };
}
