import { randomBytes } from "node:crypto";
import { systemClock as clock } from "../src/bin/system.js";
import { type Check, createCheck } from "../src/check/index.js";
import { inMemorySecretSource, type PullSecret, pullSecretFromObject } from "../src/credentials/index.js";
import { candidateProfiles, fixedNodes, nodeFilesFromMap, parseRuntime } from "../src/node/index.js";
import { parsePlatform } from "../src/oci/index.js";
import { createPredictor } from "../src/prediction/index.js";
import { createRegistryClient } from "../src/registry/index.js";
import { labUser } from "../test/support/lab/index.js";
import type { Registries } from "./registry-process.js";

/** Name of the Secret, in namespace `shop`, that holds the login of every registry. */
export const secretName = "registry-login";
/** Namespace of everything that is checked. */
export const namespace = "shop";

/** What the nodes are said to be; nothing said makes Pullguard ask for every runtime it assumes. */
export interface NodeSaying {
  readonly runtime?: string;
  readonly platform?: string;
}

/** Builds checks over one registry client, as a process would hold it. */
export interface BenchEngine {
  /** A check that remembers no outcome; connections, tokens and what registries asked for are the client's. */
  freshCheck(): Check;
  close(): Promise<void>;
}

export function createBenchEngine(registries: Registries, saying: NodeSaying): BenchEngine {
  const identityKey = randomBytes(32);
  const client = createRegistryClient({
    clock,
    systemCaPems: undefined,
    identityKey: identityKey.toString("hex"),
    userAgent: "pullguard-bench",
  });
  const profiles = candidateProfiles({
    ...(saying.runtime === undefined ? {} : { runtime: parseRuntime(saying.runtime) }),
    ...(saying.platform === undefined ? {} : { platform: parsePlatform(saying.platform) }),
    node: { name: "node", files: nodeFilesFromMap(registries.nodeFiles), identityKey },
  });
  const secrets = inMemorySecretSource({
    secrets: [loginSecret(registries)],
    serviceAccounts: [{ namespace, name: "default", imagePullSecrets: [] }],
    absent: { kind: "not-found" },
  });
  return {
    freshCheck: () =>
      createCheck({
        clock,
        nodes: fixedNodes(profiles),
        predictor: createPredictor({ client, clock, cacheBytes: 1_000_000, lingerMs: 0 }),
        secrets,
        keyring: { identityKey },
        missingSecretsMayAppear: true,
        injectServiceAccount: "templates",
      }),
    close: () => client.close(),
  };
}

function loginSecret({ addresses }: Registries): PullSecret {
  const auths = { [addresses.basic]: labUser, [addresses.bearer]: labUser };
  return pullSecretFromObject({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: secretName, namespace, resourceVersion: "1" },
    type: "kubernetes.io/dockerconfigjson",
    stringData: { ".dockerconfigjson": JSON.stringify({ auths }) },
  });
}
