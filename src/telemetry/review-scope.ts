import { AsyncLocalStorage } from "node:async_hooks";

/** For which review something is done. `trace`: what the tracer of the moment keeps there. */
export interface CurrentReview {
  readonly uid: string;
  readonly trace?: unknown;
}

/**
 * Tells whoever is called, however deep, for which review that is. Only made where somebody asks (traces, or logs at debug
 * level): keeping track costs a little for every promise.
 */
export class ReviewScope {
  readonly #storage = new AsyncLocalStorage<CurrentReview>();

  run<T>(review: CurrentReview, work: () => T): T {
    return this.#storage.run(review, work);
  }

  /** Undefined outside of reviews. What several reviews wait for belongs to the one that started it. */
  current(): CurrentReview | undefined {
    return this.#storage.getStore();
  }
}
