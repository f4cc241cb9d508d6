import { Allowance, type AllowanceRules } from "./allowance.js";
import type { TransportFault } from "./types.js";

/** One request that has a place. `sentMs`: when it went out, absent while a connection is still being made. */
export interface Place {
  /** What is asked for: a repository, or the path of anything else. */
  readonly subject: string;
  sentMs?: number;
  /** It has waited so long for an answer that this was counted as a failure. */
  overdue: boolean;
}

interface Waiting {
  readonly subject: string;
  readonly go: (place: Place | undefined) => void;
}

/** How many requests one host may have at a time, and how many may wait for that. */
export interface PlaceRules extends AllowanceRules {
  readonly maxQueued: number;
}

/** What is sent to one host and port, whichever way: its places, and how it fared. */
export class HostTraffic {
  /** `host[:port]` as in a URL. */
  readonly host: string;
  lastUsedMs = 0;
  lastAnswerMs: number | undefined;
  lastFault: TransportFault["kind"] | undefined;
  /** When the next request may go out, where there is a rate. */
  nextMs = 0;

  readonly #rules: PlaceRules;
  readonly #allowance: Allowance;
  readonly #places = new Set<Place>();
  readonly #bySubject = new Map<string, number>();
  readonly #queue: Waiting[] = [];

  constructor(host: string, rules: PlaceRules) {
    this.host = host;
    this.#rules = rules;
    this.#allowance = new Allowance(rules);
  }

  /** How many requests may be under way at present. */
  get allowed(): number {
    return this.#allowance.allowed;
  }

  get inFlight(): number {
    return this.#places.size;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Requests that were sent and have no answer yet. */
  get unanswered(): Iterable<Place> {
    return this.#places;
  }

  /** A place, at once or when one is free; `full` where too many wait; undefined where the signal came first. */
  take(subject: string, signal: AbortSignal): Place | "full" | Promise<Place | undefined> {
    if (this.#queue.length === 0 && this.#hasRoomFor(subject)) return this.#enter(subject);
    if (this.#queue.length >= this.#rules.maxQueued) return "full";
    return new Promise((resolve) => {
      const waiting: Waiting = {
        subject,
        go: (place) => {
          signal.removeEventListener("abort", leave);
          resolve(place);
        },
      };
      const leave = (): void => {
        const at = this.#queue.indexOf(waiting);
        if (at >= 0) this.#queue.splice(at, 1);
        waiting.go(undefined);
      };
      this.#queue.push(waiting);
      if (signal.aborted) return leave();
      signal.addEventListener("abort", leave, { once: true });
      // Those before it may all be held up by what they ask for.
      this.#admit();
    });
  }

  leave(place: Place): void {
    if (!this.#places.delete(place)) return;
    const left = (this.#bySubject.get(place.subject) ?? 1) - 1;
    if (left === 0) this.#bySubject.delete(place.subject);
    else this.#bySubject.set(place.subject, left);
    this.#admit();
  }

  /** Hears how the host bore a request that went out at `sinceMs`: whether it was too much for it. */
  bore(isTooMuch: boolean, sinceMs: number, nowMs: number): void {
    if (isTooMuch) this.#allowance.fall(sinceMs, nowMs);
    else if (this.#queue.length > 0) this.#allowance.grow();
  }

  /** First come, first served, but who asks for what hangs already lets others pass. */
  #admit(): void {
    for (let at = 0; at < this.#queue.length && this.#hasRoom(); ) {
      const waiting = this.#queue[at];
      if (waiting === undefined) return;
      if (!this.#hasRoomFor(waiting.subject)) {
        at += 1;
        continue;
      }
      this.#queue.splice(at, 1);
      waiting.go(this.#enter(waiting.subject));
    }
  }

  /** Whoever names a repository that hangs must leave places for the other repositories of that registry. */
  #hasRoomFor(subject: string): boolean {
    return this.#hasRoom() && (this.#bySubject.get(subject) ?? 0) < this.#mostOfOne;
  }

  get #mostOfOne(): number {
    return Math.max(1, Math.ceil(this.allowed / 2));
  }

  #hasRoom(): boolean {
    if (this.#places.size < this.allowed) return true;
    // What one repository took while more was allowed must not fill what is allowed now, if it hangs. All in all these are
    // still less than the most that is ever allowed.
    let counted = 0;
    for (const count of this.#bySubject.values()) counted += Math.min(count, this.#mostOfOne);
    return counted < this.allowed;
  }

  #enter(subject: string): Place {
    const place: Place = { subject, overdue: false };
    this.#places.add(place);
    this.#bySubject.set(subject, (this.#bySubject.get(subject) ?? 0) + 1);
    return place;
  }
}
