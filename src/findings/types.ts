import type { WorkloadIdentity } from "../workload/index.js";
import type { CauseCode } from "./catalogue.js";
import type { KubeletReason } from "./cause-entry.js";

/** The answer for one image. `unknown` is never a denial by default. */
export type Verdict = "pullable" | "unpullable" | "skipped" | "unknown";

/** Something worth a warning beside a verdict, which it does not change. `message` and `fix` as in {@link Finding}. */
export interface Advisory {
  readonly cause: CauseCode;
  readonly message: string;
  readonly fix: string | null;
}

/**
 * What Pullguard says about one distinct image of one workload. `message` is one line of plain text that names the
 * cause with its concrete values; `fix` is an imperative sentence or `null`.
 */
export interface Finding {
  readonly image: string;
  /** Normalised, or null where the name is invalid. */
  readonly reference: string | null;
  /** Digest of the manifest or index that the reference resolves to now. */
  readonly digest: string | null;
  readonly verdict: Verdict;
  readonly cause: CauseCode | null;
  readonly kubelet: { readonly reason: KubeletReason | null };
  readonly message: string;
  readonly fix: string | null;
  /** The most important first; absent where there is nothing. */
  readonly advisories?: readonly Advisory[];
  readonly workload: WorkloadIdentity;
  /** Every place that names this image. */
  readonly fieldPaths: readonly string[];
}
