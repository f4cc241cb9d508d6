import assert from "node:assert/strict";
import { createAdmissionGate, type GateDeps } from "../../src/admission/index.js";
import { noteDeadline } from "../../src/core/index.js";
import { fakeClock } from "../support/builders.js";

/** A gate on a clock that is moved by hand; `r`, `s` and `t` have answered before. */
function laboratory(given: Partial<GateDeps> = {}) {
  const clock = fakeClock(1_000_000);
  const shed: string[] = [];
  const gate = createAdmissionGate({
    clock,
    maxInFlight: 4,
    maxQueued: 2,
    onShed: (reason) => shed.push(reason),
    ...given,
  });
  for (const registry of ["r", "s", "t"]) {
    const visit = gate.open();
    assert.equal(visit.enter(registry, within(5_000)), true);
    visit.leave(registry, true);
  }
  function within(ms: number): AbortSignal {
    const { signal } = new AbortController();
    noteDeadline(signal, clock.nowMs() + ms);
    return signal;
  }
  const enter = (registry: string, ms = 9_000) => {
    const visit = gate.open();
    const admitted = visit.enter(registry, within(ms));
    return { admitted, leave: () => visit.leave(registry, true), visit };
  };
  return { clock, gate, shed, within, enter };
}

describe("the admission gate", () => {
  it("lets so many in, lets the next wait in their order, and the rest go unchecked", async () => {
    const { enter, gate, shed } = laboratory();
    const inside = ["r", "r", "s", "s"].map((registry) => enter(registry));
    const waiting = [enter("r"), enter("t")];
    assert.deepEqual(gate.view(), { inFlight: 4, queued: 2 });
    assert.equal(enter("t").admitted, false);
    assert.deepEqual(shed, ["full"]);
    inside[0]?.leave();
    assert.equal(await waiting[0]?.admitted, true);
    assert.deepEqual(gate.view(), { inFlight: 4, queued: 1 });
    inside[1]?.leave();
    assert.equal(await waiting[1]?.admitted, true);
    for (const { leave } of [...inside.slice(2), ...waiting]) leave();
    assert.deepEqual(gate.view(), { inFlight: 0, queued: 0 });
  });

  it("gives one check one place for all of its images at a registry", () => {
    const { gate, within } = laboratory();
    const visit = gate.open();
    for (let image = 0; image < 9; image += 1) assert.equal(visit.enter("r", within(5_000)), true);
    assert.equal(gate.view().inFlight, 1);
    for (let image = 0; image < 8; image += 1) visit.leave("r", false);
    assert.equal(gate.view().inFlight, 1);
    visit.leave("r", true);
    assert.equal(gate.view().inFlight, 0);
  });

  it("makes nobody wait longer than half of the time there is", async () => {
    const { clock, enter, shed } = laboratory({ maxInFlight: 1 });
    enter("r");
    const { admitted } = enter("s", 8_000);
    clock.advance(3_999);
    await Promise.resolve();
    assert.deepEqual(shed, []);
    clock.advance(1);
    assert.equal(await admitted, false);
    assert.deepEqual(shed, ["late"]);
  });

  it("forgets who has left while waiting", async () => {
    const { enter, gate, clock } = laboratory({ maxInFlight: 1 });
    const first = enter("r");
    const stop = new AbortController();
    noteDeadline(stop.signal, clock.nowMs() + 9_000);
    const gone = gate.open().enter("s", stop.signal);
    const last = enter("t");
    stop.abort();
    assert.equal(await gone, false);
    first.leave();
    assert.equal(await last.admitted, true);
  });

  it("keeps a quarter of the places from any one registry, and lets others pass those who wait for it", async () => {
    const { enter, gate } = laboratory({ maxInFlight: 8 });
    for (let count = 0; count < 6; count += 1) assert.equal(enter("r").admitted, true);
    const seventh = enter("r");
    assert.equal(gate.view().queued, 1);
    assert.equal(enter("s").admitted, true);
    assert.ok(seventh.admitted instanceof Promise);
  });

  it("keeps names that nobody has heard of from taking more than a quarter, until they answer", async () => {
    const { enter, gate } = laboratory({ maxInFlight: 8 });
    const strangers = ["a.made-up", "b.made-up"].map((registry) => enter(registry));
    const third = enter("c.made-up");
    assert.equal(gate.view().inFlight, 2);
    assert.equal(enter("r").admitted, true);
    strangers[0]?.leave();
    assert.equal(await third.admitted, true);
    assert.equal(enter("a.made-up").admitted, true);
  });

  it("lets pass at once what an event loop that lags would not finish in time", () => {
    let lagMs = 0;
    const { enter, shed } = laboratory({ lagMs: () => lagMs });
    assert.equal(enter("r", 5_000).admitted, true);
    lagMs = 501;
    assert.equal(enter("s", 5_000).admitted, false);
    assert.equal(enter("s", 9_000).admitted, true);
    assert.deepEqual(shed, ["late"]);
  });

  it("admits one even where there is a single place", async () => {
    const { enter, gate } = laboratory({ maxInFlight: 1, maxQueued: 0 });
    const stranger = enter("never.seen");
    assert.equal(stranger.admitted, true);
    assert.equal(enter("r").admitted, false);
    stranger.leave();
    assert.deepEqual(gate.view(), { inFlight: 0, queued: 0 });
  });

  it("loses no place in any order of comings and goings", async () => {
    const { gate, within } = laboratory({ maxInFlight: 8, maxQueued: 1_000 });
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    const open: (() => void)[] = [];
    const waits: Promise<void>[] = [];
    for (let step = 0; step < 5_000; step += 1) {
      const registry = ["r", "s", `x${random(50)}`][random(3)] ?? "r";
      const visit = gate.open();
      const admitted = visit.enter(registry, within(9_000));
      const leave = (): void => visit.leave(registry, random(2) === 0);
      if (admitted === true) open.push(leave);
      else if (admitted instanceof Promise) waits.push(admitted.then((is) => void (is && open.push(leave))));
      assert.ok(gate.view().inFlight <= 8);
      while (open.length > random(9)) open.splice(random(open.length), 1)[0]?.();
      await Promise.resolve();
    }
    while (gate.view().queued + gate.view().inFlight > 0) {
      open.shift()?.();
      await Promise.resolve();
    }
    await Promise.all(waits);
    assert.deepEqual(gate.view(), { inFlight: 0, queued: 0 });
  });
});
