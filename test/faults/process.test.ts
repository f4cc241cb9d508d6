import assert from "node:assert/strict";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "../support/until.js";
import { type BreakableRegistry, startBreakableRegistry } from "./breakable-registry.js";
import { type ProcessRow, type ProcessWorld, processRows } from "./process-faults.js";
import { watchProcess } from "./process-watch.js";
import { type ServedProcess, startServed } from "./served-process.js";
import type { Reviewed, ReviewWish } from "./webhook.js";

/** What a process may take for one thing where there is little CPU. */
const patienceMs = 30_000;
const sound = { allowed: true, texts: [], isInTime: true };

/** Processes take their time to start and to drain: all of them do at once. */
describe("faults of the process", function () {
  this.timeout(60_000);
  const watch = watchProcess();
  const registries: BreakableRegistry[] = [];
  const processes: ServedProcess[] = [];
  let courses: ReadonlyMap<ProcessRow, { readonly fault: Promise<ProcessWorld>; readonly end: Promise<void> }>;

  before(() => {
    courses = new Map(
      processRows.map((row) => {
        const fault = play(row);
        const end = fault.then((world) => ends[row.end ?? "told"](world));
        // Told by the row's own tests.
        fault.catch(() => undefined);
        end.catch(() => undefined);
        return [row, { fault, end }];
      }),
    );
  });
  after(async () => {
    await Promise.allSettled([...courses.values()].map(({ end }) => end));
    await Promise.all(processes.map((each) => each.remove()));
    await Promise.all(registries.map((each) => each.stop()));
    await watch.assertClean();
  });

  async function play(row: ProcessRow): Promise<ProcessWorld> {
    // Nodes speak plain HTTP to a registry on their own machine.
    const registry = await startBreakableRegistry({ host: "localhost" });
    registries.push(registry);
    const wish = row.start?.();
    const served = await startServed(wish);
    processes.push(served);
    wish?.started?.();
    const world = { registry, served };
    assert.deepEqual(await answered(served, registry.image("v1")), sound, "before");
    await row.inject(world);
    const timeout = row.timeoutMs === undefined ? {} : { timeoutMs: row.timeoutMs };
    for (let nth = 0; nth < (row.reviews ?? 1); nth += 1) {
      const { allowed, texts, isInTime } = await answered(served, registry.image(`v2-${nth}`), timeout);
      assert.equal(allowed, row.expected.allowed);
      assert.match(`${texts[0]}`, new RegExp(row.expected.says ?? "^undefined$"));
      assert.ok(isInTime);
    }
    await row.lift(world);
    assert.deepEqual(await answered(served, registry.image("v4")), sound, "after");
    return world;
  }

  for (const row of processRows) {
    it(`${row.fault}: answered all the same`, async () => {
      await courses.get(row)?.fault;
    });
    it(`${row.fault}: and it ends when it is ${row.end ?? "told"}`, () => courses.get(row)?.end);
  }
});

const ends: Readonly<Record<"told" | NonNullable<ProcessRow["end"]>, (world: ProcessWorld) => Promise<void>>> = {
  told: async ({ served }) => {
    served.child.kill("SIGTERM");
    assert.equal(await served.ended, 0);
    assert.equal(served.stderr(), "");
  },
  "told in flight": async ({ served, registry }) => {
    const { arrived, answer } = await holdBack(registry);
    const inFlight = served.review([registry.image("v5")]);
    await arrived;
    served.child.kill("SIGTERM");
    await until(
      () => served.stdout().includes('"msg":"draining"'),
      () => pause(5),
      patienceMs,
    );
    // Endpoints are not told at once: whoever still comes is served.
    assert.deepEqual(await served.review([]), sound);
    answer();
    assert.deepEqual(await inFlight, sound, "what was in flight is answered");
    assert.equal(await served.ended, 0);
    assert.equal(served.stderr(), "");
    assert.equal(await connects(served.port), false, "nobody listens any more");
  },
  "killed in flight": async ({ served, registry }) => {
    const { arrived } = await holdBack(registry);
    // The API server learns of it at once, and does what failurePolicy says; nothing waits for a timeout.
    const broken = assert.rejects(served.review([registry.image("v5")]), { code: "ECONNRESET" });
    await arrived;
    served.child.kill("SIGKILL");
    await broken;
    assert.equal(await served.ended, "SIGKILL");
  },
};

/** Asks until there is an answer: on a machine with more to do than it can, images are let through unchecked. */
async function answered(served: ServedProcess, image: string, wish?: ReviewWish): Promise<Reviewed> {
  const ask = async (): Promise<Reviewed> => await served.review([image], wish);
  let reviewed = await ask();
  await until(
    () => !reviewed.texts.some((text) => text.startsWith("PullguardOverloaded")),
    async () => {
      await pause(100);
      reviewed = await ask();
    },
    patienceMs,
  );
  return reviewed;
}

/** The registry answers its next request when it is told to. */
async function holdBack(registry: BreakableRegistry) {
  let arrive: () => void = () => undefined;
  let release: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await registry.break({
    request: (_request, _response, soundly) => {
      arrive();
      void released.then(soundly);
    },
  });
  return { arrived, answer: release };
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
