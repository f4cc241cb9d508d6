/** Time as a port: tests move it by hand. Milliseconds since the Unix epoch. */
export interface Clock {
  nowMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Milliseconds since some moment, which go on evenly whoever sets the clock; absent where there is no such thing. */
  steadyMs?(): number;
}

/**
 * Time for whoever only measures how long something has lasted, by a clock that people and NTP set back and forth: what was to
 * be believed for ten seconds would be believed for as long as the clock was set back, and whoever was being waited for
 * would seem to have kept us waiting for as long as it was set forward. Dates that others have written must be compared
 * with the clock itself. Without `steadyMs` the time at least never goes back.
 */
export function steadyClock(clock: Clock): Clock {
  const sleep: Clock["sleep"] = (ms, signal) => clock.sleep(ms, signal);
  const { steadyMs } = clock;
  return steadyMs === undefined ? { nowMs: neverBack(clock), sleep } : { nowMs: steadyMs, sleep, steadyMs };
}

function neverBack(clock: Clock): () => number {
  let lastMs = Number.NEGATIVE_INFINITY;
  let aheadMs = 0;
  return () => {
    const nowMs = clock.nowMs() + aheadMs;
    if (nowMs >= lastMs) {
      lastMs = nowMs;
      return nowMs;
    }
    aheadMs += lastMs - nowMs;
    return lastMs;
  };
}
