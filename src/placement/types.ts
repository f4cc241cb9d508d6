import type { NodeProfile, NodeState } from "../node/index.js";

/** A taint of a node; `effect` as Kubernetes writes it (`NoSchedule`, `PreferNoSchedule`, `NoExecute`). */
export interface NodeTaint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** A node that is there. */
export interface PlacedNode {
  readonly state: NodeState;
  readonly taints: readonly NodeTaint[];
  /** Cordoned: `spec.unschedulable`. */
  readonly unschedulable: boolean;
  /** What is known of it: one profile, or one for each runtime that it may run. The same objects for nodes alike. */
  readonly profiles: readonly NodeProfile[];
}

/** Nodes that somebody described and that need not be there yet: a pool that an autoscaler may fill. */
export interface NodePool {
  /** For people: `pool gpu`. */
  readonly name: string;
  /** What is known of their labels; they may have others. */
  readonly labels: Readonly<Record<string, string>>;
  /** Every node with these labels is of this pool or of one before it in the set; absent where more decides. */
  readonly decidedBy?: Readonly<Record<string, string>>;
  readonly taints: readonly NodeTaint[];
  readonly profiles: readonly NodeProfile[];
}

/** Every node and pool of a cluster at one moment. */
export interface NodeSet {
  readonly nodes: readonly PlacedNode[];
  /** The most specific first. */
  readonly pools: readonly NodePool[];
}
