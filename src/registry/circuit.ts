import type { TransportFault } from "./types.js";

/** When a circuit opens and for how long. */
export interface CircuitRules {
  /** Failures in a row after which nothing is sent for a while. */
  readonly failures: number;
  readonly firstPauseMs: number;
  /** Each failed probe doubles the pause up to this. */
  readonly longestPauseMs: number;
}

export type CircuitState = "closed" | "open" | "half-open";

/** `probe`: one request, or a question of Pullguard's own, may find out whether it is better now. */
export type CircuitVerdict = "pass" | "probe" | "refuse";

/** Share by which a pause may be longer or shorter, so that several replicas do not come back at the same moment. */
const jitter = 0.2;

/**
 * Remembers failures in a row of one thing that is asked. Times are milliseconds on the given clock's scale; nothing
 * happens by itself.
 */
export class Circuit {
  failures = 0;
  last: TransportFault | undefined;
  lastMs = 0;
  retryAtMs = 0;

  readonly #rules: CircuitRules;
  readonly #random: () => number;
  #openings = 0;
  #probing = false;

  /** @param random  from 0 to 1, for the jitter of pauses */
  constructor(rules: CircuitRules, random: () => number) {
    this.#rules = rules;
    this.#random = random;
  }

  get state(): CircuitState {
    return this.#openings === 0 ? "closed" : this.#probing ? "half-open" : "open";
  }

  /** Whether something may be sent now. Who is told `probe` must report how it went. */
  ask(nowMs: number): CircuitVerdict {
    if (this.#openings === 0) return "pass";
    // A clock that was set back must not keep it open for longer than any pause lasts.
    const waitMs = this.retryAtMs - nowMs;
    if (this.#probing || (waitMs > 0 && waitMs <= this.#rules.longestPauseMs * (1 + jitter))) return "refuse";
    this.#probing = true;
    return "probe";
  }

  /** @returns whether this failure has opened it, or opened it anew */
  failed(told: TransportFault, nowMs: number): boolean {
    this.failures += 1;
    this.last = told;
    this.lastMs = nowMs;
    // What was under way before it opened says nothing about the time after.
    const opens = this.#openings === 0 ? this.failures >= this.#rules.failures : this.#probing;
    if (opens) this.#open(nowMs);
    return opens;
  }

  succeeded(): void {
    this.failures = 0;
    this.#openings = 0;
    this.#probing = false;
  }

  /** The probe told nothing: whoever sent it had no time left. The next one may try. */
  abandoned(): void {
    this.#probing = false;
  }

  #open(nowMs: number): void {
    const { firstPauseMs, longestPauseMs } = this.#rules;
    // Beyond thirty doublings no pause is shorter than the longest.
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#openings, 30));
    this.#openings += 1;
    this.#probing = false;
    this.retryAtMs = nowMs + pauseMs * (1 - jitter + 2 * jitter * this.#random());
  }
}
