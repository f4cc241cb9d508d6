/** Between which bounds the number of requests under way to one host moves. */
export interface AllowanceRules {
  /** Never more, however well a host bears them. */
  readonly maxInFlight: number;
  /** What a host is met with; `maxInFlight` where absent. */
  readonly startInFlight?: number;
  /** Never less, however often a host says that it is too much; `maxInFlight` where absent. */
  readonly leastInFlight?: number;
}

/** What servers and the proxies before them say when they have too much to do, beside breaking connections off. */
const overloadStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Whether an answer's status says that its sender has too much to do. */
export function saysOverload(status: number): boolean {
  return overloadStatuses.has(status);
}

/**
 * How many requests at a time one host bears, found out as TCP finds out what a network bears: while requests wait, every
 * answer allows one more, and a sign of too much halves what is allowed. After that it grows by one a round trip.
 *
 * The lower bound matters as much as the upper: signs of too much may be one repository's, and must not let everybody
 * who asks that registry wait.
 * Source: RFC 5681 section 3.1, slow start and congestion avoidance.
 */
export class Allowance {
  readonly #most: number;
  readonly #least: number;
  #allowed: number;
  /** Up to here every answer allows one more. */
  #quickUntil: number;
  #fellMs = Number.NEGATIVE_INFINITY;

  constructor({ maxInFlight, startInFlight = maxInFlight, leastInFlight = maxInFlight }: AllowanceRules) {
    this.#most = maxInFlight;
    this.#least = Math.min(leastInFlight, startInFlight);
    this.#allowed = startInFlight;
    this.#quickUntil = maxInFlight;
  }

  get allowed(): number {
    return Math.floor(this.#allowed);
  }

  /** An answer came while other requests waited for a place. */
  grow(): void {
    const step = this.#allowed < this.#quickUntil ? 1 : 1 / this.#allowed;
    this.#allowed = Math.min(this.#most, this.#allowed + step);
  }

  /**
   * There was a sign of too much. Of those that were under way together the first alone counts.
   * @param sentMs  when the request that led to it went out
   */
  fall(sentMs: number, nowMs: number): void {
    // The clock may have been set back.
    if (sentMs <= this.#fellMs && this.#fellMs <= nowMs) return;
    this.#fellMs = nowMs;
    this.#allowed = Math.max(this.#least, this.allowed / 2);
    this.#quickUntil = this.#allowed;
  }
}
