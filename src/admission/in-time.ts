import { setMaxListeners } from "node:events";
import { type Clock, deadlineOf, noteDeadline, PullguardError } from "../core/index.js";

export interface InTimeDeps {
  readonly clock: Clock;
  /** How long aborted work may take to hand over what it knows. */
  readonly graceMs?: number;
  /** The longest time for the work, in milliseconds, where it is shorter than the request's own. */
  readonly limitMs?: number;
}

const defaultGraceMs = 100;

/**
 * Runs `work` under the request's signal, or one that aborts earlier where there is a limit. Rejects once the grace
 * has passed since the signal aborted, whatever the work does.
 */
export function inTime<T>(
  deps: InTimeDeps,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withinLimit(deps, signal, (limited) => withinGrace(deps, work(limited), limited));
}

function withinLimit<T>(
  { limitMs, clock }: InTimeDeps,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (limitMs === undefined) return work(signal);
  const stop = new AbortController();
  // Every question that the work asks at the same time listens.
  setMaxListeners(0, stop.signal);
  const limitedMs = clock.nowMs() + limitMs;
  noteDeadline(stop.signal, Math.min(limitedMs, deadlineOf(signal) ?? limitedMs));
  const done = new AbortController();
  const end = (): void => stop.abort(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  clock.sleep(limitMs, done.signal).then(
    () => stop.abort(new DOMException("the configured deadline has come", "TimeoutError")),
    // Only the end of the work cancels this sleep.
    () => undefined,
  );
  return work(stop.signal).finally(() => {
    signal.removeEventListener("abort", end);
    done.abort();
  });
}

/** The promise's own outcome, or a rejection once `graceMs` have passed since the signal aborted. */
function withinGrace<T>(deps: InTimeDeps, work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let grace: AbortController | undefined;
    const startGrace = (): void => {
      grace = new AbortController();
      deps.clock.sleep(deps.graceMs ?? defaultGraceMs, grace.signal).then(
        () => reject(new PullguardError("Internal", "the check went on after its deadline")),
        // Only the end of the work cancels this sleep, and then the outcome is settled.
        () => undefined,
      );
    };
    if (signal.aborted) {
      startGrace();
    } else {
      signal.addEventListener("abort", startGrace, { once: true });
    }
    const stop = (): void => {
      signal.removeEventListener("abort", startGrace);
      grace?.abort();
    };
    work.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}
