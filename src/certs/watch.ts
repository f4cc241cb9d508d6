import type { Clock } from "../core/index.js";
import { loadServingPair, type ServingPair } from "./files.js";

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
  const { directory, intervalMs, clock } = options;
  const listeners = new Set<(pair: ServingPair) => void>();
  const stopping = new AbortController();
  let pair = await loadServingPair(directory, clock);
  let lastFault = "";

  const look = async (): Promise<void> => {
    try {
      const found = await loadServingPair(directory, clock);
      lastFault = "";
      if (found.certificatePem === pair.certificatePem && found.keyPem.reveal() === pair.keyPem.reveal()) {
        return;
      }
      // A listener may refuse what only OpenSSL can judge; the old pair then stays.
      for (const listener of listeners) {
        listener(found);
      }
      pair = found;
      options.onReload?.({ kind: "reloaded", pair: found });
    } catch (error) {
      const fault = String(error);
      if (fault !== lastFault) {
        lastFault = fault;
        options.onReload?.({ kind: "kept", error });
      }
    }
  };

  const follow = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(intervalMs, stopping.signal);
      // What an `onReload` throws must not end the watch.
      await look().catch(() => undefined);
    }
  };
  // Only the cancelled sleep gets out of the loop.
  follow().catch(() => undefined);

  return {
    current: () => pair,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => stopping.abort(),
  };
}
