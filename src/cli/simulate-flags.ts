import type { ClusterFlags } from "./chosen-cluster.js";

/** The flags of `pullguard simulate`, as commander names them. */
export interface SimulateFlags extends ClusterFlags {
  readonly filename?: readonly string[];
  readonly pullSecret?: readonly string[];
  readonly platform: string;
  readonly runtime?: string;
  readonly nodeRoot?: string;
  readonly nodeCredentials: string;
  readonly kubeletConfig?: string;
  readonly nodes: number;
  readonly bandwidth: string;
  readonly registryBandwidth?: string;
  /** `IMAGE=2GiB` each. */
  readonly size?: readonly string[];
  readonly rollout: "create" | "update" | "both";
  readonly deadline: string;
  readonly output: "text" | "json" | "svg";
  /** Path of a file for the timeline. */
  readonly svg?: string;
}
