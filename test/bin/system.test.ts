import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { systemClock } from "../../src/bin/system.js";

describe("the machine's own time", () => {
  it("sleeps, and nobody listens to the signal any more", async () => {
    const stop = new AbortController();
    const asleep = systemClock.sleep(1, stop.signal);
    assert.equal(getEventListeners(stop.signal, "abort").length, 1);
    await asleep;
    assert.equal(getEventListeners(stop.signal, "abort").length, 0);
  });

  it("wakes with the signal's reason, at once", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const asleep = systemClock.sleep(3_600_000, stop.signal);
    stop.abort(reason);
    await assert.rejects(asleep, reason);
    await assert.rejects(systemClock.sleep(3_600_000, stop.signal), reason);
  });
});
