import type { CredentialOrigin, RegistryCredential } from "../credentials/index.js";
import type { RegistryHost } from "../node/index.js";
import type { Descriptor } from "../oci/index.js";
import type { ImageReference } from "../reference/index.js";
import type { AuthRefusal, TransportFault } from "../registry/index.js";

/** Why one host did not give the manifest. */
export type FailureReason =
  | { readonly kind: "not-found"; readonly object: string }
  | {
      readonly kind: "status";
      readonly status: number;
      readonly retryAfterSeconds?: number;
      readonly authorization: "none" | "basic" | "bearer";
      readonly challenges: readonly string[];
      readonly errors: readonly { readonly code: string; readonly message: string }[];
    }
  | { readonly kind: "fault"; readonly fault: TransportFault }
  | { readonly kind: "refused"; readonly refusal: AuthRefusal }
  | { readonly kind: "manifest-too-large"; readonly sizeBytes: number };

export interface HostFailure {
  readonly host: RegistryHost;
  readonly reason: FailureReason;
}

/** What is wrong with the manifest that the hosts serve. Digests are those of the reference's chain. */
export type ContentProblem =
  | { readonly kind: "digest-mismatch"; readonly expected: string; readonly actual: string }
  | {
      readonly kind: "size-mismatch";
      readonly digest: string;
      readonly declaredBytes: number;
      readonly actualBytes: number;
    }
  | { readonly kind: "empty"; readonly digest: string }
  | { readonly kind: "invalid-digest-header"; readonly header: string }
  | { readonly kind: "unreadable"; readonly digest: string; readonly reason: string }
  /** `part`: the type is that of a config or layer that the manifest names; absent: the manifest's own. */
  | {
      readonly kind: "unsupported-type";
      readonly digest: string;
      readonly mediaType: string;
      readonly part?: "config" | "layer";
    }
  | { readonly kind: "schema1"; readonly digest: string }
  | { readonly kind: "nested-too-deep"; readonly digest: string }
  | { readonly kind: "platform-missing"; readonly wanted: string; readonly offered: readonly string[] }
  | { readonly kind: "platform-unknown"; readonly offered: readonly string[] }
  | { readonly kind: "child-missing"; readonly digest: string }
  /** No host serves the blob. */
  | { readonly kind: "blob-missing"; readonly blob: BlobPlace }
  /** `actualBytes` absent: the descriptor says 0, which the runtime refuses without asking. */
  | {
      readonly kind: "blob-size";
      readonly blob: BlobPlace;
      readonly declaredBytes: number;
      readonly actualBytes?: number;
    }
  | { readonly kind: "blob-digest"; readonly blob: BlobPlace; readonly actual: string }
  | { readonly kind: "config-unreadable"; readonly digest: string; readonly reason: string }
  /** Manifest and config disagree about how many layers there are. */
  | { readonly kind: "layer-count"; readonly layers: number; readonly diffIds: number }
  /** A chart, a signature, a module …; `mediaType` says which. */
  | { readonly kind: "not-an-image"; readonly mediaType: string }
  | { readonly kind: "layer-type"; readonly blob: BlobPlace; readonly mediaType: string }
  /** The runtime refuses images for another operating system. */
  | { readonly kind: "system-mismatch"; readonly os: string }
  /** The layer's archive is not the one that the config lists. */
  | { readonly kind: "layer-diff-id"; readonly blob: BlobPlace; readonly expected: string; readonly actual: string }
  /** The layer cannot be unpacked; `reason` is worded as the runtime words it. */
  | { readonly kind: "layer-unpack"; readonly blob: BlobPlace; readonly reason: string };

/** Which blob of an image. Layers count from 0. */
export type BlobPlace =
  | { readonly kind: "config"; readonly digest: string }
  | { readonly kind: "layer"; readonly index: number; readonly count: number; readonly digest: string };

/** Something worth telling about an image that can be pulled. */
export type ContentAdvice =
  /** What the config says it is for, and what the nodes are. */
  | { readonly kind: "architecture"; readonly image: string; readonly node: string }
  /** The pull succeeds, but there is nothing to start a container from. */
  | { readonly kind: "artifact"; readonly mediaType: string }
  /** A name in a layer leads out of the image; the runtime keeps it inside. */
  | { readonly kind: "layer-escape"; readonly blob: BlobPlace; readonly path: string };

/** What was found out about the blobs of an image that can be pulled. */
export interface ImageContent {
  /** Digests of the unpacked layers, as the config lists them; absent where the config was not read. */
  readonly diffIds?: readonly string[];
  readonly advices: readonly ContentAdvice[];
}

/** What the registry knows about a repository whose tag is missing; only what one extra request told. */
export interface NotFoundHints {
  readonly repository: "exists" | "missing" | "unknown";
  /** Up to three tags that look like the one asked for, best first. */
  readonly similarTags: readonly string[];
}

/** The manifest that a node of the asked platform ends up with; sizes as declared, in bytes. */
export interface ResolvedImage {
  readonly manifestDigest: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** Set where the manifest says that it is no container image. */
  readonly artifactType?: string;
}

/** One try with one credential (or none), as the runtime would make it. */
export type PullAttempt =
  | {
      readonly kind: "pulled";
      readonly digest: string;
      readonly mediaType: string;
      readonly via: RegistryHost;
      /** Platforms of an index, formatted; absent for a single manifest. */
      readonly platforms?: readonly string[];
      /** Absent where no single manifest was read: an index for a platform that nobody named, schema 1. */
      readonly image?: ResolvedImage;
      /** Why the manifest was left unread although it could have been had: few pulls are left. */
      readonly unread?: "rate-limit";
      /** Absent where the blobs were not looked at. */
      readonly content?: ImageContent;
    }
  | {
      readonly kind: "failed";
      readonly credential?: CredentialOrigin;
      /** The failure whose error the runtime reports. */
      readonly shown: HostFailure;
      /** Every host's failure, in order. */
      readonly failures: readonly HostFailure[];
      readonly hints?: NotFoundHints;
      /** Present: a node may be served what Pullguard was not; why, for people. */
      readonly doubt?: string;
    }
  | {
      readonly kind: "content";
      readonly credential?: CredentialOrigin;
      /** What the reference resolved to, or undefined where not even that is usable. */
      readonly digest?: string;
      readonly via: RegistryHost;
      readonly problem: ContentProblem;
      /** Present: it is not certain that this runtime minds; why, for people. */
      readonly doubt?: string;
    }
  | { readonly kind: "no-hosts" }
  /** The manifest is sound; a layer that was to be read as a whole could not be. `reason` is for people. */
  | { readonly kind: "unverified"; readonly blob: BlobPlace; readonly reason: string }
  /** The deadline came first. `waitingFor` is the host that had not answered; absent when none was asked yet. */
  | { readonly kind: "unfinished"; readonly waitingFor?: string };

/** What a node of one profile would experience for one image. */
export type PullOutcome =
  /** `identity`: of the credential that led to it, `anonymous` for none. */
  | {
      readonly kind: "pulled";
      readonly attempt: PulledAttempt;
      readonly identity: string;
      /** Which of the question's credentials it was; absent: the first. */
      readonly credentialIndex?: number;
    }
  /** Every credential's attempt, in the kubelet's order; at least one. */
  | { readonly kind: "failed"; readonly attempts: readonly FailedAttempt[] };

export type PulledAttempt = Extract<PullAttempt, { kind: "pulled" }>;
export type FailedAttempt = Exclude<PullAttempt, { kind: "pulled" }>;

/** Everything that decides one prediction. Equal questions have equal answers, whoever asks with the same credentials. */
export interface PullQuestion {
  readonly reference: ImageReference;
  /** Every credential the kubelet would try, in order; one `undefined` for an anonymous pull. */
  readonly credentials: readonly (RegistryCredential | undefined)[];
  readonly hosts: readonly RegistryHost[];
}
