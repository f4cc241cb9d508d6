import type { V1Lease } from "@kubernetes/client-node";
import { ApiException, CoordinationV1Api, V1MicroTime } from "@kubernetes/client-node";
import { textOf, timeOf } from "../core/index.js";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";

/** Who holds a Lease, and for how long after each renewal. Times in milliseconds since 1970, by the holder's clock. */
export interface LeaseRecord {
  /** "" where nobody does. */
  readonly holder: string;
  readonly durationMs: number;
  /** NaN where the Lease does not say. */
  readonly renewedMs: number;
  readonly acquiredMs: number;
  readonly transitions: number;
}

/** A record as the API server has it; `token` is what {@link LeaseStore.replace} needs to replace just this one. */
export interface StoredLease {
  readonly record: LeaseRecord;
  readonly token: unknown;
}

/**
 * One Lease. `lost`: somebody else was faster, which is no fault. Everything rejects with client-node's ApiException, the system's error
 * where nobody answers, or the signal's reason.
 */
export interface LeaseStore {
  read(signal: AbortSignal): Promise<StoredLease | undefined>;
  create(record: LeaseRecord, signal: AbortSignal): Promise<StoredLease | "lost">;
  replace(stored: StoredLease, record: LeaseRecord, signal: AbortSignal): Promise<StoredLease | "lost">;
}

/** The Lease of a cluster. What else its object holds (labels, a strategy) stays as it is. */
export function clusterLeaseStore(access: ClusterAccess, namespace: string, name: string): LeaseStore {
  const api = access.config.makeApiClient(CoordinationV1Api);
  return {
    read: async (signal) => {
      const lease = await api
        .readNamespacedLease({ namespace, name }, withSignal(signal))
        .catch(unless([404], undefined));
      return lease === undefined ? undefined : stored(lease);
    },
    create: async (record, signal) => {
      const body = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { namespace, name },
        spec: specOf(record),
      };
      const made = await api
        .createNamespacedLease({ namespace, body }, withSignal(signal))
        .catch(unless([409], "lost" as const));
      return made === "lost" ? made : stored(made);
    },
    replace: async ({ token }, record, signal) => {
      const lease = token as V1Lease;
      const body = { ...lease, spec: { ...lease.spec, ...specOf(record) } };
      // 404: it was deleted since it was read.
      const now = await api
        .replaceNamespacedLease({ namespace, name, body }, withSignal(signal))
        .catch(unless([404, 409], "lost" as const));
      return now === "lost" ? now : stored(now);
    },
  };
}

function stored(lease: V1Lease): StoredLease {
  const { holderIdentity, leaseDurationSeconds, leaseTransitions, renewTime, acquireTime } = lease.spec ?? {};
  return {
    record: {
      holder: textOf(holderIdentity),
      durationMs: (leaseDurationSeconds ?? 0) * 1000,
      renewedMs: timeOf(renewTime),
      acquiredMs: timeOf(acquireTime),
      transitions: leaseTransitions ?? 0,
    },
    token: lease,
  };
}

function specOf({ holder, durationMs, renewedMs, acquiredMs, transitions }: LeaseRecord) {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1000)),
    renewTime: new V1MicroTime(renewedMs),
    acquireTime: new V1MicroTime(Number.isNaN(acquiredMs) ? renewedMs : acquiredMs),
    leaseTransitions: transitions,
  };
}

function unless<T>(codes: readonly number[], answer: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof ApiException && codes.includes(error.code)) return answer;
    throw error;
  };
}
