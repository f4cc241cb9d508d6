/** Requests that may be sent to one host. */
export interface BudgetState {
  /** Below zero where more was sent than was allowed for. */
  readonly tokens: number;
  readonly atMs: number;
}

export interface BudgetRate {
  readonly requestsPerMinute: number;
  /** At once, after a pause. */
  readonly burst: number;
}

/** So long a budget takes to be whole again; nothing is asked a second time within it because of a restart. */
export const budgetWindowMs = 60_000;

/** A budget that has never been drawn on. */
export function fullBudget({ burst }: BudgetRate, nowMs: number): BudgetState {
  return { tokens: burst, atMs: nowMs };
}

/** The same budget at a later moment. */
export function refilled({ tokens, atMs }: BudgetState, rate: BudgetRate, nowMs: number): BudgetState {
  // A clock that was set back gives nothing and takes nothing.
  const gained = (Math.max(0, nowMs - atMs) / budgetWindowMs) * rate.requestsPerMinute;
  return { tokens: Math.min(rate.burst, tokens + gained), atMs: nowMs };
}

/** Milliseconds until so many requests may be sent; 0: now. */
export function waitMs({ tokens }: BudgetState, { requestsPerMinute }: BudgetRate, wanted: number): number {
  return tokens >= wanted ? 0 : Math.ceil(((wanted - tokens) / requestsPerMinute) * budgetWindowMs);
}

/** The budgets of all hosts; what is not known begins full. */
export class Budgets {
  readonly #rateOf: (host: string) => BudgetRate;
  readonly #known = new Map<string, BudgetState>();
  readonly #reserved = new Map<string, number>();
  #spent = 0;

  constructor(rateOf: (host: string) => BudgetRate) {
    this.#rateOf = rateOf;
  }

  /** Milliseconds until so many requests may be sent to each of these hosts; no more than a host takes at once are waited for. */
  waitMs(hosts: readonly string[], wanted: number, nowMs: number): number {
    return Math.max(
      0,
      ...hosts.map((host) => {
        const rate = this.#rateOf(host);
        return waitMs({ tokens: this.open(host, nowMs), atMs: nowMs }, rate, Math.min(wanted, rate.burst));
      }),
    );
  }

  /** Requests that may be sent to a host and that nobody has in mind yet. */
  open(host: string, nowMs: number): number {
    return this.at(host, nowMs).tokens - (this.#reserved.get(host) ?? 0);
  }

  /** Sets requests aside that are about to be sent, or with a negative number gives them back. */
  reserve(host: string, requests: number): void {
    this.#reserved.set(host, Math.max(0, (this.#reserved.get(host) ?? 0) + requests));
  }

  /** All requests so far. */
  get spent(): number {
    return this.#spent;
  }

  burstOf(host: string): number {
    return this.#rateOf(host).burst;
  }

  /** Requests were sent. */
  charge(host: string, requests: number, nowMs: number): void {
    const { tokens } = this.at(host, nowMs);
    this.#spent += requests;
    this.#known.set(host, { tokens: tokens - requests, atMs: nowMs });
  }

  /** Nothing is sent to a host for so long. */
  drain(host: string, minutes: number, nowMs: number): void {
    const tokens = -minutes * this.#rateOf(host).requestsPerMinute;
    this.#known.set(host, { tokens: Math.min(tokens, this.at(host, nowMs).tokens), atMs: nowMs });
  }

  at(host: string, nowMs: number): BudgetState {
    const known = this.#known.get(host);
    const rate = this.#rateOf(host);
    return known === undefined ? fullBudget(rate, nowMs) : refilled(known, rate, nowMs);
  }

  /** What was known of a host elsewhere, or before: the lower of both counts. */
  restore(host: string, state: BudgetState, nowMs: number): void {
    const stored = refilled(state, this.#rateOf(host), nowMs);
    const own = this.at(host, nowMs);
    this.#known.set(host, stored.tokens < own.tokens ? stored : own);
  }

  /** What is to survive: what is left of hosts that were drawn on, requests that are about to be sent counted as sent. */
  drawn(hosts: Iterable<string>, nowMs: number): readonly { readonly host: string; readonly state: BudgetState }[] {
    return [...hosts].flatMap((host) => {
      const tokens = this.open(host, nowMs);
      return tokens < this.#rateOf(host).burst ? [{ host, state: { tokens, atMs: nowMs } }] : [];
    });
  }
}
