import type { NearMiss, SecretReading } from "../credentials/index.js";
import type { ImageReference } from "../reference/index.js";

/** What the kubelet makes of one Secret, ready to be shown: no password is in it. */
export interface SecretExplanation {
  /** The file of `--pull-secret`; absent for a Secret that has a place in a cluster. */
  readonly file?: string;
  readonly namespace: string;
  /** "" where a file was given and nobody named the Secret. */
  readonly name: string;
  /** Absent where the Secret was not found or could not be read. */
  readonly type?: string;
  readonly reading: SecretReading;
  /** In the order of the text; empty unless the reading is `usable`. */
  readonly entries: readonly ShownEntry[];
  readonly image?: ImageExplanation;
}

/** One entry without its password. */
export interface ShownEntry {
  readonly key: string;
  readonly username: string;
  readonly hasPassword: boolean;
}

/** What the Secret does for one image. */
export interface ImageExplanation {
  readonly reference: ImageReference;
  /** The entries that apply, in the order in which the kubelet tries them. */
  readonly tried: readonly ShownEntry[];
  /** The keys that do not apply, the nearest miss first. */
  readonly misses: readonly NearMiss[];
  /** Keys of which it depends on the kubelet's version whether they apply; `tried` answers for older ones. */
  readonly versionDependent: readonly string[];
}
