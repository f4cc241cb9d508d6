import { oneOf, type RegistryLabels } from "./labels.js";
import type { Meters } from "./meters.js";
import { circuitStates } from "./metric-definitions.js";

/** How one registry fares, as the circuit breaker sees it. */
export interface RegistryGauges {
  readonly registry: string;
  readonly state: string;
  readonly inFlight: number;
  readonly queued: number;
}

/** One image of one container of one workload. `reason`: the cause. */
export interface UnpullableImage {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly container: string;
  readonly image: string;
  readonly reason: string;
}

/** What is read at each scrape; what is absent is not exposed. */
export interface MetricsView {
  readonly ready?: () => boolean;
  readonly certificateExpiryMs?: () => number | undefined;
  /** The leases that this replica stands for, and whether it holds them. Names are this program's own. */
  readonly leases?: () => readonly { readonly lease: string; readonly isHeld: boolean }[];
  readonly admissions?: () => { readonly inFlight: number; readonly queued: number };
  readonly registries?: () => readonly RegistryGauges[];
  /** Names are this program's own. */
  readonly caches?: () => readonly { readonly cache: string; readonly entries: number; readonly bytes?: number }[];
  /** Images of workloads that a new node could not pull, as an audit found them; at most a thousand. */
  readonly unpullable?: () => readonly UnpullableImage[];
  readonly nodes?: () => { readonly covered: number; readonly uncovered: number } | undefined;
}

/** The views of one set of meters. */
export interface Views {
  add(view: MetricsView): void;
  /** Sets the gauges to what the views say now. */
  read(): void;
}

export function createViews(meters: Meters, registries: RegistryLabels): Views {
  const views: MetricsView[] = [];
  const states = new Set<string>(circuitStates);
  const read = (view: MetricsView): void => {
    if (view.ready !== undefined) meters.ready.set(view.ready() ? 1 : 0);
    const expiryMs = view.certificateExpiryMs?.();
    if (expiryMs !== undefined) meters.certificateExpiry.set(expiryMs / 1000);
    for (const { lease, isHeld } of view.leases?.() ?? []) meters.leader.set({ lease }, isHeld ? 1 : 0);
    if (view.admissions !== undefined) readAdmissions(view.admissions());
    for (const { cache, entries, bytes } of view.caches?.() ?? []) readCache(cache, entries, bytes);
    readNodes(view.nodes?.());
    readUnpullable(view);
    if (view.registries !== undefined) readRegistries(view.registries());
  };

  function readAdmissions({ inFlight, queued }: ReturnType<NonNullable<MetricsView["admissions"]>>): void {
    meters.admissionsInFlight.set(inFlight);
    meters.admissionsQueued.set(queued);
  }

  function readCache(cache: string, entries: number, bytes: number | undefined): void {
    meters.cacheEntries.set({ cache }, entries);
    if (bytes !== undefined) meters.cacheBytes.set({ cache }, bytes);
  }

  function readNodes(nodes: ReturnType<NonNullable<MetricsView["nodes"]>>): void {
    if (nodes === undefined) return;
    meters.nodes.set({ covered: "true" }, nodes.covered);
    meters.nodes.set({ covered: "false" }, nodes.uncovered);
  }

  function readUnpullable({ unpullable }: MetricsView): void {
    if (unpullable === undefined) return;
    meters.workloadUnpullable.reset();
    for (const image of unpullable()) meters.workloadUnpullable.set({ ...image }, 1);
  }

  function readRegistries(list: readonly RegistryGauges[]): void {
    // Registries come and go; what nobody knows any more shall not stand there for good.
    meters.registryState.reset();
    meters.registryInFlight.reset();
    meters.registryQueued.reset();
    for (const { registry: name, state: said, inFlight, queued } of list) {
      const registry = registries.of(name);
      meters.registryInFlight.inc({ registry }, inFlight);
      meters.registryQueued.inc({ registry }, queued);
      // Of many that share a label no one state is theirs.
      if (registry === "other") continue;
      const is = oneOf(states, said);
      for (const state of circuitStates) {
        if (state !== "other" || is === "other") meters.registryState.set({ registry, state }, state === is ? 1 : 0);
      }
    }
  }

  return {
    add: (view) => {
      views.push(view);
    },
    read: () => {
      for (const view of views) read(view);
    },
  };
}
