import { ApiException, CoordinationV1Api, type V1Lease, V1MicroTime } from "@kubernetes/client-node";
import type { AuditMembership } from "../audit/index.js";
import type { Clock } from "../core/index.js";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { faultOf } from "./object-watch.js";
import { withPatience } from "./patience.js";

export interface AuditMembersDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Namespace of the Leases. */
  readonly namespace: string;
  /** Different for every process. */
  readonly self: string;
  /** Hears why the Leases cannot be kept, in codes, once for each reason. */
  readonly onFault?: (reason: string) => void;
  readonly times?: MemberTimes;
}

/** Milliseconds. A member that cannot renew stops counting itself after `renewDeadlineMs`, sooner than others do. */
export interface MemberTimes {
  readonly leaseMs: number;
  readonly renewDeadlineMs: number;
  readonly renewMs: number;
}

export interface AuditMembers extends AuditMembership {
  /** Gives the Lease up, so that others take over at once. Never rejects. */
  stop(): Promise<void>;
}

export const usualMemberTimes: MemberTimes = { leaseMs: 15_000, renewDeadlineMs: 8_000, renewMs: 4_000 };
const memberLabel = "pullguard.dev/audit-member";
const labelSelector = `${memberLabel}=true`;
/** Leases of processes that did not say goodbye are removed after so many times their length. */
const forgetLeases = 20;

/** When another's Lease was last seen to change, by this process's clock. */
interface Sign {
  readonly renewed: string;
  readonly sinceMs: number;
}

/**
 * Keeps a Lease of its own and looks at the others'. Whether another is alive is judged by the time since this process saw its
 * Lease change, never by the times written in it: clocks of machines differ. Starts at once, never rejects.
 */
export function joinAudit(deps: AuditMembersDeps): AuditMembers {
  const { access, clock, self, namespace, times = usualMemberTimes } = deps;
  const api = access.config.makeApiClient(CoordinationV1Api);
  const stopping = new AbortController();
  const signs = new Map<string, Sign>();
  let renewedMs = Number.NEGATIVE_INFINITY;
  let isKnown = false;
  let own: V1Lease | undefined;
  let lastFault = "";

  const renew = async (signal: AbortSignal): Promise<void> => {
    const body = leaseOf(deps, times, own);
    const options = withSignal(signal);
    own =
      own === undefined
        ? await api.createNamespacedLease({ namespace, body }, options)
        : await api.replaceNamespacedLease({ namespace, name: self, body }, options);
  };
  const look = async (signal: AbortSignal): Promise<void> => {
    const { items } = await api.listNamespacedLease({ namespace, labelSelector }, withSignal(signal));
    const nowMs = clock.nowMs();
    const present = new Set<string>();
    for (const lease of items) {
      const name = lease.metadata?.name ?? "";
      present.add(name);
      const renewed = lease.metadata?.resourceVersion ?? "";
      if (signs.get(name)?.renewed !== renewed) signs.set(name, { renewed, sinceMs: nowMs });
      else if (name !== self && nowMs - (signs.get(name)?.sinceMs ?? nowMs) > forgetLeases * times.leaseMs) {
        await api.deleteNamespacedLease({ namespace, name }, withSignal(signal)).catch(() => undefined);
      }
    }
    for (const name of [...signs.keys()]) if (!present.has(name)) signs.delete(name);
  };
  const once = async (): Promise<void> => {
    const startedMs = clock.nowMs();
    try {
      await withPatience(clock, times.renewMs, renew, stopping.signal);
      await withPatience(clock, times.renewMs, look, stopping.signal);
      renewedMs = startedMs;
      isKnown = true;
      lastFault = "";
    } catch (error) {
      // Gone, or changed by somebody: made anew.
      if (error instanceof ApiException && (error.code === 404 || error.code === 409)) own = undefined;
      if (error instanceof ApiException && error.code === 409) await adopt();
      tellFault(error);
    }
  };
  const adopt = async (): Promise<void> => {
    own = await api.readNamespacedLease({ namespace, name: self }, withSignal(stopping.signal)).catch(() => undefined);
  };
  const tellFault = (error: unknown): void => {
    const { reason } = faultOf(error, access.server, "leases.coordination.k8s.io", "renew");
    if (reason === lastFault || stopping.signal.aborted) return;
    lastFault = reason;
    deps.onFault?.(reason);
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await once();
      await clock.sleep(times.renewMs, stopping.signal).catch(() => undefined);
    }
  };
  const done = run();

  return {
    self,
    members: () => {
      const nowMs = clock.nowMs();
      if (!isKnown || stopping.signal.aborted || nowMs - renewedMs >= times.renewDeadlineMs) return undefined;
      // A sign is seen a renewal late and judged a moment later, so that it is over within the lease.
      const aliveMs = times.leaseMs - 1.5 * times.renewMs;
      const alive = [...signs].filter(([name, { sinceMs }]) => name === self || nowMs - sinceMs < aliveMs);
      return [...new Set([self, ...alive.map(([name]) => name)])].sort();
    },
    stop: async () => {
      stopping.abort(new Error("stopped"));
      await done;
      const never = new AbortController();
      const removal = (signal: AbortSignal) => api.deleteNamespacedLease({ namespace, name: self }, withSignal(signal));
      await withPatience(clock, 2_000, removal, never.signal).catch(() => undefined);
    },
  };
}

function leaseOf(
  { self, namespace, clock }: AuditMembersDeps,
  { leaseMs }: MemberTimes,
  own: V1Lease | undefined,
): V1Lease {
  const resourceVersion = own?.metadata?.resourceVersion;
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: self,
      namespace,
      labels: { [memberLabel]: "true" },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: {
      holderIdentity: self,
      leaseDurationSeconds: Math.max(1, Math.round(leaseMs / 1000)),
      renewTime: new V1MicroTime(clock.nowMs()),
    },
  };
}
