/** First and longest pause after a failed pull. Source: Kubernetes pkg/kubelet/kubelet.go `imageBackOffPeriod`, `MaxImageBackOff`. */
export const backOffLimits = { firstMs: 10_000, longestMs: 300_000 } as const;

interface Entry {
  pauseMs: number;
  updatedMs: number;
}

/**
 * The kubelet's back-off, one entry for each Pod and image as written. A failure doubles the pause, from 10 s to 300 s;
 * a success leaves the entry as it is; an entry that nothing touched for more than twice the longest pause counts as gone.
 * Source: client-go util/flowcontrol/backoff.go; Kubernetes pkg/kubelet/images/image_manager.go `pullImage`.
 */
export class PullBackOff {
  readonly #entries = new Map<string, Entry>();

  /** A pull failed at `nowMs`. */
  next(key: string, nowMs: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || expired(entry, nowMs)) {
      this.#entries.set(key, { pauseMs: backOffLimits.firstMs, updatedMs: nowMs });
      return;
    }
    entry.pauseMs = Math.min(entry.pauseMs * 2, backOffLimits.longestMs);
    entry.updatedMs = nowMs;
  }

  /** Whether the pause after the last failure is still on. */
  isPaused(key: string, nowMs: number): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined || expired(entry, nowMs)) return false;
    return nowMs - entry.updatedMs < entry.pauseMs;
  }
}

function expired({ updatedMs }: Entry, nowMs: number): boolean {
  return nowMs - updatedMs > 2 * backOffLimits.longestMs;
}
