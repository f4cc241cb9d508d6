import type { Finding, Verdict } from "../findings/index.js";
import type { Workload } from "../workload/index.js";

/** What is to be checked. Images that the caller knows to be unchanged are simply left out of `workloads`. */
export interface CheckInput {
  readonly workloads: readonly Workload[];
  /** Of the review that this is for, where there is one; for whoever is told of faults. */
  readonly uid?: string;
}

/** One finding for each distinct image of each workload, in the order of the input. */
export interface Report {
  readonly summary: Readonly<Record<Verdict, number>>;
  readonly findings: readonly Finding[];
}

/**
 * The use case shared by webhook and CLI. Never rejects for anything a registry, a Secret or an image name does: that
 * is what findings are for. When `signal` aborts, what is not known by then comes back as `unknown` at once.
 */
export type Check = (input: CheckInput, signal: AbortSignal) => Promise<Report>;
