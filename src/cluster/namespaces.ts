import { ApiException, type CoreV1Api } from "@kubernetes/client-node";
import type { CacheRegister, Clock } from "../core/index.js";
import type { Labels, NamespaceSource } from "../policy/index.js";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { LookupCache } from "./lookup-cache.js";
import { isNotFoundStatus } from "./not-found.js";

export interface NamespacesDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Hears why labels cannot be read, once for each reason. */
  readonly onFault?: (reason: string) => void;
  readonly caches?: CacheRegister;
}

type Read = { readonly labels: Labels | undefined };

/** A label that somebody has just set counts after this time. */
const foundMs = 5_000;
const missingMs = 1_000;
const maxEntries = 2_000;
/** Reasons that are told once each; API servers word them. */
const maxTold = 100;
/** The rest of the API server's patience is for the check itself. */
const patienceMs = 1_000;

/** Labels of a cluster's namespaces, read by name when they are needed and remembered for some seconds. */
export function clusterNamespaces({ access, clock, onFault, caches }: NamespacesDeps): NamespaceSource {
  const cache = new LookupCache<Read>({
    clock,
    keepMs: ({ labels }) => (labels === undefined ? missingMs : foundMs),
    maxEntries,
    ...(caches === undefined ? {} : { told: { caches, name: "namespaces" } }),
  });
  const told = new Set<string>();
  const read = async (name: string, signal: AbortSignal): Promise<Read> => {
    try {
      const { metadata } = await access.core.readNamespace({ name }, withSignal(signal));
      return { labels: { ...metadata?.labels } };
    } catch (error) {
      const reason = faultOf(error, access.server);
      if (reason !== undefined && !signal.aborted && !told.has(reason)) {
        if (told.size >= maxTold) told.clear();
        told.add(reason);
        onFault?.(reason);
      }
      return { labels: undefined };
    }
  };
  return {
    labels: async (namespace, signal) => {
      if (namespace === "") return {};
      // Most requests come in bursts for one namespace, and their answers must not wait for timers.
      const known = cache.recall(namespace);
      if (known !== undefined) return known.labels;
      const patience = new AbortController();
      const end = (): void => patience.abort(new Error("too late"));
      signal.addEventListener("abort", end, { once: true });
      const stopSleep = new AbortController();
      clock.sleep(patienceMs, stopSleep.signal).then(end, () => undefined);
      try {
        return (await cache.get(namespace, (shared) => read(namespace, shared), patience.signal)).labels;
      } catch {
        return undefined;
      } finally {
        stopSleep.abort();
        signal.removeEventListener("abort", end);
      }
    },
  };
}

/**
 * Whether a namespace exists. Never rejects.
 * @returns undefined where the API server does not tell: it may not be asked for namespaces, or cannot be reached
 * @param signal gives up
 */
export async function namespaceExists(
  core: CoreV1Api,
  name: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  try {
    await core.readNamespace({ name }, withSignal(signal));
    return true;
  } catch (error) {
    const isAbsent = error instanceof ApiException && error.code === 404 && isNotFoundStatus(error.body, name);
    return isAbsent ? false : undefined;
  }
}

/** Undefined for a namespace that does not exist, which is nothing to report. */
function faultOf(error: unknown, server: string): string | undefined {
  if (!(error instanceof ApiException)) return `the API server ${server} cannot be asked for namespaces`;
  if (error.code === 404) return undefined;
  if (error.code === 403) return "Pullguard has no permission to get namespaces (403)";
  return `the API server ${server} answered ${error.code} to get a namespace`;
}
