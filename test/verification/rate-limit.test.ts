import assert from "node:assert/strict";
import { createRateLimit } from "../../src/verification/index.js";
import { fakeClock } from "../support/builders.js";

describe("the limit of downloads", () => {
  it("never holds back where there is none", () => {
    assert.equal(createRateLimit(fakeClock(), 0).take(1e12), undefined);
  });

  it("holds back for as long as the bytes should have taken", async () => {
    const clock = fakeClock();
    const rate = createRateLimit(clock, 1000);
    let waited = false;
    const held = rate.take(2000)?.then(() => {
      waited = true;
    });
    assert.ok(held);
    clock.advance(1999);
    await Promise.resolve();
    assert.equal(waited, false);
    clock.advance(1);
    await held;
    assert.equal(waited, true);
  });

  it("does not save up what was not used", () => {
    const clock = fakeClock();
    const rate = createRateLimit(clock, 1000);
    clock.advance(3_600_000);
    assert.equal(rate.take(250), undefined);
    assert.notEqual(rate.take(250), undefined);
  });
});
