import { setMaxListeners } from "node:events";
import { type Clock, noteDeadline } from "../core/index.js";

/** Port: runs a function once, `delayMs` from now; the result cancels it. */
export type StartTimer = (delayMs: number, run: () => void) => () => void;

/** Where the API server's own patience ends when it does not say: `timeoutSeconds` of a webhook defaults to 10. */
const defaultTimeoutMs = 10_000;
/** The largest `timeoutSeconds` that Kubernetes accepts. */
const longestTimeoutMs = 30_000;
const shortestMarginMs = 250;
const longestMarginMs = 1_000;

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * A positive Go duration (`7s`, `500ms`, `1m30s`, `1.5s`) in milliseconds, or undefined where the text is none.
 * Source: Go, package time, `ParseDuration`.
 */
export function parseGoDuration(text: string): number | undefined {
  if (!/^\+?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text) || text.length > 64) {
    return undefined;
  }
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    totalMs += Number(amount) * (unitMs[unit ?? ""] ?? 0);
  }
  return totalMs;
}

/**
 * How long a check may take when the API server waits as long as its `timeout` query parameter says: that time less a
 * tenth (250 ms at least, 1 s at most), which is left for the way back. 10 s where nothing usable is said, 30 s at most.
 * @param timeout  the query parameter as parsed, of whatever type
 */
export function checkTimeMs(timeout: unknown): number {
  const said = typeof timeout === "string" ? parseGoDuration(timeout) : undefined;
  const timeoutMs = said === undefined || said === 0 ? defaultTimeoutMs : Math.min(said, longestTimeoutMs);
  const marginMs = Math.min(Math.max(timeoutMs / 10, shortestMarginMs), longestMarginMs);
  // Below 278 ms the margin would eat everything; cached answers are still worth a try.
  return Math.max(timeoutMs - marginMs, timeoutMs / 10);
}

/** Deadlines that requests share, because one timer and one signal for each request cost more than a cached answer. */
export interface Deadlines {
  /** Aborts when `timeMs` have passed, up to {@link deadlineStepMs} earlier, never later; by more where the event loop is late. */
  within(timeMs: number): AbortSignal;
}

/** Requests whose time ends within the same step share one deadline. */
export const deadlineStepMs = 20;
/**
 * Turns of the event loop that a review may lose before its time begins and after it has ended, each of them as late as timers
 * are: to be read, and then the deadline's own timer, the grace of what it aborts, and the answer.
 */
const turnsOnTheWay = 4;
/** How soon it shows in a deadline that the event loop has become late. */
const lookEveryMs = 1_000;

export interface DeadlinesDeps {
  readonly clock: Pick<Clock, "nowMs">;
  readonly startTimer: StartTimer;
  /** How late timers come, in milliseconds; in time where absent. */
  readonly lagMs?: () => number;
}

export function createDeadlines({ clock, startTimer, lagMs = () => 0 }: DeadlinesDeps): Deadlines {
  const signals = new Map<number, AbortSignal>();
  return {
    within(timeMs) {
      const startMs = clock.nowMs();
      const latestMs = Math.floor((startMs + timeMs) / deadlineStepMs) * deadlineStepMs;
      const known = signals.get(latestMs);
      if (known !== undefined) return known;
      const stop = new AbortController();
      setMaxListeners(0, stop.signal);
      signals.set(latestMs, stop.signal);
      // However late everything is, what is remembered is worth a try.
      const dueMs = (): number =>
        Math.min(latestMs, Math.max(latestMs - turnsOnTheWay * lagMs(), startMs + timeMs / 10));
      const end = (): void => {
        signals.delete(latestMs);
        stop.abort(new DOMException("the deadline of the admission request has come", "TimeoutError"));
      };
      const wait = (leftMs: number): unknown => startTimer(Math.max(0, Math.min(leftMs, lookEveryMs)), look);
      const look = (): void => {
        const leftMs = dueMs() - clock.nowMs();
        if (leftMs <= 0) end();
        else wait(leftMs);
      };
      noteDeadline(stop.signal, dueMs());
      wait(dueMs() - startMs);
      return stop.signal;
    },
  };
}
