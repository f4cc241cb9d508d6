import { ApiException, CustomObjectsApi } from "@kubernetes/client-node";
import { type AuditStore, decodeChunk, type StoredChunk } from "../audit/index.js";
import { type Clock, memberOf, textOf } from "../core/index.js";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { type WatchEvent, watchObjects } from "./object-watch.js";
import { withPatience } from "./patience.js";
import { rawPage } from "./raw-page.js";
import { type PrunedObject, prunedMetadata } from "./resource.js";

export interface AuditStoreDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Namespace of the PullAudits. */
  readonly namespace: string;
  readonly onEvent?: (event: WatchEvent) => void;
}

export interface WatchedAuditStore extends AuditStore {
  stop(): void;
}

interface WatchedChunk extends PrunedObject {
  readonly stored: StoredChunk;
}

const group = "pullguard.dev";
const version = "v1alpha1";
const plural = "pullaudits";
const patienceMs = 15_000;

/**
 * State of an audit in PullAudits, `state` of each one chunk. All are watched, so that whoever takes over knows already; a write that finds the
 * object changed by another is refused.
 */
export function clusterAuditStore(deps: AuditStoreDeps): WatchedAuditStore {
  const { access, clock, namespace } = deps;
  const custom = access.config.makeApiClient(CustomObjectsApi);
  const versions = new Map<string, string>();
  let changes = 0;
  const path = `/apis/${group}/${version}/namespaces/${namespace}/${plural}`;
  const page = rawPage(access, path);
  const watch = watchObjects<WatchedChunk>({
    access,
    clock,
    resource: {
      plural: `${plural}.${group}`,
      path,
      pageSize: 50,
      page: (query, _options, signal) => page(query, signal),
      prune: (object) => {
        const metadata = { namespace, ...prunedMetadata(object) };
        return { metadata, stored: { name: metadata.name, chunk: decodeChunk(memberOf(object, "state")) } };
      },
    },
    onObject: ({ metadata: { name, resourceVersion } }, gone) => {
      changes += 1;
      if (gone) versions.delete(name);
      else if (isNewer(resourceVersion, versions.get(name))) versions.set(name, resourceVersion);
    },
    ...(deps.onEvent === undefined ? {} : { onEvent: deps.onEvent }),
  });
  const target = { group, version, namespace, plural };

  const put = async (name: string, state: object, signal: AbortSignal): Promise<boolean> => {
    const known = versions.get(name);
    const metadata = { name, namespace, ...(known === undefined ? {} : { resourceVersion: known }) };
    const body = { apiVersion: `${group}/${version}`, kind: "PullAudit", metadata, state };
    try {
      const made: unknown =
        known === undefined
          ? await custom.createNamespacedCustomObject({ ...target, body }, withSignal(signal))
          : await custom.replaceNamespacedCustomObject({ ...target, name, body }, withSignal(signal));
      const resourceVersion = textOf(memberOf(made, "metadata", "resourceVersion"));
      if (isNewer(resourceVersion, versions.get(name))) versions.set(name, resourceVersion);
      return true;
    } catch (error) {
      if (!(error instanceof ApiException)) throw error;
      // 404: somebody has removed it; the next write makes it anew.
      if (error.code === 404) versions.delete(name);
      if (error.code === 404 || error.code === 409) return false;
      throw new Error(`the API server ${access.server} answered ${error.code} to write ${plural}`);
    }
  };

  return {
    chunks: () => (watch.hasSynced() ? watch.list().map(({ stored }) => stored) : undefined),
    version: () => changes,
    write: (name, body, signal) => withPatience(clock, patienceMs, (patience) => put(name, body, patience), signal),
    remove: async (name, signal) => {
      const removal = custom.deleteNamespacedCustomObject({ ...target, name }, withSignal(signal));
      await removal.catch((error: unknown) => {
        if (!(error instanceof ApiException) || error.code !== 404) throw error;
      });
      versions.delete(name);
    },
    stop: () => watch.stop(),
  };
}

/** The API server's versions grow; what a watch tells may be older than what a write has answered. */
function isNewer(told: string, known: string | undefined): boolean {
  if (known === undefined || told === "") return told !== "";
  return told.length === known.length ? told > known : told.length > known.length;
}
