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
  /** `none`, `unknown` or the path of a file. */
  readonly nodeCredentials: string;
  readonly deadline: string;
  /** False: what manifests list is not looked at. */
  readonly layers?: boolean;
  readonly output: "text" | "json";
}
