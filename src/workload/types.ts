/** Which object of the cluster an image belongs to. `namespace` and `name` are "" where the object has none (yet). */
export interface WorkloadIdentity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export type PullPolicy = "Always" | "IfNotPresent" | "Never";

/** Where a Pod names an image: one entry a container or image volume. */
export interface ImageUse {
  /** Exactly as the manifest has it. */
  readonly image: string;
  /** From the object's root: `spec.template.spec.initContainers[0].image`. */
  readonly fieldPath: string;
  readonly role: "container" | "initContainer" | "ephemeralContainer" | "imageVolume";
  /** Container or volume name. */
  readonly name: string;
  /** As written, or as the API server would default it. */
  readonly pullPolicy: PullPolicy;
}

/** What of a Pod (or of a workload's Pod template) decides a pull. */
export interface PodPullSpec {
  readonly images: readonly ImageUse[];
  /** Names in order, as in the Pod; entries with an empty name are kept ("" blocks the ServiceAccount's list). */
  readonly imagePullSecrets: readonly string[];
  /** `default` where none is written. */
  readonly serviceAccountName: string;
  /** False for a Pod that the API server has already completed (its ServiceAccount's secrets are merged in). */
  readonly isTemplate: boolean;
  readonly nodeName?: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Required node affinity: one of the terms must hold. Absent: none is required. */
  readonly nodeAffinity?: readonly NodeSelectorTerm[];
  /** Absent: none. Those that a controller adds to its Pods are among them. */
  readonly tolerations?: readonly Toleration[];
  /** `spec.os.name`: `linux` or `windows`. */
  readonly os?: string;
}

/** `Unknown`: one of a Kubernetes newer than this program; it may hold for any node. */
export type SelectorOperator = "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" | "Unknown";

/** One condition on a label (or, in `fields`, on a field) of a node. */
export interface NodeRequirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}

/** Holds for a node that meets every requirement; one without any holds for none. */
export interface NodeSelectorTerm {
  readonly expressions: readonly NodeRequirement[];
  /** `metadata.name` is the only field that the API server accepts. */
  readonly fields: readonly NodeRequirement[];
}

/** Absent parts match everything: no key every taint, no effect every effect. */
export interface Toleration {
  readonly key?: string;
  readonly operator: "Exists" | "Equal";
  readonly value: string;
  readonly effect?: string;
}

/** How many Pods a workload brings, and how fast. */
export interface Rollout {
  /** Pods that are wanted at the same time; a DaemonSet wants one on each node. */
  readonly scale: number | "each-node";
  /** How an update goes on; absent: all Pods at once. Numbers of Pods, or shares of them such as `25%`. */
  readonly update?: { readonly maxUnavailable: number | string; readonly maxSurge: number | string };
  /** Also the first Pods come one after another. */
  readonly oneByOne?: true;
  /** A Deployment counts as failed when nothing has got on for so long. */
  readonly progressDeadlineSeconds?: number;
  /** A Pod or Job is ended after so long, pulls included. */
  readonly activeDeadlineSeconds?: number;
}

/** Where custom resources of one kind keep the templates of their Pods. */
export interface PodTemplatePath {
  /** `argoproj.io`; versions do not matter. */
  readonly apiGroup: string;
  readonly kind: string;
  /** From the object's root to the template; `[*]`: each entry of a list, `*`: each member of an object. */
  readonly path: readonly string[];
}

export interface Workload {
  readonly identity: WorkloadIdentity;
  readonly pod: PodPullSpec;
  /** Absent: one Pod, of which no more is known. */
  readonly rollout?: Rollout;
}
