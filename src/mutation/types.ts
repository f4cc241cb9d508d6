import type { PullSecret, SecretSource } from "../credentials/index.js";
import type { Finding } from "../findings/index.js";
import type { Workload } from "../workload/index.js";

/** Port: what would become of a workload's images; the use case of check/ without its summary. */
export type AskPulls = (workload: Workload, signal: AbortSignal) => Promise<readonly Finding[]>;

/** `unreadable`: Pullguard may not list them; `reason` is for people. */
export type PullSecretListing =
  | { readonly kind: "listed"; readonly secrets: readonly PullSecret[] }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Port: the pull secrets that a namespace has. Never rejects. */
export type ListPullSecrets = (namespace: string, signal: AbortSignal) => Promise<PullSecretListing>;

export interface MutationDeps {
  readonly ask: AskPulls;
  /** ServiceAccounts, and Secrets by name. */
  readonly secrets: SecretSource;
  readonly listPullSecrets: ListPullSecrets;
}

/** One workload of an object, and what of it the API server lets a webhook change. */
export interface MutationTarget {
  /** With all of its images. */
  readonly workload: Workload;
  /** Field paths of the images that the request brings in; no other is touched. */
  readonly changeable: ReadonlySet<string>;
  /** Whether imagePullPolicy may be changed. */
  readonly pullPolicy: boolean;
  /** Whether imagePullSecrets may be changed. */
  readonly pullSecrets: boolean;
}

/** The workload as it should be, the very same object where nothing changes, and a line about each change or refusal. */
export interface MutationResult {
  readonly workload: Workload;
  readonly notes: readonly string[];
}
