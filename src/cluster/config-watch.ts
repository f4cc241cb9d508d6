import { CustomObjectsApi } from "@kubernetes/client-node";
import type { Clock } from "../core/index.js";
import { configResource, writeConfigStatus } from "./config-status.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { watchObjects } from "./object-watch.js";
import { type PrunedObject, prunedMetadata, type Resource } from "./resource.js";

/** What became of the watch, for a log. `reason` holds codes and names only. */
export type ConfigWatchEvent =
  | { readonly kind: "synced" }
  | { readonly kind: "fault"; readonly reason: string; readonly retryMs: number }
  | { readonly kind: "status-fault"; readonly reason: string };

export interface ConfigWatchDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Name of the one object that counts. */
  readonly name: string;
  /**
   * Hears the object as it is, at the start, after every change and now and then; undefined where there is none.
   * @returns its status to write, where that is wanted
   */
  readonly onConfig: (object: unknown) => object | undefined;
  readonly onEvent?: (event: ConfigWatchEvent) => void;
  /** From 0 to 1; Math.random unless told otherwise. */
  readonly random?: () => number;
}

export interface ConfigWatch {
  /** Why a server should not be sent requests yet; undefined for good once it is known what there is, or that it may not be known. */
  notReady(): string | undefined;
  stop(): void;
}

/**
 * Follows the PullguardConfig of a cluster with list and watch. Failures are tried again after a growing, jittered wait
 * and change nothing: what was heard last stays. A cluster without the CRD has no PullguardConfig.
 */
export function watchConfig(deps: ConfigWatchDeps): ConfigWatch {
  const { access, clock, name } = deps;
  const stopping = new AbortController();
  let heard = Promise.resolve();
  let isAbsent = false;

  const tell = async (object: unknown): Promise<void> => {
    if (stopping.signal.aborted) return;
    const status = deps.onConfig(object);
    if (status === undefined) return;
    const reason = await writeConfigStatus(access, object, status, stopping.signal);
    if (reason !== undefined && !stopping.signal.aborted) deps.onEvent?.({ kind: "status-fault", reason });
  };
  // One after the other: a status is written for what was heard last.
  const hear = (object: unknown): void => {
    heard = heard.then(() => tell(object)).catch(() => undefined);
  };
  const watch = watchObjects({
    access,
    clock,
    resource: oneConfig(access, name),
    ...(deps.random === undefined ? {} : { random: deps.random }),
    onObject: ({ metadata, object }, gone) => {
      if (metadata.name === name && watch.hasSynced()) hear(gone ? undefined : object);
    },
    onAbsent: () => {
      if (!isAbsent) hear(undefined);
      isAbsent = true;
    },
    onEvent: (event) => {
      if (event.kind === "synced") {
        isAbsent = false;
        // What the list brought; and time alone changes a status, when an exemption expires.
        hear(watch.get(name)?.object);
        deps.onEvent?.({ kind: "synced" });
      } else if (!isAbsent) deps.onEvent?.(event);
    },
  });
  return {
    notReady: watch.notReady,
    stop: () => {
      stopping.abort(new Error("stopped"));
      watch.stop();
    },
  };
}

interface WatchedConfig extends PrunedObject {
  readonly object: unknown;
}

function oneConfig(access: ClusterAccess, name: string): Resource<WatchedConfig> {
  const { group, version, plural } = configResource;
  const api = access.config.makeApiClient(CustomObjectsApi);
  return {
    plural,
    path: `/apis/${group}/${version}/${plural}`,
    fieldSelector: `metadata.name=${name}`,
    page: (query, options) => api.listClusterCustomObject({ ...configResource, ...query }, options),
    prune: (object) => ({ metadata: prunedMetadata(object), object }),
  };
}
