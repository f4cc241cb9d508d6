import type { Finding } from "../findings/index.js";

/** How one registry fares. Times are milliseconds since the Unix epoch. */
export interface RegistryStatus {
  /** `host[:port]` as in a URL. */
  readonly registry: string;
  /** Of its circuit breaker; absent where nothing keeps requests back. */
  readonly state?: "closed" | "open" | "half-open";
  readonly inFlight?: number;
  readonly queued?: number;
  /** In a row, without an answer. */
  readonly consecutiveFailures: number;
  readonly requests: number;
  /** Requests without an answer. */
  readonly faults: number;
  readonly lastFaultKind?: string;
  readonly lastSuccessMs?: number;
  readonly retryAtMs?: number;
  readonly pausedUntilMs?: number;
  /** What it last said of the pulls that are left to whoever asked last. */
  readonly rateLimit?: { readonly remaining: number; readonly limit?: number; readonly atMs: number };
}

/** Something that was found for an admission, as often as it was found again. */
export interface RecentFinding {
  readonly atMs: number;
  readonly times: number;
  readonly image: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly verdict: Finding["verdict"];
  readonly cause: string | null;
  readonly message: string;
}

/** Everything that `/statusz` tells, at one moment. */
export interface Status {
  readonly version: string;
  readonly nowMs: number;
  readonly startedMs: number;
  /** What keeps this replica from being ready; none: it is. */
  readonly notReady: readonly { readonly name: string; readonly reason: string }[];
  readonly certificate?: { readonly notAfterMs: number; readonly fingerprint256: string; readonly names: string };
  readonly leases: readonly { readonly lease: string; readonly isHeld: boolean }[];
  readonly configuration: ConfigurationStatus;
  readonly cache: CacheStatus;
  readonly registries: readonly RegistryStatus[];
  readonly watches: readonly WatchStatus[];
  /** Absent where no cluster is watched. */
  readonly nodes?: NodesStatus;
  /** The newest first; those who may not see them are told their number only. */
  readonly findings: readonly RecentFinding[];
}

/** The PullguardConfig that counts. */
export interface ConfigurationStatus {
  readonly origin: "resource" | "file" | "none";
  readonly mode: string;
  readonly rules: number;
  readonly generation?: number;
  readonly sinceMs?: number;
  /** Why the newest one does not count. */
  readonly lastError?: { readonly atMs: number; readonly reason: string };
}

/** What the memory of predictions has been good for. */
export interface CacheStatus {
  readonly hits: number;
  readonly misses: number;
  readonly shared: number;
  readonly caches: readonly { readonly cache: string; readonly entries: number; readonly bytes?: number }[];
}

/** One kind of object that is followed. */
export interface WatchStatus {
  readonly resource: string;
  readonly isUp: boolean;
  readonly lastSyncMs?: number;
  readonly lastFault?: { readonly atMs: number; readonly reason: string };
}

/** How well the nodes are known. */
export interface NodesStatus {
  readonly covered: number;
  readonly uncovered: number;
  readonly profiles: readonly {
    readonly name: string;
    readonly nodes: number;
    readonly isHandWritten: boolean;
    readonly isAged: boolean;
    readonly confirmedMs?: number;
  }[];
}
