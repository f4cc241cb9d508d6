import type { ConfigDocument } from "../../oci/index.js";
import type { ContentAdvice, ContentProblem, ResolvedImage } from "../types.js";

/**
 * What one runtime makes of the blobs that a manifest lists: which it downloads, which it unpacks, what it compares and
 * what it refuses. Pure; the only place that differs between runtimes and their versions once a manifest is read.
 */
export interface ContentRules {
  /** Judges the manifest by itself and says what the runtime does with each blob. */
  plan(image: ResolvedImage): BlobPlan;
  /** Judges the config against the manifest; undefined where the runtime is content with it. */
  judgeConfig(image: ResolvedImage, document: ConfigDocument): ContentProblem | DoubtfulProblem | undefined;
  /** Which hosts are asked for blobs: every one that is configured, in order, or just the one that gave the manifest. */
  readonly blobHosts: "every" | "manifest-host";
  /** Whether a blob's length must be the size in its descriptor. */
  readonly comparesSizes: boolean;
  /** Whether a descriptor of size 0 ends the pull. */
  readonly refusesSizeZero: boolean;
  /** Whether an unpacked layer must have the digest that the config lists for it; `unsure`: depends on the release. */
  readonly comparesDiffIds: boolean | "unsure";
  /** How the runtime reads a layer of this type; undefined: it cannot, or nobody can say (encrypted). */
  packingOf(mediaType: string): LayerPacking | undefined;
  readonly archive: ArchiveRules;
}

/** A problem of which it is not certain that this runtime minds it. */
export interface DoubtfulProblem {
  readonly kind: "doubtful";
  readonly problem: ContentProblem;
  /** Why, for people. */
  readonly doubt: string;
}

/** What happens to the blobs of one manifest. */
export interface BlobPlan {
  /** The runtime gives up on the manifest as it stands. */
  readonly problem?: ContentProblem | DoubtfulProblem;
  /** One for each layer of the manifest, in its order. */
  readonly layers: readonly LayerUse[];
  /** What is worth telling although the manifest can be pulled. */
  readonly advices: readonly ContentAdvice[];
}

/**
 * `unpacked`: downloaded and unpacked, `diffIndex` is its place in the config's list. `stored`: downloaded and kept.
 * `unused`: not even asked for.
 */
export type LayerUse =
  | { readonly kind: "unpacked"; readonly diffIndex: number }
  | { readonly kind: "stored" }
  | { readonly kind: "unused" };

/** `sniffed`: whichever of `formats` the first bytes show, else taken as it is. `plain`: never decompressed. */
export type LayerPacking =
  | { readonly kind: "plain" }
  | { readonly kind: "sniffed"; readonly formats: readonly CompressionFormat[] };

export type CompressionFormat = "gzip" | "zstd" | "bzip2" | "xz";

/** What the runtime's archive reader does with what an honest builder never writes. */
export interface ArchiveRules {
  /** A whiteout that names no file ends the pull; other readers remove the folder it stands in. */
  readonly refusesEmptyWhiteouts: boolean;
}
