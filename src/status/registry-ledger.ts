import { LRUCache } from "lru-cache";
import type { RegistryStatus } from "./types.js";

/** What is known of a registry's breaker and budget; the registry client tells it. */
export type RegistryHealthView = Pick<RegistryStatus, "registry" | "consecutiveFailures"> &
  Required<Pick<RegistryStatus, "inFlight" | "queued" | "state">> &
  Pick<RegistryStatus, "lastFaultKind" | "lastSuccessMs" | "retryAtMs" | "pausedUntilMs">;

/** Keeps count of what registries answered. */
export interface RegistryLedger {
  /** @param request.status absent: no answer came */
  request(
    request: { readonly registry: string; readonly status?: number; readonly fault?: string },
    atMs: number,
  ): void;
  rateLimit(registry: string, reading: { readonly remaining: number; readonly limit?: number }, atMs: number): void;
  /** Those in trouble first, then by name. `health`: what else is known of them. */
  list(health?: readonly RegistryHealthView[]): readonly RegistryStatus[];
}

const maxRegistries = 200;

/** At most 200 registries: those that were asked last. */
export function createRegistryLedger(): RegistryLedger {
  const known = new LRUCache<string, RegistryStatus>({ max: maxRegistries });
  const of = (registry: string): RegistryStatus =>
    known.get(registry) ?? { registry, consecutiveFailures: 0, requests: 0, faults: 0 };
  return {
    request: ({ registry, status, fault }, atMs) => {
      const before = of(registry);
      const counted = { ...before, requests: before.requests + 1 };
      // Whoever asked has gone: that says nothing of the registry.
      if (fault === "aborted") known.set(registry, counted);
      else if (status !== undefined) known.set(registry, { ...counted, consecutiveFailures: 0, lastSuccessMs: atMs });
      else {
        const { faults, consecutiveFailures } = before;
        const failed = { faults: faults + 1, consecutiveFailures: consecutiveFailures + 1 };
        known.set(registry, { ...counted, ...failed, ...(fault === undefined ? {} : { lastFaultKind: fault }) });
      }
    },
    rateLimit: (registry, { remaining, limit }, atMs) => {
      const rateLimit = { remaining, ...(limit === undefined ? {} : { limit }), atMs };
      known.set(registry, { ...of(registry), rateLimit });
    },
    list: (health = []) => {
      const all = new Map([...known.values()].map((status) => [status.registry, status]));
      for (const view of health) {
        const counted = all.get(view.registry) ?? { requests: 0, faults: 0 };
        all.set(view.registry, { ...counted, ...view });
      }
      return [...all.values()].sort((a, b) => trouble(b) - trouble(a) || (a.registry < b.registry ? -1 : 1));
    },
  };
}

function trouble({ state, consecutiveFailures, rateLimit }: RegistryStatus): number {
  if (state === "open") return 4;
  if (state === "half-open") return 3;
  if (consecutiveFailures > 0) return 2;
  return rateLimit?.remaining === 0 ? 1 : 0;
}
