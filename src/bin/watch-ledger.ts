import type { Clock } from "../core/index.js";
import type { WatchStatus } from "../status/index.js";
import type { Metrics } from "../telemetry/index.js";

/** How the watches of a cluster fare. */
export interface WatchLedger {
  /** @param event.kind `synced`, or anything else for a fault */
  note(resource: string, event: { readonly kind: string; readonly reason?: string }): void;
  list(): readonly WatchStatus[];
}

/** Remembers and counts; a resource is known from its first event on. */
export function createWatchLedger(clock: Clock, metrics: Metrics | undefined): WatchLedger {
  const known = new Map<string, WatchStatus>();
  return {
    note: (resource, { kind, reason = "it broke off" }) => {
      const atMs = clock.nowMs();
      const before = known.get(resource) ?? { resource, isUp: false };
      if (kind === "synced") {
        metrics?.watchSynced(resource, atMs);
        known.set(resource, { ...before, isUp: true, lastSyncMs: atMs });
        return;
      }
      metrics?.watchFault(resource);
      known.set(resource, { ...before, isUp: false, lastFault: { atMs, reason } });
    },
    list: () => [...known.values()],
  };
}
