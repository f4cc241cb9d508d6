import { systemClock } from "../../src/bin/system.js";
import type { Clock } from "../../src/core/index.js";

/** The machine's time, moved at will. */
export interface ShiftingClock extends Clock {
  /** The date changes, as when an administrator or NTP sets it: whoever sleeps goes on sleeping. */
  jump(ms: number): void;
  /** Time goes by: whoever has slept for long enough wakes. */
  pass(ms: number): void;
}

interface Sleeper {
  leftMs: number;
  readonly wake: () => void;
}

export function shiftingClock(): ShiftingClock {
  let jumpedMs = 0;
  let passedMs = 0;
  const sleepers = new Set<Sleeper>();
  return {
    nowMs: () => systemClock.nowMs() + passedMs + jumpedMs,
    steadyMs: () => performance.timeOrigin + performance.now() + passedMs,
    sleep: async (ms, signal) => {
      const woken = new AbortController();
      const sleeper = { leftMs: ms, wake: () => woken.abort() };
      sleepers.add(sleeper);
      const either = signal === undefined ? woken.signal : AbortSignal.any([woken.signal, signal]);
      try {
        await systemClock.sleep(ms, either);
      } catch (error) {
        if (!woken.signal.aborted || signal?.aborted === true) throw error;
      } finally {
        sleepers.delete(sleeper);
      }
    },
    jump: (ms) => {
      jumpedMs += ms;
    },
    pass: (ms) => {
      passedMs += ms;
      for (const sleeper of sleepers) {
        sleeper.leftMs -= ms;
        if (sleeper.leftMs <= 0) sleeper.wake();
      }
    },
  };
}
