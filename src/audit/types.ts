import type { CauseCode, Finding, KubeletReason, Verdict } from "../findings/index.js";
import {
  type ImageUse,
  type PodPullSpec,
  type WorkloadIdentity,
  type WorkloadKindName,
  workloadKindNames,
} from "../workload/index.js";

/** The kinds of objects that are looked at. */
export const auditedKinds = workloadKindNames;
export type AuditedKind = WorkloadKindName;

/** The controller that an object belongs to. */
export interface ObjectOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** An image as the kubelet of a running Pod reports it. `imageId` as in the status, `registry.test/app@sha256:…` or without a name. */
export interface RunningImage {
  readonly container: string;
  readonly imageId: string;
}

/** What is kept of one object that runs Pods. Equal parts are shared between objects: there are a hundred thousand of them. */
export interface AuditedObject {
  readonly apiVersion: string;
  readonly kind: AuditedKind;
  readonly namespace: string;
  readonly name: string;
  /** "" for a Pod with an owner. */
  readonly uid: string;
  readonly owner?: ObjectOwner;
  /** Of a Pod without its node, unless it has no owner. */
  readonly spec: PodPullSpec;
  /** NaN where it is not told. */
  readonly createdMs: number;
  /** No Pod will come of it any more, or it has ended. */
  readonly isOver: boolean;
  /** Of a Pod: the node it is on ("" for none) and what its containers run. */
  readonly node: string;
  readonly running: readonly RunningImage[];
}

/** One image of one container of one workload, with everything that decides whether it can be pulled again. */
export interface AuditSubject {
  readonly workload: WorkloadIdentity;
  readonly uid: string;
  readonly use: ImageUse;
  readonly spec: PodPullSpec;
  /** Subjects with the same key have the same answer. */
  readonly question: string;
  /** What is asked of which registry: the normalised reference, or the name as written where it is none. */
  readonly image: string;
  /** Domain of the image, "" for what is no image name. */
  readonly registry: string;
  /** Has a tag and no digest, so that it may come to mean another image. */
  readonly isTag: boolean;
  readonly createdMs: number;
  /** Running Pods that use it. */
  readonly pods: number;
  /** The nodes they are on, at most a few. */
  readonly nodes: readonly string[];
  /** What those Pods run, each digest once, with the number of Pods. */
  readonly running: readonly { readonly imageId: string; readonly pods: number; readonly sinceMs: number }[];
}

/** What the engine says of one question. */
export interface AuditAnswer {
  readonly verdict: Verdict;
  readonly cause: CauseCode | null;
  readonly kubeletReason: KubeletReason | null;
  readonly message: string;
  readonly fix: string | null;
  readonly digest: string | null;
  readonly advisories: NonNullable<Finding["advisories"]>;
}

/** Digests by which the image that a tag names now may be known on a node. */
export interface CurrentDigests {
  /** Of index and manifests and configs. */
  readonly digests: readonly string[];
  /** False where a platform's own manifest was not read: a digest that is not listed proves nothing then. */
  readonly isComplete: boolean;
}

/** How bad it is: a new node fails for sure; it may; it does not, but something should be looked at; nothing. */
export type RiskLevel = "fails" | "may-fail" | "attention" | "none";

/** What else is worth knowing of an image that runs. */
export type RiskNote =
  /** The tag names another image than the one that Pods run. Digests; `pods` how many run another one. */
  | { readonly kind: "moved"; readonly running: readonly string[]; readonly now: string; readonly pods: number }
  /** The registry does not have it any more; these nodes still do. */
  | { readonly kind: "held-by"; readonly nodes: number; readonly names: readonly string[] }
  /** Something that the pull needs ends at this time (ISO 8601). */
  | { readonly kind: "expires"; readonly what: ExpiringThing; readonly name: string; readonly at: string }
  | { readonly kind: "advice"; readonly cause: CauseCode; readonly message: string; readonly fix: string | null };

/** What can expire. `authority`: the root above a registry's certificate, wherever it was found. */
export type ExpiringThing = "certificate" | "intermediate" | "authority" | "credential";

/** One row of a report: an image of one workload. Times are ISO 8601, null where they are not known. */
export interface WorkloadRisk {
  readonly workload: WorkloadIdentity;
  /** Containers (and image volumes) that use it, in the workload's order. */
  readonly containers: readonly string[];
  readonly fieldPaths: readonly string[];
  /** As written. */
  readonly image: string;
  readonly reference: string | null;
  readonly registry: string;
  /** What the reference names now. */
  readonly digest: string | null;
  readonly risk: RiskLevel;
  readonly verdict: Verdict;
  readonly cause: CauseCode | null;
  readonly kubelet: { readonly reason: KubeletReason | null };
  readonly message: string;
  readonly fix: string | null;
  readonly notes: readonly RiskNote[];
  /** Running Pods that use it. */
  readonly pods: number;
  /** When this was first found, and last. */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
}

/** One image, whoever uses it. */
export interface ImageRisk {
  readonly image: string;
  readonly registry: string;
  readonly digest: string | null;
  readonly risk: RiskLevel;
  readonly workloads: number;
  readonly workloadsAtRisk: number;
  readonly pods: number;
  /** Causes of what is wrong, the most frequent first. */
  readonly causes: readonly CauseCode[];
  readonly lastAsked: string | null;
}

/** A finding that is over. */
export interface ResolvedFinding {
  readonly image: string;
  readonly workloads: readonly WorkloadIdentity[];
  readonly cause: CauseCode | null;
  readonly firstSeen: string;
  readonly resolved: string;
}

/** Something that ends by itself. `expires` null: its end is not visible from outside; `note` says why. */
export interface ExpiryForecast {
  readonly what: ExpiringThing;
  readonly registry: string;
  /** Subject of a certificate; Secret and key of a credential. */
  readonly name: string;
  readonly expires: string | null;
  readonly note: string | null;
}

/** Everything that an audit says at one moment. */
export interface AuditReport {
  readonly generated: string;
  readonly summary: {
    readonly workloads: number;
    readonly workloadsAtRisk: number;
    readonly pods: number;
    readonly images: number;
    readonly questions: number;
    /** Rows that nobody has asked about yet. */
    readonly pending: number;
    readonly risks: Readonly<Record<RiskLevel, number>>;
    readonly verdicts: Readonly<Record<Verdict, number>>;
  };
  /** The worst first. */
  readonly workloads: readonly WorkloadRisk[];
  readonly images: readonly ImageRisk[];
  readonly resolved: readonly ResolvedFinding[];
  readonly forecasts: readonly ExpiryForecast[];
  /** Kinds that could not be listed and are left out, in plural, each with why; absent where nobody noted it. */
  readonly notListed?: readonly { readonly resource: string; readonly reason: string }[];
}
