import type { Clock } from "../core/index.js";

/** A piece of work that several callers wait for at once, started once. */
export interface SharedWork<T> {
  /** Whether there is work of that key to join. */
  has(key: string): boolean;
  /**
   * Joins the work of that key, or starts it. Resolves to `undefined` as soon as the caller's own signal aborts; the
   * others go on waiting. When the last caller has left, the work may linger, so that its answer serves the next one.
   */
  join(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T | undefined>;
}

interface Running<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/** @param lingerMs how long abandoned work goes on before it is aborted; 0 aborts it at once */
export function createSharedWork<T>(clock: Clock, lingerMs: number): SharedWork<T> {
  const running = new Map<string, Running<T>>();

  function begin(key: string, start: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController();
    const result = start(controller.signal).finally(() => running.delete(key));
    // Whoever still waits sees the rejection; when nobody does, it must not end the process.
    result.catch(() => undefined);
    const work = { result, controller, waiting: 0 };
    running.set(key, work);
    return work;
  }

  function leave(key: string, work: Running<T>): void {
    work.waiting -= 1;
    if (work.waiting > 0) return;
    if (lingerMs === 0) {
      work.controller.abort();
      return;
    }
    // What is done has nothing to go on with, and a timer for each answer adds up.
    if (running.get(key) !== work) return;
    const abandon = async (): Promise<void> => {
      await clock.sleep(lingerMs, work.controller.signal);
      if (work.waiting === 0) work.controller.abort();
    };
    abandon().catch(() => undefined);
  }

  return {
    has: (key) => running.has(key),
    async join(key, start, signal) {
      if (signal.aborted) return undefined;
      const work = running.get(key) ?? begin(key, start);
      work.waiting += 1;
      try {
        return await raceAgainst(work.result, signal);
      } finally {
        leave(key, work);
      }
    },
  };
}

function raceAgainst<T>(result: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(undefined);
    signal.addEventListener("abort", onAbort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
