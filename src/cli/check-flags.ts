import type { ClusterFlags } from "./chosen-cluster.js";
import type { NodeFlags } from "./node-view.js";

/** The formats of the report. `github`: workflow commands of GitHub Actions. */
export const outputFormats = ["text", "json", "sarif", "junit", "github"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** The mildest verdict that makes the exit code another than 0. */
export const failures = ["never", "unpullable", "unknown"] as const;
export type FailOn = (typeof failures)[number];

/** The flags of `pullguard check`, as commander names them. */
export interface CheckFlags extends NodeFlags, ClusterFlags {
  readonly filename?: readonly string[];
  readonly pullSecret?: readonly string[];
  /** Files with NodePullProfiles. */
  readonly nodeProfile?: readonly string[];
  /** Whether the cluster is asked for its Nodes. */
  readonly nodes?: "cluster" | "none";
  /** False: what manifests list is not looked at. */
  readonly layers?: boolean;
  readonly deadline?: string;
  readonly output: OutputFormat;
  readonly failOn: FailOn;
  /** File with a PullguardConfig. */
  readonly config?: string;
  /** `Kind.group=path`, as written. */
  readonly podTemplatePath?: readonly string[];
}
