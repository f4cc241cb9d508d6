/** `warn`: everything is allowed, with warnings. `deny`: a workload with an `unpullable` image is rejected. */
export type Mode = "warn" | "deny";

/**
 * What the findings of one admission request lead to. `warnings` obey Kubernetes' limits (no newline, 256 characters each,
 * 4096 in all). `denial` is present only when `allowed` is false.
 */
export interface Decision {
  readonly allowed: boolean;
  readonly warnings: readonly string[];
  readonly denial?: { readonly code: number; readonly reason: string; readonly message: string };
}
