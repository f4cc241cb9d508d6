import assert from "node:assert/strict";
import { fault, timeoutFault } from "../../src/registry/fault.js";
import type { Passage } from "../../src/registry/passage.js";
import { type Ping, type Road, Traffic } from "../../src/registry/traffic.js";
import type { TransportFault } from "../../src/registry/types.js";
import { fakeClock } from "../support/builders.js";

const limits = {
  maxInFlight: 4,
  maxQueued: 2,
  circuit: { failures: 3, firstPauseMs: 1_000, longestPauseMs: 4_000 },
};
const never = new AbortController().signal;
const refused = fault("refused", "reg.test");

function road(path = "/v2/team/app/manifests/v1", host = "reg.test", key = "trust"): Road {
  return { key, host, path };
}

/** Traffic on a clock that is moved by hand, with pings that are answered as told. */
function laboratory(given: Partial<typeof limits & { requestsPerSecond: number }> = {}) {
  const clock = fakeClock(1_800_000_000_000);
  const traffic = new Traffic(clock, { ...limits, ...given }, () => 0.5);
  const pings: string[] = [];
  const answers: (TransportFault | undefined)[] = [];
  const ping: Ping = async () => {
    pings.push("ping");
    return answers.shift();
  };
  const enter = (where: Road = road(), signal = never) => traffic.enter(where, ping, signal);
  const sent = async (where?: Road): Promise<Passage> => {
    const entered = await enter(where);
    if ("refused" in entered) assert.fail(entered.refused.message);
    entered.dialling();
    entered.sent();
    return entered;
  };
  /** No connection comes about, so often. */
  const undialled = async (times: number, where?: Road, told: TransportFault = refused): Promise<void> => {
    for (let count = 0; count < times; count += 1) {
      const entered = await enter(where);
      if ("refused" in entered) assert.fail(entered.refused.message);
      entered.failed(told);
    }
  };
  const answered = async (where?: Road): Promise<void> => {
    const passage = await sent(where);
    passage.answered(200);
    passage.end();
  };
  const kindOf = async (where?: Road): Promise<string> => {
    const entered = await enter(where);
    if ("refused" in entered) return entered.refused.kind;
    entered.end();
    return "passes";
  };
  const health = () => traffic.health(() => undefined);
  return { clock, traffic, enter, sent, undialled, answered, kindOf, pings, answers, health };
}

/** What pings in the background do takes some turns. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe("a registry to which no connection comes about", () => {
  it("is left alone after so many failures in a row, and the answer says since when and until when", async () => {
    const { undialled, enter, health } = laboratory();
    await undialled(3);
    const entered = await enter();
    assert.ok("refused" in entered);
    assert.equal(
      entered.refused.message,
      "reg.test did not answer 3 times in a row (refused), last at 2027-01-15T08:00:00.000Z, next try in 1 s",
    );
    const [first] = health();
    assert.deepEqual(first, {
      registry: "reg.test",
      state: "open",
      inFlight: 0,
      queued: 0,
      consecutiveFailures: 3,
      lastFaultKind: "refused",
      retryAtMs: 1_800_000_001_000,
    });
  });

  it("is asked again by a ping of its own once the pause is over, by nobody else meanwhile", async () => {
    const { clock, undialled, enter, kindOf, pings, answers } = laboratory();
    await undialled(3);
    clock.advance(1_001);
    answers.push(undefined);
    const [probing, other] = [enter(), enter()];
    assert.ok("refused" in (await other));
    assert.ok(!("refused" in (await probing)));
    assert.equal(await kindOf(), "passes");
    assert.deepEqual(pings, ["ping"]);
  });

  it("is left alone twice as long after each ping that fails, up to a limit", async () => {
    const { clock, undialled, kindOf, answers, health, pings } = laboratory();
    await undialled(3);
    for (const pauseMs of [1_000, 2_000, 4_000, 4_000]) {
      const { retryAtMs } = health()[0] ?? {};
      assert.equal((retryAtMs ?? 0) - clock.nowMs(), pauseMs);
      clock.advance(pauseMs + 1);
      answers.push(refused);
      assert.equal(await kindOf(), "circuit-open");
    }
    assert.equal(pings.length, 4);
  });

  it("is asked at once after the clock was set back", async () => {
    const { clock, undialled, kindOf } = laboratory();
    await undialled(3);
    clock.advance(-3_600_000);
    assert.equal(await kindOf(), "passes");
  });

  it("fails anew only after so many failures without an answer between them", async () => {
    const { undialled, answered, kindOf } = laboratory();
    await undialled(2);
    await answered();
    await undialled(2);
    assert.equal(await kindOf(), "passes");
  });

  const harmless: readonly TransportFault[] = [
    { kind: "certificate", reason: "unknown-authority", message: "m" },
    fault("plain-http", "reg.test"),
    fault("name-not-found", "reg.test"),
    fault("address-forbidden", "reg.test"),
    fault("aborted", "reg.test"),
  ];
  for (const told of harmless) {
    it(`is not what a fault of kind ${told.kind} says`, async () => {
      const { undialled, kindOf } = laboratory();
      await undialled(9, road(), told);
      assert.equal(await kindOf(), "passes");
    });
  }

  it("leaves other registries, and other ways to the same one, alone", async () => {
    const { undialled, kindOf } = laboratory();
    await undialled(3);
    assert.equal(await kindOf(road("/v2/team/app/manifests/v1", "other.test")), "passes");
    assert.equal(await kindOf(road("/v2/team/app/manifests/v1", "reg.test", "other trust")), "passes");
  });

  it("does not lose its circuit to a stream of names that were made up", async () => {
    const { undialled, answered, kindOf, traffic, enter } = laboratory();
    await answered();
    await undialled(3);
    for (let count = 0; count < 20_000; count += 1) {
      const entered = await enter(road(`/v2/${"x".repeat(200)}/manifests/v1`, `${count}.made-up.test`));
      if (!("refused" in entered)) entered.failed(refused);
    }
    assert.equal(await kindOf(), "circuit-open");
    const shown = traffic.health(() => undefined);
    assert.equal(shown.length, 200);
    assert.equal(shown[0]?.registry, "reg.test");
  });
});

describe("a registry that takes connections and does not answer", () => {
  it("has a repository's circuit opened by requests that still wait, without a timer", async () => {
    const { clock, sent, kindOf, answers } = laboratory();
    answers.push(undefined);
    for (let count = 0; count < 2; count += 1) (await sent()).failed(fault("reset", "reg.test"));
    await sent();
    clock.advance(5_000);
    assert.equal(await kindOf(), "circuit-open");
    await settle();
    assert.equal(await kindOf(road("/v2/other/manifests/v1")), "passes");
  });

  it("is closed to everybody only where it does not answer a ping either", async () => {
    const { sent, kindOf, pings, answers } = laboratory();
    answers.push(timeoutFault("headers", ""));
    for (let count = 0; count < 3; count += 1) (await sent()).failed(fault("reset", "reg.test"));
    await settle();
    assert.equal(await kindOf(road("/v2/other/manifests/v1")), "circuit-open");
    assert.deepEqual(pings, ["ping"]);
  });

  it("is tried again by one request for that repository", async () => {
    const { clock, sent, enter, kindOf } = laboratory();
    for (let count = 0; count < 3; count += 1) (await sent()).failed(fault("reset", "reg.test"));
    clock.advance(1_001);
    const probe = await enter();
    assert.ok(!("refused" in probe));
    assert.equal(await kindOf(), "circuit-open");
    probe.sent();
    probe.answered(200);
    probe.end();
    assert.equal(await kindOf(), "passes");
  });

  it("is not blamed for whoever had no patience", async () => {
    const { clock, sent, kindOf } = laboratory();
    for (let count = 0; count < 9; count += 1) {
      const passage = await sent();
      clock.advance(500);
      passage.failed(fault("aborted", "reg.test"));
    }
    assert.equal(await kindOf(), "passes");
  });
});

describe("the places of one registry", () => {
  it("are bounded, and so is the queue before them", async () => {
    const { sent, enter, kindOf, health } = laboratory();
    const paths = ["/v2/a/manifests/1", "/v2/a/manifests/2", "/v2/b/manifests/1", "/v2/b/manifests/2"];
    const passages = [];
    for (const path of paths) passages.push(await sent(road(path)));
    const waiting = [enter(road("/v2/c/manifests/1")), enter(road("/v2/d/manifests/1"))];
    assert.equal(await kindOf(road("/v2/e/manifests/1")), "over-budget");
    assert.deepEqual([health()[0]?.inFlight, health()[0]?.queued], [4, 2]);
    for (const passage of passages) passage.end();
    for (const entered of await Promise.all(waiting)) assert.ok(!("refused" in entered));
    assert.deepEqual([health()[0]?.inFlight, health()[0]?.queued], [2, 0]);
  });

  it("are given back once, however often it is said", async () => {
    const { sent, health } = laboratory();
    const passage = await sent();
    await sent();
    passage.answered(200);
    passage.end();
    passage.end();
    assert.equal(health()[0]?.inFlight, 1);
  });

  it("go to one repository up to the half, so that one that hangs leaves room", async () => {
    const { sent, enter, kindOf, health } = laboratory();
    await sent();
    await sent();
    const stop = new AbortController();
    const third = enter(road(), stop.signal);
    await settle();
    assert.equal(health()[0]?.queued, 1);
    assert.equal(await kindOf(road("/v2/other/manifests/v1")), "passes");
    stop.abort();
    const entered = await third;
    assert.ok("refused" in entered && entered.refused.kind === "aborted");
  });

  it("are given out at the rate that was set", async () => {
    const { clock, enter } = laboratory({ requestsPerSecond: 2, maxInFlight: 100 });
    const times: number[] = [];
    const startMs = clock.nowMs();
    for (let count = 0; count < 5; count += 1) {
      enter(road(`/v2/${count}/manifests/1`)).then(
        () => times.push(clock.nowMs() - startMs),
        () => undefined,
      );
    }
    for (let step = 0; step < 6; step += 1) {
      await settle();
      clock.advance(500);
    }
    await settle();
    assert.deepEqual(times, [0, 0, 500, 1_000, 1_500]);
  });
});
