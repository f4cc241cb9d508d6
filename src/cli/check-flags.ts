/** The flags of `pullguard check`, as commander names them. */
export interface CheckFlags {
  readonly filename?: readonly string[];
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly cluster: boolean;
  readonly pullSecret?: readonly string[];
  readonly platform?: string;
  readonly runtime?: string;
  readonly nodeRoot?: string;
  /** Files with NodePullProfiles. */
  readonly nodeProfile?: readonly string[];
  /** `none`, `unknown` or the path of a file. */
  readonly nodeCredentials: string;
  /** Whether the cluster is asked for its Nodes. */
  readonly nodes: "cluster" | "none";
  readonly deadline: string;
  readonly output: "text" | "json";
}
