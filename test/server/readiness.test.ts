import assert from "node:assert/strict";
import { Readiness } from "../../src/server/index.js";

describe("Readiness", () => {
  it("names each condition that does not hold, with its reason", () => {
    let reason: string | undefined = "not synced";
    const readiness = new Readiness([
      { name: "cluster", reason: () => reason },
      { name: "certificate", reason: () => undefined },
    ]);
    assert.deepEqual(readiness.names, ["cluster", "certificate"]);
    assert.deepEqual(readiness.faults(), [{ name: "cluster", reason: "not synced" }]);
    reason = undefined;
    assert.deepEqual(readiness.faults(), []);
  });

  it("never becomes ready again once it drains", () => {
    const readiness = new Readiness([]);
    readiness.drain();
    assert.equal(readiness.draining, true);
    assert.deepEqual(readiness.faults(), [{ name: "drain", reason: "shutting down" }]);
  });
});
