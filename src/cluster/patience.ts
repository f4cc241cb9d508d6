import type { Clock } from "../core/index.js";

/**
 * Does something that must not take longer than `ms`.
 * @throws what `work` throws; its signal aborts when the time is over or `signal` aborts
 */
export async function withPatience<T>(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  const patience = new AbortController();
  const end = (): void => patience.abort(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  const sleeping = new AbortController();
  const tooLate = (): void => patience.abort(new DOMException("no answer in time", "TimeoutError"));
  clock.sleep(ms, sleeping.signal).then(tooLate, () => undefined);
  try {
    return await work(patience.signal);
  } finally {
    sleeping.abort();
    signal.removeEventListener("abort", end);
  }
}
