import { type AuditedKind, auditedKinds, auditedReader, type Inventory } from "../audit/index.js";
import type { Clock } from "../core/index.js";
import { auditedResource } from "./audited-objects.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { type WatchEvent, watchObjects } from "./object-watch.js";

export interface AuditWatchDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly inventory: Inventory;
  readonly onEvent?: (
    event: WatchEvent & { readonly kind: WatchEvent["kind"]; readonly resource: AuditedKind },
  ) => void;
}

export interface AuditWatch {
  /** Whether every kind has been listed, or the API server has refused it. */
  isReady(): boolean;
  stop(): void;
}

/** Keeps an inventory of everything that runs Pods. A kind that must not be listed is left out. */
export function watchAudited({ access, clock, inventory, onEvent }: AuditWatchDeps): AuditWatch {
  const read = auditedReader();
  const watches = auditedKinds.map((kind) =>
    watchObjects({
      access,
      clock,
      resource: auditedResource(access, kind, read),
      onObject: ({ audited }, gone) => {
        if (audited !== undefined) inventory.note(audited, gone);
      },
      ...(onEvent === undefined ? {} : { onEvent: (event: WatchEvent) => onEvent({ ...event, resource: kind }) }),
    }),
  );
  return {
    isReady: () =>
      watches.every((watch) => watch.notReady() === undefined) && watches.some((watch) => watch.hasSynced()),
    stop: () => {
      for (const watch of watches) watch.stop();
    },
  };
}
