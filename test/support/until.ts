import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";

/** Shorter than mocha's patience: whoever waits in vain still closes what it opened. */
const usualLimitMs = 10_000;

/**
 * Lets the event loop turn until something holds, for what has no event on this side, such as the arrival of a stream.
 * A loop without an end would go on behind a failed test, and the run with it.
 * @param turn is called between looks, e.g. to let a fake clock go on.
 * @param limitMs is longer only where the test's own patience is, e.g. for a process.
 * @throws AssertionError when the time is over, naming what was waited for.
 */
export async function until(
  holds: () => unknown,
  turn: () => unknown = nextTurn,
  limitMs = usualLimitMs,
): Promise<void> {
  const beginMs = performance.now();
  while (!(await holds())) {
    assert.ok(performance.now() - beginMs < limitMs, `waited in vain for ${holds}`);
    await turn();
  }
}
