import { ApiException } from "@kubernetes/client-node";
import type { CacheRegister, Clock } from "../core/index.js";
import { type PullSecret, pullSecretFromObject } from "../credentials/index.js";
import type { ListPullSecrets, PullSecretListing } from "../mutation/index.js";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { LookupCache } from "./lookup-cache.js";

const pullSecretType = "kubernetes.io/dockerconfigjson";
const foundMs = 5_000;
const missingMs = 1_000;
const maxEntries = 200;
/** A namespace with more has more than anybody could choose from. */
const maxSecrets = 500;

/**
 * The pull secrets of a cluster's namespaces, listed when they are needed and remembered for some seconds. Listing Secrets
 * is a right of its own; without it every answer is `unreadable`.
 */
export function clusterPullSecrets({
  access,
  clock,
  caches,
}: {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly caches?: CacheRegister;
}): ListPullSecrets {
  const cache = new LookupCache<PullSecretListing>({
    clock,
    keepMs: ({ kind }) => (kind === "listed" ? foundMs : missingMs),
    maxEntries,
    ...(caches === undefined ? {} : { told: { caches, name: "listed_secrets" } }),
  });
  return async (namespace, signal) => {
    try {
      return await cache.get(namespace, (shared) => list(access, namespace, shared), signal);
    } catch {
      return { kind: "unreadable", reason: `the API server ${access.server} did not answer in time` };
    }
  };
}

async function list(access: ClusterAccess, namespace: string, signal: AbortSignal): Promise<PullSecretListing> {
  try {
    const query = { namespace, fieldSelector: `type=${pullSecretType}`, limit: maxSecrets };
    const { items, metadata } = await access.core.listNamespacedSecret(query, withSignal(signal));
    if ((metadata?._continue ?? "") !== "") {
      return { kind: "unreadable", reason: `namespace "${namespace}" has more than ${maxSecrets} pull secrets` };
    }
    return { kind: "listed", secrets: items.flatMap((item) => secretOf(item)) };
  } catch (error) {
    return { kind: "unreadable", reason: reasonOf(error, namespace, access.server) };
  }
}

/** Items of a list do not repeat their kind. What cannot be read is no candidate. */
function secretOf(item: object): readonly PullSecret[] {
  try {
    return [pullSecretFromObject({ ...item, apiVersion: "v1", kind: "Secret" })];
  } catch {
    return [];
  }
}

function reasonOf(error: unknown, namespace: string, server: string): string {
  if (!(error instanceof ApiException)) return `the API server ${server} cannot be asked`;
  if (error.code === 403) return `Pullguard has no permission to list secrets in namespace "${namespace}" (403)`;
  return `the API server ${server} answered ${error.code} to list secrets in namespace "${namespace}"`;
}
