import type { RegistryHost } from "../../node/index.js";
import type { Platform } from "../../oci/index.js";
import type { ImageReference, ReferenceGrammar } from "../../reference/index.js";
import type { RegistrySession } from "../../registry/index.js";
import type { ContentRules } from "../content/rules.js";
import type { PullAttempt, PulledAttempt, ResolvedImage } from "../types.js";

/**
 * How one runtime turns a reference into content. The only place that differs between runtimes and their versions;
 * nothing else in the project asks which runtime a node has.
 */
export interface PullDialect {
  /** Names everything that makes this dialect answer differently from another: part of the cache key. */
  readonly id: string;
  /** The runtime's own reference grammar; the kubelet may have another. */
  readonly grammar: ReferenceGrammar;
  /** What the runtime makes of the blobs that the manifest lists. */
  readonly content: ContentRules;
  /** The session of one attempt and of what is asked after it; absent: each 401 says how to authorize. */
  readonly session?: (session: RegistrySession) => RegistrySession;
  /**
   * The image that a tag most probably leads to, read on a shorter way than the attempt's; absent where there is none.
   * Nothing is concluded from it.
   */
  readAhead?(request: AttemptRequest, signal: AbortSignal): Promise<ResolvedImage | undefined>;
  /** One pull up to and including the manifest of the node's platform. Never rejects; an abort ends as `unfinished`. */
  attempt(request: AttemptRequest, signal: AbortSignal): Promise<PullAttempt>;
}

export interface AttemptRequest {
  readonly reference: ImageReference;
  /** In the node's order, the upstream registry usually last. */
  readonly hosts: readonly RegistryHost[];
  readonly platform: Platform | undefined;
  readonly session: RegistrySession;
  /** Manifests that the same credentials read from the same hosts before: content under a digest does not change. */
  readonly manifests: ManifestMemory;
  /** Hosts that have few pulls left: what a HEAD tells must do there. Absent: none. */
  readonly spares?: (host: RegistryHost) => boolean;
}

/** Remembers verified manifests by digest, for one identity, list of hosts and platform. */
export interface ManifestMemory {
  recall(digest: string): PulledAttempt | undefined;
  remember(attempt: PulledAttempt): void;
}
