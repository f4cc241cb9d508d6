import type { NodeFlags } from "./node-view.js";

/** The flags of `pullguard check`, as commander names them. */
export interface CheckFlags extends NodeFlags {
  readonly filename?: readonly string[];
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly cluster: boolean;
  readonly pullSecret?: readonly string[];
  readonly deadline: string;
  /** False: what manifests list is not looked at. */
  readonly layers?: boolean;
  readonly output: "text" | "json";
}
