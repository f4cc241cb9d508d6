import { joinBundles, parseBundle, renderBundle, type TrustedAuthority } from "./bundle.js";
import type { BundleHolder } from "./ports.js";

/** A CA that somebody else put there stays trusted for so long after it was seen: replicas of a former installation still serve. */
const foreignMs = 5 * 60_000;

/** Which CAs the webhook configurations hold, since when, and what they should hold. Times by a clock that nobody sets. */
export class Publication {
  readonly #steadyMs: () => number;
  readonly #heldSinceMs = new Map<string, number>();
  readonly #foreignSinceMs = new Map<string, number>();

  constructor(steadyMs: () => number) {
    this.#steadyMs = steadyMs;
  }

  /** Takes note of what the configurations hold now. */
  observe(holders: readonly BundleHolder[], own: readonly TrustedAuthority[]): void {
    const nowMs = this.#steadyMs();
    const held = holders.flatMap(({ bundles }) => bundles.map((text) => new Set(fingerprints(text))));
    for (const { fingerprint256 } of own) {
      if (!held.every((bundle) => bundle.has(fingerprint256))) this.#heldSinceMs.delete(fingerprint256);
      else if (!this.#heldSinceMs.has(fingerprint256)) this.#heldSinceMs.set(fingerprint256, nowMs);
    }
    const ours = new Set(own.map(({ fingerprint256 }) => fingerprint256));
    for (const fingerprint of new Set(held.flatMap((bundle) => [...bundle]))) {
      // One of ours becomes foreign when it leaves the Secret, not when it was seen first.
      if (ours.has(fingerprint)) this.#foreignSinceMs.delete(fingerprint);
      else if (!this.#foreignSinceMs.has(fingerprint)) this.#foreignSinceMs.set(fingerprint, nowMs);
    }
  }

  /** Milliseconds since every webhook holds this CA; undefined where one does not. */
  heldForMs(fingerprint256: string): number | undefined {
    const sinceMs = this.#heldSinceMs.get(fingerprint256);
    return sinceMs === undefined ? undefined : this.#steadyMs() - sinceMs;
  }

  /** The bundle that a configuration should hold; the same text as it has where nothing is to do. */
  wanted(holder: BundleHolder, own: readonly TrustedAuthority[], wallMs: number): string {
    const nowMs = this.#steadyMs();
    const foreign = holder.bundles.flatMap(parseBundle).filter(({ fingerprint256, notAfterMs }) => {
      const sinceMs = this.#foreignSinceMs.get(fingerprint256) ?? nowMs;
      return wallMs < notAfterMs && nowMs - sinceMs < foreignMs;
    });
    return renderBundle(joinBundles(own, foreign));
  }
}

function fingerprints(text: string): readonly string[] {
  return parseBundle(text).map(({ fingerprint256 }) => fingerprint256);
}
