import type { Clock } from "../core/index.js";
import { loadServingPair, type ServingPair } from "./files.js";
import { follow } from "./follow.js";

/** Where the pair lies and how often it is looked at. */
export interface WatchOptions {
  readonly directory: string;
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Hears each outcome that differs from the one before: a new pair, or why the files cannot be served. */
  readonly onReload?: (outcome: ReloadOutcome) => void;
}

export type ReloadOutcome =
  | { readonly kind: "reloaded"; readonly pair: ServingPair }
  | { readonly kind: "kept"; readonly error: unknown };

/** The newest pair that could be served. */
export interface WatchedPair {
  current(): ServingPair;
  onChange(listener: (pair: ServingPair) => void): () => void;
  stop(): void;
}

/**
 * Loads the pair of a folder and follows its changes by reading it again and again: file events do not come through the
 * symbolic links by which Kubernetes swaps a mounted Secret. A pair that cannot be served (half swapped, expired, wrong
 * key) leaves the last good one in place.
 * @throws PullguardError `CertificateInvalid` if there is no usable pair to begin with
 */
export async function watchServingPair(options: WatchOptions): Promise<WatchedPair> {
  const { directory, intervalMs, clock, onReload } = options;
  return await follow<ServingPair>({
    load: () => loadServingPair(directory, clock),
    isSame: (found, known) =>
      found.certificatePem === known.certificatePem && found.keyPem.reveal() === known.keyPem.reveal(),
    ...{ intervalMs, clock },
    onReload: (outcome) => onReload?.(outcome.kind === "kept" ? outcome : { kind: "reloaded", pair: outcome.found }),
  });
}
