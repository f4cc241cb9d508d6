import assert from "node:assert/strict";
import { auditRate, Budgets } from "../../src/audit/index.js";

const rate = { requestsPerMinute: 60, burst: 15 };
const budgets = () => new Budgets(() => rate);

describe("the budget of a host", () => {
  it("begins whole, is drawn on, and comes back with time up to its burst", () => {
    const own = budgets();
    assert.equal(own.open("reg.test", 0), 15);
    own.charge("reg.test", 15, 0);
    assert.equal(Math.round(own.waitMs(["reg.test"], 3, 0) / 100), 30);
    assert.equal(own.open("reg.test", 10_000), 10);
    assert.equal(own.open("reg.test", 10_000_000), 15);
  });

  it("may be overdrawn by what nobody foresaw, and then waits for as long", () => {
    const own = budgets();
    own.charge("reg.test", 45, 0);
    assert.equal(own.open("reg.test", 0), -30);
    assert.equal(Math.round(own.waitMs(["reg.test"], 1, 0) / 100), 310);
    assert.equal(own.spent, 45);
  });

  it("counts what is about to be sent as sent, for others and for what survives", () => {
    const own = budgets();
    own.reserve("reg.test", 10);
    assert.equal(own.open("reg.test", 0), 5);
    assert.deepEqual(own.drawn(["reg.test"], 0), [{ host: "reg.test", state: { tokens: 5, atMs: 0 } }]);
    own.reserve("reg.test", -10);
    assert.deepEqual(own.drawn(["reg.test"], 0), []);
  });

  it("is what is left here or was left before, whichever is less", () => {
    const own = budgets();
    own.restore("reg.test", { tokens: 2, atMs: 0 }, 1_000);
    assert.equal(own.open("reg.test", 1_000), 3);
    own.restore("reg.test", { tokens: 14, atMs: 1_000 }, 1_000);
    assert.equal(own.open("reg.test", 1_000), 3);
  });

  it("gives and takes nothing when the clock is set back", () => {
    const own = budgets();
    own.charge("reg.test", 5, 60_000);
    assert.equal(own.open("reg.test", 0), 10);
  });

  it("is empty for minutes after a registry has had enough", () => {
    const own = budgets();
    own.drain("reg.test", 5, 0);
    assert.equal(Math.round(own.waitMs(["reg.test"], 1, 0) / 100), 3_010);
  });

  it("is smaller for Docker Hub, and never more than was said", () => {
    assert.equal(auditRate("registry-1.docker.io").requestsPerMinute, 12);
    assert.equal(auditRate("ghcr.io").requestsPerMinute, 60);
    assert.equal(auditRate("docker.io", 6).requestsPerMinute, 6);
    assert.equal(auditRate("ghcr.io", 2).burst, 1);
  });
});
