import type { Clock } from "../core/index.js";

/** What is followed: read by `load`, which throws where it cannot be used. */
export interface FollowOptions<T> {
  readonly load: () => Promise<T>;
  readonly isSame: (found: T, known: T) => boolean;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly onReload?: (
    outcome: { readonly kind: "reloaded"; readonly found: T } | { readonly kind: "kept"; readonly error: unknown },
  ) => void;
}

/** The newest that could be used. */
export interface Followed<T> {
  current(): T;
  /** @returns stops the telling */
  onChange(listener: (found: T) => void): () => void;
  stop(): void;
}

/**
 * Loads and follows changes by loading again and again: file events do not come through the symbolic links by which
 * Kubernetes swaps a mounted Secret or ConfigMap. What cannot be used leaves the last good one in place; of equal faults in a
 * row the first is told.
 * @throws whatever `load` throws at the beginning
 */
export async function follow<T>(options: FollowOptions<T>): Promise<Followed<T>> {
  const { load, isSame, intervalMs, clock } = options;
  const stopping = new AbortController();
  const listeners = new Set<(found: T) => void>();
  let current = await load();
  let lastFault = "";
  const look = async (): Promise<void> => {
    try {
      const found = await load();
      lastFault = "";
      if (isSame(found, current)) return;
      // A listener may refuse what only OpenSSL can judge; the old one then stays.
      for (const listener of listeners) listener(found);
      current = found;
      options.onReload?.({ kind: "reloaded", found });
    } catch (error) {
      const fault = String(error);
      if (fault === lastFault) return;
      lastFault = fault;
      options.onReload?.({ kind: "kept", error });
    }
  };
  const lookOn = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(intervalMs, stopping.signal);
      // What an `onReload` throws must not end the watch.
      await look().catch(() => undefined);
    }
  };
  // Only the cancelled sleep gets out of the loop.
  lookOn().catch(() => undefined);
  return {
    current: () => current,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => stopping.abort(),
  };
}
