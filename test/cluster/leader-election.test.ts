import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ApiException } from "@kubernetes/client-node";
import {
  type ElectionEvent,
  electLeader,
  type LeaderElection,
  type LeaseRecord,
  type LeaseStore,
} from "../../src/cluster/index.js";
import { fakeClock } from "../support/builders.js";

/** The Lease of an API server that tests may cut off, for everybody or for one. */
function leaseServer() {
  let stored: { readonly record: LeaseRecord; readonly version: number } | undefined;
  let version = 0;
  const away = new Map<string, unknown>();
  const asked: string[] = [];
  const write = (record: LeaseRecord) => {
    version += 1;
    stored = { record, version };
    return { record, token: version };
  };
  const storeFor = (name: string): LeaseStore => {
    const ask = async <T>(what: string, answer: () => T, signal: AbortSignal): Promise<T> => {
      asked.push(`${name} ${what}`);
      const fault = away.get(name);
      if (fault === "never") {
        return await new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      }
      if (fault !== undefined) throw fault;
      return answer();
    };
    return {
      read: (signal) =>
        ask(
          "read",
          () => (stored === undefined ? undefined : { record: stored.record, token: stored.version }),
          signal,
        ),
      create: (record, signal) => ask("create", () => (stored === undefined ? write(record) : "lost"), signal),
      replace: ({ token }, record, signal) =>
        ask("replace", () => (stored?.version === token ? write(record) : "lost"), signal),
    };
  };
  return {
    storeFor,
    asked,
    away,
    record: () => stored?.record,
    /** Somebody else writes. */
    put: (record: LeaseRecord | undefined) => {
      if (record === undefined) stored = undefined;
      else write(record);
    },
  };
}

describe("leader election", () => {
  let clock: ReturnType<typeof fakeClock>;
  let server: ReturnType<typeof leaseServer>;
  const running: LeaderElection[] = [];
  beforeEach(() => {
    clock = fakeClock(1_000_000);
    server = leaseServer();
  });
  afterEach(async () => {
    for (const election of running.splice(0)) {
      const stopped = election.stop();
      await pass(3_000);
      await stopped;
    }
  });

  const start = (identity: string, wallAheadMs = 0) => {
    const events: ElectionEvent[] = [];
    const changes: boolean[] = [];
    const election = electLeader({
      store: server.storeFor(identity),
      identity,
      clock: { ...clock, nowMs: () => clock.nowMs() + wallAheadMs },
      steadyMs: () => clock.nowMs(),
      random: () => 0.5,
      onEvent: (event) => events.push(event),
    });
    election.onChange((isLeader) => changes.push(isLeader));
    running.push(election);
    return { election, events, changes };
  };

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 8; turn += 1) await nextTurn();
  }

  async function pass(ms: number): Promise<void> {
    await settle();
    for (let left = ms; left > 0; left -= 500) {
      clock.advance(Math.min(500, left));
      await settle();
    }
  }

  it("makes the first one the leader, and one alone", async () => {
    const [a, b] = [start("a"), start("b")];
    await pass(0);
    const leaders = [a, b].filter(({ election }) => election.isLeader());
    assert.equal(leaders.length, 1);
    for (let beat = 0; beat < 60; beat += 1) {
      await pass(1_000);
      assert.deepEqual(
        [a, b].filter(({ election }) => election.isLeader()),
        leaders,
      );
    }
    assert.equal(server.record()?.transitions, 0);
    assert.deepEqual([...a.events, ...b.events].map(({ kind }) => kind).sort(), ["following", "leading"]);
  });

  it("renews without reading as long as nobody interferes", async () => {
    start("a");
    await pass(0);
    server.asked.splice(0);
    await pass(20_000);
    assert.deepEqual(new Set(server.asked), new Set(["a replace"]));
    assert.equal(server.asked.length, 10);
  });

  it("hands over within a lease when the leader is killed, whatever its clock says", async () => {
    for (const aheadMs of [0, 3_600_000, -3_600_000]) {
      server = leaseServer();
      const a = start("a", aheadMs);
      await pass(0);
      const b = start("b");
      await pass(5_000);
      assert.deepEqual([a.election.isLeader(), b.election.isLeader()], [true, false]);
      server.away.set("a", "never");
      await pass(9_000);
      assert.equal(b.election.isLeader(), false, "not before the lease has ended");
      await pass(1_500);
      assert.equal(a.election.isLeader(), false, "it knows that it may be none any more");
      assert.equal(b.election.isLeader(), false);
      await pass(10_000);
      assert.equal(b.election.isLeader(), true);
      assert.deepEqual([a.changes, b.changes], [[true, false], [true]]);
      assert.equal(server.record()?.transitions, 1);
      server.away.clear();
      await pass(10_000);
      assert.equal(a.election.isLeader(), false);
      assert.equal(a.election.holder(), "b");
    }
  });

  it("never has two leaders, however often the API server is cut off", async () => {
    const replicas = ["a", "b", "c"].map((name) => ({ name, ...start(name) }));
    let seed = 7;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    let led = 0;
    for (let step = 0; step < 400; step += 1) {
      for (const { name } of replicas) {
        if (random() < 0.05) server.away.set(name, random() < 0.5 ? "never" : new Error("refused"));
        else if (random() < 0.1) server.away.delete(name);
      }
      await pass(1_000);
      const leaders = replicas.filter(({ election }) => election.isLeader()).length;
      assert.ok(leaders <= 1);
      led += leaders;
    }
    assert.ok(led > 100, `somebody led in ${led} of 400 seconds`);
  });

  it("gives the Lease up when it stops, so that another one need not wait", async () => {
    const a = start("a");
    await pass(0);
    const b = start("b");
    await pass(3_000);
    const stopped = a.election.stop();
    assert.equal(a.election.isLeader(), false);
    await settle();
    await stopped;
    assert.deepEqual(a.changes, [true, false]);
    assert.equal(server.record()?.holder, "");
    await pass(4_500);
    assert.equal(b.election.isLeader(), true);
  });

  it("stops soon when the API server is away", async () => {
    const a = start("a");
    await pass(0);
    server.away.set("a", "never");
    const stopped = a.election.stop();
    await pass(2_000);
    await stopped;
  });

  it("leaves alone what another took over meanwhile", async () => {
    const a = start("a");
    await pass(0);
    server.put({ holder: "z", durationMs: 15_000, renewedMs: 1, acquiredMs: 1, transitions: 5 });
    const stopped = a.election.stop();
    await settle();
    await stopped;
    assert.equal(server.record()?.holder, "z");
  });

  it("gives way at once to one that holds the Lease", async () => {
    const a = start("a");
    await pass(0);
    server.put({ holder: "z", durationMs: 15_000, renewedMs: 1, acquiredMs: 1, transitions: 5 });
    await pass(2_000);
    assert.equal(a.election.isLeader(), false);
    assert.deepEqual(a.events.at(-1), { kind: "following", holder: "z" });
  });

  it("keeps leading over a conflict and a deleted Lease", async () => {
    const a = start("a");
    await pass(0);
    const own = server.record();
    assert.ok(own);
    // A label that somebody set has changed the version.
    server.put(own);
    await pass(2_000);
    assert.equal(a.election.isLeader(), true);
    server.put(undefined);
    await pass(2_500);
    assert.equal(a.election.isLeader(), true);
    assert.deepEqual(a.changes, [true]);
  });

  it("takes a Lease whose time is over as soon as it has seen it stand still for its length", async () => {
    server.put({ holder: "dead", durationMs: 6_000, renewedMs: 1, acquiredMs: 1, transitions: 2 });
    const { election } = start("a");
    await pass(6_000);
    assert.equal(election.isLeader(), false);
    await pass(4_000);
    assert.equal(election.isLeader(), true);
    assert.equal(server.record()?.transitions, 3);
  });

  it("tells why it cannot compete once, tries less and less often, and goes on when it may", async () => {
    server.away.set("a", new ApiException(403, "forbidden", undefined, {}));
    const { election, events } = start("a");
    await pass(120_000);
    assert.deepEqual(events, [
      { kind: "fault", reason: "Pullguard has no permission to renew leases.coordination.k8s.io (403)" },
    ]);
    assert.ok(server.asked.length < 12, `${server.asked.length} tries`);
    server.away.clear();
    await pass(33_000);
    assert.equal(election.isLeader(), true);
  });
});
