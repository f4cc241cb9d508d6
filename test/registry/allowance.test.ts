import assert from "node:assert/strict";
import { Allowance, saysOverload } from "../../src/registry/allowance.js";
import { type Ping, Traffic } from "../../src/registry/traffic.js";
import { fakeClock } from "../support/builders.js";

const rules = { maxInFlight: 16, startInFlight: 8, leastInFlight: 4 };

function grown(allowance: Allowance, answers: number): number {
  for (let count = 0; count < answers; count += 1) allowance.grow();
  return allowance.allowed;
}

describe("what one host is asked at a time", () => {
  it("doubles with a round of answers, up to the most", () => {
    const allowance = new Allowance(rules);
    assert.equal(allowance.allowed, 8);
    assert.equal(grown(allowance, 4), 12);
    assert.equal(grown(allowance, 100), 16);
  });

  it("is halved by a sign of too much, and grows by one a round from there", () => {
    const allowance = new Allowance(rules);
    grown(allowance, 8);
    allowance.fall(1_000, 1_020);
    assert.equal(allowance.allowed, 8);
    assert.equal(grown(allowance, 7), 8);
    assert.equal(grown(allowance, 2), 9);
  });

  it("is halved once by all that were under way together, and again by what went out afterwards", () => {
    const allowance = new Allowance(rules);
    grown(allowance, 8);
    for (const sentMs of [1_000, 1_001, 1_020]) allowance.fall(sentMs, 1_020);
    assert.equal(allowance.allowed, 8);
    allowance.fall(1_021, 1_040);
    assert.equal(allowance.allowed, 4);
  });

  it("does not fall below the least, as the signs may be for one repository alone", () => {
    const allowance = new Allowance(rules);
    for (let count = 1; count < 20; count += 1) allowance.fall(count * 10, count * 10 + 5);
    assert.equal(allowance.allowed, 4);
  });

  it("falls after the clock was set back as well", () => {
    const allowance = new Allowance(rules);
    allowance.fall(9_000, 9_010);
    allowance.fall(1_000, 1_010);
    assert.equal(allowance.allowed, 4);
  });

  it("stays what it is where no bounds but one are given", () => {
    const allowance = new Allowance({ maxInFlight: 3 });
    allowance.fall(1, 2);
    assert.equal(grown(allowance, 9), 3);
  });

  const signs: readonly (readonly [status: number, isSign: boolean])[] = [
    [200, false],
    [401, false],
    [404, false],
    [429, true],
    [500, false],
    [502, true],
    [503, true],
    [504, true],
  ];
  for (const [status, isSign] of signs) {
    it(`${isSign ? "is" : "is not"} too much for who answers ${status}`, () => {
      assert.equal(saysOverload(status), isSign);
    });
  }
});

/** Requests for repositories of one host, on a clock that is moved by hand. */
function host() {
  const clock = fakeClock(1_800_000_000_000);
  const traffic = new Traffic(clock, { ...rules, maxQueued: 100 }, () => 0.5);
  const ping: Ping = async () => undefined;
  let inFlight = 0;
  const seen = { most: 0 };
  /** How a request ends, once it has a place. */
  const ask = async (repository: string, end: Promise<number | "reset">): Promise<void> => {
    const road = { key: "trust", host: "reg.test", path: `/v2/${repository}/manifests/v1` };
    const passage = await traffic.enter(road, ping, new AbortController().signal);
    if ("refused" in passage) assert.fail(passage.refused.message);
    inFlight += 1;
    seen.most = Math.max(seen.most, inFlight);
    passage.dialling();
    passage.sent();
    const told = await end;
    inFlight -= 1;
    if (told === "reset") return passage.failed({ kind: "reset", message: "reset" });
    passage.answered(told);
    passage.end();
  };
  const health = () => traffic.health(() => undefined)[0];
  return { clock, ask, seen, health };
}

/** Answers come a turn later. */
async function soon(status: number | "reset"): Promise<number | "reset"> {
  await new Promise((resolve) => setImmediate(resolve));
  return status;
}

function crowd(ask: (repository: string, end: Promise<number | "reset">) => Promise<void>, status: number | "reset") {
  return Promise.all(Array.from({ length: 64 }, (_, index) => ask(`app-${index}`, soon(status))));
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("a host that is asked by a crowd", () => {
  it("is asked more at a time while it answers, never more than the most", async () => {
    const { ask, seen } = host();
    await crowd(ask, 200);
    assert.equal(seen.most, 16);
  });

  for (const sign of [429, 503, "reset"] as const) {
    it(`is asked less at a time after ${sign}`, async () => {
      const { clock, ask, seen, health } = host();
      await ask("app", soon(sign));
      clock.advance(10);
      await ask("app", soon(sign));
      seen.most = 0;
      for (let count = 0; count < 9; count += 1) ask(`held-${count}`, new Promise<never>(() => undefined));
      await settle();
      assert.deepEqual([seen.most, health()?.queued], [4, 5]);
    });
  }

  it("is asked less at a time while requests stay without an answer", async () => {
    const { clock, ask, seen, health } = host();
    ask("hangs", new Promise<never>(() => undefined));
    await settle();
    clock.advance(5_001);
    for (let count = 0; count < 9; count += 1) ask(`held-${count}`, new Promise<never>(() => undefined));
    await settle();
    assert.deepEqual([seen.most, health()?.queued], [4, 6]);
  });

  it("leaves room for the other repositories when less is allowed than what hangs has taken", async () => {
    const { clock, ask, health } = host();
    await crowd(ask, 200);
    for (let count = 0; count < 8; count += 1) ask("hangs", new Promise<never>(() => undefined));
    await settle();
    assert.equal(health()?.inFlight, 8);
    for (let count = 0; count < 2; count += 1) {
      clock.advance(10);
      await ask("busy", soon(503));
    }
    // Four are allowed now, of which what hangs counts for two.
    await ask("other", soon(200));
    assert.equal(health()?.inFlight, 8);
  });
});
