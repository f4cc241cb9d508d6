import { PullguardError } from "../core/index.js";
import {
  inMemorySecretSource,
  type PullSecret,
  type PullServiceAccount,
  pullSecretFromDockerConfig,
  pullSecretFromObject,
  type SecretSource,
  serviceAccountFromObject,
} from "../credentials/index.js";
import { type ManifestObject, parseValues } from "./documents.js";
import type { InputText } from "./read-input.js";

/** Secrets and ServiceAccounts that came with the input, before or instead of those of a cluster. */
export interface GivenSecrets {
  readonly secrets: readonly PullSecret[];
  readonly serviceAccounts: readonly PullServiceAccount[];
  /** Secrets that will exist, but whose content the files do not show. */
  readonly hidden: readonly HiddenSecret[];
  /** From `--pull-secret`, in order; known by their names in every namespace. */
  readonly everywhere: readonly PullSecret[];
}

/** A Secret that is encrypted in the files, or that a controller makes from one of their objects. */
interface HiddenSecret {
  readonly namespace: string;
  readonly name: string;
  readonly reason: string;
}

/**
 * Collects the v1 Secrets and ServiceAccounts of manifests. A Secret that SOPS encrypted is left out, since its real
 * content is not in the file, and so is one that no kubelet would use for pulls and that cannot be read.
 * @throws PullguardError `InputInvalid` with the place of a pull Secret or ServiceAccount that is none
 */
export function collectGivenSecrets(
  objects: readonly ManifestObject[],
  everywhere: readonly PullSecret[],
  defaultNamespace: string,
): GivenSecrets {
  const secrets: PullSecret[] = [];
  const serviceAccounts: PullServiceAccount[] = [];
  const hidden = objects.flatMap(({ object }) => hiddenSecrets(object, defaultNamespace));
  for (const { object, place } of objects) {
    if (object.apiVersion !== "v1") continue;
    if (object.kind === "Secret" && object.sops === undefined) {
      const secret = readSecret(object, place);
      if (secret !== undefined) secrets.push({ ...secret, namespace: secret.namespace || defaultNamespace });
    }
    if (object.kind === "ServiceAccount") {
      const account = at(place, () => serviceAccountFromObject(object));
      serviceAccounts.push({ ...account, namespace: account.namespace || defaultNamespace });
    }
  }
  return { secrets, serviceAccounts, hidden, everywhere };
}

/**
 * Reads a `--pull-secret` file: a Secret's manifest, or a Docker `config.json`.
 * @throws PullguardError `InputInvalid` if it is neither
 */
export function parsePullSecretFile(input: InputText): PullSecret {
  // A colon cannot be in a Secret's name, so this one never hides a Secret of the cluster.
  const name = `file:${input.name}`;
  if (/^\s*\{/.test(input.text) && !/"kind"\s*:\s*"Secret"/.test(input.text)) {
    return at(input.name, () => pullSecretFromDockerConfig({ name, text: input.text }));
  }
  const values = parseValues(input).filter(({ value }) => value !== null);
  const [only] = values;
  const isSecret = values.length === 1 && isRecord(only?.value) && only.value.kind === "Secret";
  if (!isSecret) throw new PullguardError("InputInvalid", `${input.name}: neither one Secret nor a Docker config.json`);
  return { ...at(input.name, () => pullSecretFromObject(only?.value)), name };
}

/**
 * Looks among the given objects first, then beyond: in a cluster, in `nothing` (the files are all there is, so what they
 * lack does not exist), or in the `unknown` (what they lack may be in a cluster that nobody asked).
 */
export function layeredSecretSource(given: GivenSecrets, beyond: SecretSource | "nothing" | "unknown"): SecretSource {
  const rest = typeof beyond === "string" ? emptySource(beyond) : beyond;
  const files = inMemorySecretSource({ ...given, absent: { kind: "not-found" } });
  return {
    secret: async (namespace, name, signal) => {
      const secret = given.everywhere.find((candidate) => candidate.name === name);
      if (secret !== undefined) return { kind: "found", secret: { ...secret, namespace } };
      const hidden = given.hidden.find((candidate) => candidate.namespace === namespace && candidate.name === name);
      if (hidden !== undefined && typeof beyond === "string") return { kind: "unreadable", reason: hidden.reason };
      const own = await files.secret(namespace, name, signal);
      return own.kind === "found" ? own : await rest.secret(namespace, name, signal);
    },
    serviceAccount: async (namespace, name, signal) => {
      const own = await files.serviceAccount(namespace, name, signal);
      if (own.kind === "found" && (own.imagePullSecrets.length > 0 || typeof beyond === "string")) return own;
      // Applying a ServiceAccount that lists no Secrets leaves alone those that somebody patched in.
      const answer = await rest.serviceAccount(namespace, name, signal);
      return answer.kind === "not-found" && own.kind === "found" ? own : answer;
    },
  };
}

function emptySource(beyond: "nothing" | "unknown"): SecretSource {
  const reason = "it is not among the given files, and no cluster was asked (add it with -f or --pull-secret)";
  const absent = beyond === "nothing" ? ({ kind: "not-found" } as const) : ({ kind: "unreadable", reason } as const);
  return inMemorySecretSource({ secrets: [], serviceAccounts: [], absent });
}

/** Kinds whose controllers make a Secret, with the field that names it where it is not the object's own name. */
const secretMakers: Readonly<Record<string, (spec: Readonly<Record<string, unknown>>) => unknown>> = {
  SealedSecret: ({ template }) => nested(nested(template, "metadata"), "name"),
  ExternalSecret: ({ target }) => nested(target, "name"),
};

function hiddenSecrets(object: Readonly<Record<string, unknown>>, defaultNamespace: string): readonly HiddenSecret[] {
  const kind = String(object.kind);
  const isEncrypted = kind === "Secret" && object.sops !== undefined;
  const maker = Object.hasOwn(secretMakers, kind) ? secretMakers[kind] : undefined;
  if (!isEncrypted && maker === undefined) return [];
  const named = maker?.(isRecord(object.spec) ? object.spec : {});
  const name = named ?? nested(object.metadata, "name");
  const namespace = nested(object.metadata, "namespace") ?? defaultNamespace;
  if (typeof name !== "string" || typeof namespace !== "string") return [];
  const reason = isEncrypted ? "it is encrypted in the file" : `a controller makes it from the ${kind} in the file`;
  return [{ namespace, name, reason }];
}

function nested(value: unknown, key: string): unknown {
  return isRecord(value) ? value[key] : undefined;
}

function readSecret(object: Readonly<Record<string, unknown>>, place: string): PullSecret | undefined {
  try {
    return at(place, () => pullSecretFromObject(object));
  } catch (error) {
    // Templates often hold a placeholder where an application's Secret will be; that is not what is checked here.
    if (String(object.type ?? "").startsWith("kubernetes.io/dockerc")) throw error;
    return undefined;
  }
}

function at<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PullguardError)) throw error;
    throw new PullguardError("InputInvalid", `${place}: ${error.message}`, { cause: error });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
