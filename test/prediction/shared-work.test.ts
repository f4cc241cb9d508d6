import assert from "node:assert/strict";
import type { Clock } from "../../src/core/index.js";
import { createSharedWork } from "../../src/prediction/shared-work.js";

const patient = new AbortController().signal;

/** Sleeps that are under way, on a clock that stands still. */
function laboratory(lingerMs: number) {
  const sleeps: number[] = [];
  const clock: Clock = {
    nowMs: () => 1,
    sleep: (ms) => {
      sleeps.push(ms);
      return new Promise(() => undefined);
    },
  };
  return { sleeps, work: createSharedWork<string>(clock, lingerMs) };
}

describe("work that several wait for", () => {
  it("is begun once", async () => {
    const { work } = laboratory(5);
    let begun = 0;
    const start = async (): Promise<string> => {
      begun += 1;
      await Promise.resolve();
      return "answer";
    };
    const answers = await Promise.all(["a", "a", "a"].map((key) => work.join(key, start, patient)));
    assert.deepEqual([answers, begun], [["answer", "answer", "answer"], 1]);
  });

  it("leaves nothing behind once it is done", async () => {
    const { work, sleeps } = laboratory(5);
    await work.join("a", async () => "answer", patient);
    assert.deepEqual([sleeps, work.has("a")], [[], false]);
  });

  it("lingers where everybody left before it was done", async () => {
    const { work, sleeps } = laboratory(5);
    const stop = new AbortController();
    const joined = work.join("a", () => new Promise(() => undefined), stop.signal);
    stop.abort();
    assert.equal(await joined, undefined);
    assert.deepEqual([sleeps, work.has("a")], [[5], true]);
  });
});
