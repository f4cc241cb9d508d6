import type { CauseCode } from "../findings/index.js";

/**
 * The simplest policy: `warn` allows everything with warnings; `deny` rejects a workload with an `unpullable` image;
 * `audit` only records; `off` does not even look. Also what the label `pullguard.dev/mode` of a namespace may say.
 */
export type Mode = "deny" | "warn" | "audit" | "off";

/** What a finding leads to, in the words of Kubernetes' ValidatingAdmissionPolicy; `Ignore` is nothing at all. */
export type Action = "Deny" | "Warn" | "Audit" | "Ignore";

/** What a finding is to a policy: certain failure, doubt, or something noticed beside a verdict. */
export type Gravity = "unpullable" | "unknown" | "advice";

/** What a policy may look at besides a finding. */
export interface PolicySubject {
  /** Labels of the namespace; undefined where they could not be read. */
  readonly namespaceLabels: Labels | undefined;
  /** Annotations of the workload, or of the template of its Pods. */
  readonly annotations: Labels;
}

/** Port: labels of namespaces, as a cluster has them. */
export interface NamespaceSource {
  /** Undefined where they cannot be read. Never rejects, and takes a short time at most. */
  labels(namespace: string, signal: AbortSignal): Promise<Labels | undefined>;
}

export type Labels = Readonly<Record<string, string>>;

/** One thing that the API server's audit log shall hold. */
export interface AuditEntry {
  readonly cause: CauseCode | null;
  readonly gravity: Gravity;
  readonly image: string;
  readonly message: string;
  /** What made it be recorded only: `rule NAME`, `exemption NAME: REASON` … */
  readonly by: string;
}

/**
 * What the findings of one admission request lead to. `warnings` obey Kubernetes' limits (no newline, 256 characters each,
 * 4096 in all). `denial` is present only when `allowed` is false; `audit` only where there is something to record.
 */
export interface Decision {
  readonly allowed: boolean;
  readonly warnings: readonly string[];
  readonly denial?: { readonly code: number; readonly reason: string; readonly message: string };
  readonly audit?: readonly AuditEntry[];
}
