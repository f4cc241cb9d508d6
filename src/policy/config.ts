import type { CauseCode } from "../findings/index.js";
import type { AddressRange } from "../registry/index.js";
import type { PodTemplatePath } from "../workload/index.js";
import type { ImagePattern } from "./image-pattern.js";
import type { LabelSelector } from "./selector.js";
import type { Action, Gravity, Mode } from "./types.js";

/** Which findings a rule is about; whatever is absent does not matter. */
export interface Match {
  readonly namespaceSelector?: LabelSelector;
  readonly images?: readonly ImagePattern[];
  /** Kinds of workload: `Deployment`, `Pod` … */
  readonly kinds?: readonly string[];
  readonly causes?: readonly CauseCode[];
  readonly verdicts?: readonly Gravity[];
}

/** The first rule that matches decides. */
export interface Rule {
  readonly name: string;
  readonly match: Match;
  readonly actions: readonly Action[];
}

/** Findings that are known and borne with, for so long. */
export interface Exemption {
  readonly name: string;
  readonly match: Match;
  readonly reason: string;
  /** As written. */
  readonly expires: string;
  /** From this moment on it no longer counts; milliseconds since the Unix epoch. */
  readonly expiresMs: number;
}

/** What may be dialled, beyond what is forbidden of itself. Hosts as in the registry client's address rules. */
export interface DialSettings {
  readonly allowCIDRs: readonly AddressRange[];
  readonly denyCIDRs: readonly AddressRange[];
  readonly allowHosts: readonly string[];
  readonly denyHosts: readonly string[];
}

/** Images under `prefix` (registry and path, whole parts) are to be had under `mirror` too. */
export interface MirrorSetting {
  readonly prefix: string;
  readonly mirror: string;
}

/** A Secret that may open the images, for workloads that name none. */
export interface PullSecretSetting {
  readonly images: readonly ImagePattern[];
  readonly secret: { readonly namespace: string; readonly name: string };
}

/** Which images a mutation is for; whatever is absent does not matter. */
export type MutationMatch = Pick<Match, "namespaceSelector" | "images" | "kinds">;

/** What `POST /mutate` may change; what is absent is off. */
export interface MutationSettings {
  readonly addPullSecret?: { readonly match: MutationMatch };
  readonly pinDigest?: { readonly match: MutationMatch };
  /** `Trust`: a mirror may stand in for a tag whose digest at the origin is not known. */
  readonly useMirror?: { readonly match: MutationMatch; readonly tags: "SameDigest" | "Trust" };
  /** For images by the tag `latest` (written or implied), by another tag, by digest; what is absent stays as it is. */
  readonly setPullPolicy?: { readonly match: MutationMatch; readonly policies: PullPolicySettings };
}

export interface PullPolicySettings {
  readonly latest?: "Always" | "IfNotPresent";
  readonly tag?: "Always" | "IfNotPresent";
  readonly digest?: "Always" | "IfNotPresent";
}

/** A valid PullguardConfig, defaults filled in; see docs/policy.md. */
export interface PullguardConfig {
  /** Actions where no rule matches; what is absent is up to the mode. */
  readonly defaults: { readonly [gravity in Gravity]?: readonly Action[] };
  readonly rules: readonly Rule[];
  readonly exemptions: readonly Exemption[];
  /** By kind of workload, the strictest action there is for it. */
  readonly enforcement: ReadonlyMap<string, Action>;
  readonly overrides: {
    readonly namespaceMode: "Allow" | "Stricter" | "Forbid";
    readonly skipAnnotation: "Allow" | "WarningsOnly" | "Forbid";
  };
  readonly deadlines: { readonly checkMs?: number };
  readonly registries: {
    readonly dial: DialSettings;
    readonly mirrors: readonly MirrorSetting[];
    readonly pullSecrets: readonly PullSecretSetting[];
  };
  readonly mutations: MutationSettings;
  /** Whether findings that are warned of become Events of their workload too. */
  readonly events: boolean;
  readonly podTemplates: readonly PodTemplatePath[];
}

/** A configuration with the mode that fills its gaps. */
export interface Policy {
  readonly config: PullguardConfig;
  readonly mode: Mode;
}

/** What holds where nobody has configured anything. */
export const emptyConfig: PullguardConfig = {
  defaults: {},
  rules: [],
  exemptions: [],
  enforcement: new Map(),
  overrides: { namespaceMode: "Allow", skipAnnotation: "WarningsOnly" },
  deadlines: {},
  registries: {
    dial: { allowCIDRs: [], denyCIDRs: [], allowHosts: [], denyHosts: [] },
    mirrors: [],
    pullSecrets: [],
  },
  mutations: {},
  events: false,
  podTemplates: [],
};
