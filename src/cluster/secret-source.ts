import { ApiException, type CoreV1Api } from "@kubernetes/client-node";
import type { CacheRegister, Clock } from "../core/index.js";
import {
  pullSecretFromObject,
  type SecretLookup,
  type SecretSource,
  type ServiceAccountLookup,
} from "../credentials/index.js";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { LookupCache } from "./lookup-cache.js";
import { isNotFoundStatus } from "./not-found.js";
import { withPatience } from "./patience.js";

export interface ClusterSecretDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** How long what was found is used again, in milliseconds; 5000 unless told otherwise. */
  readonly foundMs?: number;
  /** The same for "there is none" and "must not be read"; 1000, since people create what was missing and try again. */
  readonly missingMs?: number;
  /** Secrets and ServiceAccounts remembered at most, each; 512. */
  readonly maxEntries?: number;
  readonly caches?: CacheRegister;
}

type Lookup = SecretLookup | ServiceAccountLookup;
/** A Secret is read in milliseconds where all is well. */
const patienceMs = 2_000;

type Resource = "secrets" | "serviceaccounts";

/**
 * Secrets and ServiceAccounts of a cluster, read on demand with `get`. Never rejects: what cannot be read is
 * `unreadable` with the missing permission or the network's fault, and only the API server's own "there is no such
 * object" is `not-found`.
 */
export function clusterSecretSource(deps: ClusterSecretDeps): SecretSource {
  const secrets = lookupCache<SecretLookup>(deps, "secrets");
  const serviceAccounts = lookupCache<ServiceAccountLookup>(deps, "serviceaccounts");
  const { core, server } = deps.access;
  return {
    secret: (namespace, name, signal) => {
      const ask = (sharedSignal: AbortSignal) =>
        answerOf("secrets", namespace, name, server, () => readSecret(core, namespace, name, sharedSignal));
      return inTime(deps, secrets, { key: `${namespace}/${name}`, ask }, signal);
    },
    serviceAccount: (namespace, name, signal) => {
      const ask = (sharedSignal: AbortSignal) =>
        answerOf("serviceaccounts", namespace, name, server, () =>
          readServiceAccount(core, namespace, name, sharedSignal),
        );
      return inTime(deps, serviceAccounts, { key: `${namespace}/${name}`, ask }, signal);
    },
  };
}

interface Wanted<T> {
  readonly key: string;
  readonly ask: (signal: AbortSignal) => Promise<T>;
}

/** An API server that hangs must not take the time in which registries could be asked. */
function inTime<T extends Lookup>(
  { clock, access }: ClusterSecretDeps,
  cache: LookupCache<T>,
  { key, ask }: Wanted<T>,
  signal: AbortSignal,
): Promise<T | Extract<Lookup, { kind: "unreadable" }>> {
  const known = cache.recall(key);
  if (known !== undefined) return Promise.resolve(known);
  return orUnanswered(
    withPatience(clock, patienceMs, (patience) => cache.get(key, ask, patience), signal),
    access.server,
  );
}

function lookupCache<T extends Lookup>(deps: ClusterSecretDeps, name: Resource): LookupCache<T> {
  const foundMs = deps.foundMs ?? 5000;
  const missingMs = deps.missingMs ?? 1000;
  return new LookupCache<T>({
    clock: deps.clock,
    keepMs: (answer) => (answer.kind === "found" ? foundMs : missingMs),
    maxEntries: deps.maxEntries ?? 512,
    ...(deps.caches === undefined ? {} : { told: { caches: deps.caches, name } }),
  });
}

async function orUnanswered<T>(
  answer: Promise<T>,
  server: string,
): Promise<T | Extract<Lookup, { kind: "unreadable" }>> {
  try {
    return await answer;
  } catch {
    return { kind: "unreadable", reason: `the API server ${server} did not answer in time` };
  }
}

async function readSecret(
  core: CoreV1Api,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<SecretLookup> {
  const object = await core.readNamespacedSecret({ namespace, name }, withSignal(signal));
  if (object.metadata?.name !== name)
    return { kind: "unreadable", reason: "the API server's answer is no such Secret" };
  return { kind: "found", secret: pullSecretFromObject({ ...object, kind: "Secret", apiVersion: "v1" }) };
}

async function readServiceAccount(
  core: CoreV1Api,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<ServiceAccountLookup> {
  const object = await core.readNamespacedServiceAccount({ namespace, name }, withSignal(signal));
  if (object.metadata?.name !== name)
    return { kind: "unreadable", reason: "the API server's answer is no such ServiceAccount" };
  return { kind: "found", imagePullSecrets: (object.imagePullSecrets ?? []).map((entry) => entry.name ?? "") };
}

async function answerOf<T>(
  resource: Resource,
  namespace: string,
  name: string,
  server: string,
  read: () => Promise<T>,
): Promise<T | Extract<Lookup, { kind: "unreadable" | "not-found" }>> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ApiException)) {
      return { kind: "unreadable", reason: `the API server ${server} cannot be asked${faultOf(error)}` };
    }
    if (error.code === 404 && isNotFoundStatus(error.body, name)) return { kind: "not-found" };
    return { kind: "unreadable", reason: refusalOf(error.code, resource, namespace, server) };
  }
}

function refusalOf(status: number, resource: Resource, namespace: string, server: string): string {
  if (status === 401) return `the API server ${server} does not accept Pullguard's own credentials (401)`;
  if (status === 403) return `Pullguard has no permission to get ${resource} in namespace "${namespace}" (403)`;
  return `the API server ${server} answered ${status} to get ${resource} in namespace "${namespace}"`;
}

/** Only a code: the text of a credential plugin's failure may hold what the plugin printed. */
function faultOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
}
