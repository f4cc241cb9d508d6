import type { Clock } from "../core/index.js";

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  // Near the date for those who read it in a message.
  steadyMs: () => performance.timeOrigin + performance.now(),
  // That of node:timers/promises makes an error of its own for every sleep that is cut short, as most of them are.
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const wake = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", wake);
        resolve();
      }, ms);
      signal?.addEventListener("abort", wake, { once: true });
    }),
};

/** Milliseconds of a clock that nobody sets, from whenever the process began. */
export function steadyMs(): number {
  return performance.now();
}
