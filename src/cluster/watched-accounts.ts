import type { Clock } from "../core/index.js";
import type { SecretSource } from "../credentials/index.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { type WatchEvent, watchObjects } from "./object-watch.js";
import { accountResource } from "./watched-account.js";

export interface WatchedAccountsDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Asked for Secrets always, for ServiceAccounts whenever the watch cannot answer. */
  readonly source: SecretSource;
  readonly onEvent?: (event: WatchEvent) => void;
  /** From 0 to 1, for waits that differ between replicas; Math.random unless told otherwise. */
  readonly random?: () => number;
}

/** ServiceAccounts as a watch tells them. */
export interface WatchedAccounts {
  readonly secrets: SecretSource;
  /** Why a server should not be sent requests yet; undefined for good soon after the start, whatever the API server does. */
  notReady(): string | undefined;
  stop(): void;
}

/**
 * Follows all ServiceAccounts of a cluster with list and watch, and answers from memory while the watch stands. At any
 * other time (before the first sync, between two watches, without the right to list or watch), and for an account that
 * the watch has not told of, it asks `source`; so nothing but speed depends on the watch, and an account that does not
 * exist is reported by the API server alone.
 */
export function watchServiceAccounts({ source, access, ...deps }: WatchedAccountsDeps): WatchedAccounts {
  const watch = watchObjects({ ...deps, access, resource: accountResource(access.core) });
  return {
    secrets: {
      secret: (namespace, name, signal) => source.secret(namespace, name, signal),
      serviceAccount: async (namespace, name, signal) => {
        const account = watch.isCurrent() ? watch.get(name, namespace) : undefined;
        if (account === undefined) return await source.serviceAccount(namespace, name, signal);
        return { kind: "found", imagePullSecrets: account.imagePullSecrets };
      },
    },
    notReady: watch.notReady,
    stop: watch.stop,
  };
}
