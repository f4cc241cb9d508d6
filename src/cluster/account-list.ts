import type { CoreV1Api, KubernetesObject } from "@kubernetes/client-node";
import { withSignal } from "./abortable.js";

/**
 * What is kept of a ServiceAccount while it is watched. Its annotations, labels and token Secrets are not: memory then
 * depends on the number of accounts alone, and what somebody wrote into an annotation does not stay in it.
 */
export interface WatchedAccount extends KubernetesObject {
  /** `resourceVersion` is what client-node resumes a watch with. */
  readonly metadata: { readonly namespace: string; readonly name: string; readonly resourceVersion: string };
  /** Names in order; "" for an entry without one. */
  readonly imagePullSecrets: readonly string[];
}

/** One page of a list; the API server then holds no more than this many accounts for us at a time. */
const pageSize = 500;

/** Reads an object of a list or a watch; what it lacks is "". Never throws, whatever the object is. */
export function watchedAccount(object: unknown): WatchedAccount {
  const metadata = memberOf(object, "metadata");
  const list = memberOf(object, "imagePullSecrets");
  return {
    metadata: {
      namespace: textOf(memberOf(metadata, "namespace")),
      name: textOf(memberOf(metadata, "name")),
      resourceVersion: textOf(memberOf(metadata, "resourceVersion")),
    },
    imagePullSecrets: Array.isArray(list) ? list.map((entry) => textOf(memberOf(entry, "name"))) : [],
  };
}

/**
 * Every ServiceAccount of the cluster, as of one moment.
 * @throws ApiException for a refusal, the system's error where nobody answers, an Error for an answer that is no list
 */
export async function listAccounts(core: CoreV1Api, signal: AbortSignal) {
  const items: WatchedAccount[] = [];
  let next: string | undefined;
  for (;;) {
    const page = await core.listServiceAccountForAllNamespaces(
      { limit: pageSize, ...(next === undefined ? {} : { _continue: next }) },
      withSignal(signal),
    );
    const resourceVersion = page.metadata?.resourceVersion;
    if (!Array.isArray(page.items) || !resourceVersion) throw new Error("the answer is no list of ServiceAccounts");
    for (const item of page.items) items.push(watchedAccount(item));
    next = page.metadata?._continue || undefined;
    if (next === undefined) return { items, metadata: { resourceVersion } };
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
