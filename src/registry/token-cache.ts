import { LRUCache } from "lru-cache";
import type { CacheRegister, Clock, Redacted } from "../core/index.js";
import { type ExpiringMemory, expiringMemory } from "./expiring-memory.js";
import { fault } from "./fault.js";
import type { PostMemory, TokenAnswer } from "./token.js";

const maxStoredBytes = 8 * 1024 * 1024;
const maxTokenBytes = 64 * 1024;

interface Running {
  readonly answer: Promise<TokenAnswer>;
  readonly stop: AbortController;
  waiting: number;
}

const withoutPostMs = 5 * 60_000;

/** A token answer; `stored` when it was fetched before anyone asked now. */
export interface CachedAnswer {
  readonly answer: TokenAnswer;
  readonly stored: boolean;
}

/**
 * Tokens by key, until they expire. Those who ask for the same token at the same time share one request, which ends when
 * the last of them has gone. Refusals are shared by those who wait, and never kept.
 */
export class TokenCache {
  readonly #clock: Clock;
  readonly #stored: ExpiringMemory<Redacted<string>>;
  /** Until when, by account and server. */
  readonly #withoutPost = new LRUCache<string, number>({ max: 2000 });
  readonly #running = new Map<string, Running>();

  constructor(clock: Clock, caches?: CacheRegister) {
    this.#clock = clock;
    this.#stored = expiringMemory({
      ...{ clock, maxBytes: maxStoredBytes },
      // Registries choose how long a token is; one that no server would take in a header is not kept.
      maxValueBytes: maxTokenBytes,
      sizeOf: (token, key) => 200 + key.length + token.reveal().length,
    });
    caches?.add("tokens", this.#stored.measured);
  }

  /** What is known of a server that an account asks: whether its POST is worth the way, for five minutes. */
  postMemory(key: string): PostMemory {
    return {
      isUnknown: (this.#withoutPost.get(key) ?? 0) > this.#clock.nowMs(),
      noteUnknown: () => void this.#withoutPost.set(key, this.#clock.nowMs() + withoutPostMs),
    };
  }

  /** @param fresh  do not take a token that is already there */
  async token(
    key: string,
    fresh: boolean,
    fetch: (signal: AbortSignal) => Promise<TokenAnswer>,
    signal: AbortSignal,
  ): Promise<CachedAnswer> {
    const held = this.#stored.get(key);
    if (!fresh && held !== undefined) {
      const lifetimeMs = held.untilMs - this.#clock.nowMs();
      return { answer: { kind: "token", token: held.value, lifetimeMs }, stored: true };
    }
    const running = this.#running.get(key) ?? this.#start(key, fetch);
    running.waiting += 1;
    const answer = await untilAborted(running.answer, signal);
    running.waiting -= 1;
    if (running.waiting === 0) {
      running.stop.abort();
      if (this.#running.get(key) === running) this.#running.delete(key);
    }
    return { answer: answer ?? abortedAnswer, stored: false };
  }

  #start(key: string, fetch: (signal: AbortSignal) => Promise<TokenAnswer>): Running {
    const stop = new AbortController();
    const forget = () => {
      if (this.#running.get(key)?.stop === stop) this.#running.delete(key);
    };
    const answer = fetch(stop.signal)
      .then((fetched) => {
        if (fetched.kind === "token") this.#stored.set(key, fetched.token, fetched.lifetimeMs);
        return fetched;
      })
      .finally(forget);
    const running = { answer, stop, waiting: 0 };
    this.#running.set(key, running);
    return running;
  }
}

const abortedAnswer: TokenAnswer = {
  kind: "refused",
  refusal: { kind: "token-fault", realm: "", fault: fault("aborted", "token server"), anonymous: true },
};

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve(undefined);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
