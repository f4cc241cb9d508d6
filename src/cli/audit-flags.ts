import type { FailOn } from "./check-flags.js";
import type { NodeFlags } from "./node-view.js";

/** The formats of the report. */
export const auditFormats = ["table", "json", "html"] as const;
export type AuditFormat = (typeof auditFormats)[number];

/** The flags of `pullguard audit`, as commander names them. */
export interface AuditFlags extends NodeFlags {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly kubeconfig?: string;
  /** Of the kubeconfig, instead of its current one. */
  readonly context?: string;
  readonly layers?: boolean;
  readonly deadline: string;
  readonly output: AuditFormat;
  readonly failOn: FailOn;
  /** Also rows without any risk. */
  readonly all?: boolean;
  /** File with a PullguardConfig. */
  readonly config?: string;
}
