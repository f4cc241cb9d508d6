import { assembleCheck } from "../src/bin/assemble.js";
import { systemClock as clock } from "../src/bin/system.js";
import type { Check, CheckGate } from "../src/check/index.js";
import { inMemorySecretSource, type PullSecret, pullSecretFromObject } from "../src/credentials/index.js";
import { nodeFilesFromMap } from "../src/node/index.js";
import type { RegistryLimits } from "../src/registry/index.js";
import { benchUser } from "./bench-user.js";
import type { Registries } from "./registry-process.js";

/** Name of the Secret, in every namespace, that holds the login of every registry. */
export const secretName = "registry-login";
/** Namespace of what is checked where nothing else is said. */
export const namespace = "shop";

/** What the nodes are said to be; nothing said makes Pullguard ask for every runtime it assumes. */
export interface NodeSaying {
  readonly runtime?: string;
  readonly platform?: string;
}

/** A check with everything below it, put together as the program does. */
export interface BenchEngine {
  readonly check: Check;
  close(): Promise<void>;
}

/** As the webhook is put together: with bounds on what is asked at a time. */
export interface ServedAs {
  readonly gate: CheckGate;
  readonly limits: RegistryLimits;
  /** Whose Secrets hold logins of their own, as `robot-<namespace>`. */
  readonly namespaces: readonly string[];
}

/** @param served  absent: as the command line checks */
export function createBenchEngine(registries: Registries, saying: NodeSaying, served?: ServedAs): BenchEngine {
  const { namespaces = [], ...bounds } = served ?? {};
  const secrets = inMemorySecretSource({
    secrets: [
      loginSecret(registries, namespace, benchUser.username),
      ...namespaces.map((name) => loginSecret(registries, name, `${benchUser.username}-${name}`)),
    ],
    serviceAccounts: [namespace, ...namespaces].map((name) => ({
      namespace: name,
      name: "default",
      imagePullSecrets: [],
    })),
    absent: { kind: "not-found" },
  });
  return assembleCheck({
    clock,
    version: "bench",
    secrets,
    missingSecretsMayAppear: true,
    node: {
      ...saying,
      root: { path: "bench", files: nodeFilesFromMap(registries.nodeFiles) },
      credentials: "none",
    },
    injectServiceAccount: "templates",
    lingerMs: 10_000,
    ...bounds,
  });
}

function loginSecret({ addresses }: Registries, ownNamespace: string, username: string): PullSecret {
  const login = { username, password: benchUser.password };
  const auths = { [addresses.basic]: login, [addresses.bearer]: login };
  return pullSecretFromObject({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: secretName, namespace: ownNamespace, resourceVersion: "1" },
    type: "kubernetes.io/dockerconfigjson",
    stringData: { ".dockerconfigjson": JSON.stringify({ auths }) },
  });
}
