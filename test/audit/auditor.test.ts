import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type Auditor,
  type AuditStore,
  auditRate,
  Budgets,
  createInventory,
  startAuditor,
} from "../../src/audit/index.js";
import { decodeChunk, encodeChunk } from "../../src/audit/stored.js";
import type { Finding } from "../../src/findings/index.js";
import { finding } from "../cli/findings.js";
import { fakeClock } from "../support/builders.js";
import { audited } from "./objects.js";

const startMs = Date.parse("2026-02-01T12:00:00Z");

/** What survives: what an API server would hold, as texts. */
function memoryStore() {
  const stored = new Map<string, string>();
  let version = 0;
  let writes = 0;
  const store: AuditStore = {
    chunks: () => [...stored].map(([name, text]) => ({ name, chunk: decodeChunk(JSON.parse(text)) })),
    version: () => version,
    write: async (name, body) => {
      version += 1;
      writes += 1;
      stored.set(name, JSON.stringify(body));
      return true;
    },
    remove: async (name) => {
      version += 1;
      stored.delete(name);
    },
  };
  return { store, stored, writes: () => writes };
}

/** One cluster with any number of auditors on one clock. */
function world(images: readonly string[], times = { soundMs: 3_600_000, failingMs: 600_000, leastMs: 60_000 }) {
  const clock = fakeClock(startMs);
  const { store, stored, writes } = memoryStore();
  const inventory = createInventory();
  for (const [index, image] of images.entries()) {
    inventory.note(audited("Deployment", `web-${index}`, { containers: [`app=${image}`] }), false);
  }
  const broken = new Map<string, Partial<Finding>>();
  const asked: { readonly image: string; readonly by: string; readonly atMs: number }[] = [];
  const changes: string[] = [];
  let members: readonly string[] = [];
  let published = 0;
  const paused = new Set<string>();
  const start = (self: string, seesMembers = () => members, perMinute = 6000): Auditor => {
    const budgets = new Budgets((host) => auditRate(host, perMinute));
    return startAuditor({
      ...{ clock, inventory, store, budgets, times },
      ask: async (workloads) => {
        const [workload] = workloads;
        const image = workload?.pod.images[0]?.image ?? "";
        asked.push({ image, by: self, atMs: clock.nowMs() });
        budgets.charge(image.split("/")[0] ?? "", 2, clock.nowMs());
        const answer = broken.get(image) ?? { verdict: "pullable", cause: null };
        return {
          findings: workloads.map(({ identity }) => finding({ image, workload: identity, ...answer })),
          pulled: [],
        };
      },
      hostsOf: ({ registry }) => [registry],
      pausedMs: (host) => (paused.has(host) ? 5_000 : 0),
      onChanges: (list) => changes.push(...list.map(({ kind }) => kind)),
      isReady: () => true,
      holders: () => () => [],
      membership: { self, members: () => seesMembers() },
      publish: async () => {
        published += 1;
      },
    });
  };
  /** Time passes second by second, so that every sleeper wakes in its turn. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      for (let turn = 0; turn < 12; turn += 1) await nextTurn();
      clock.advance(1_000);
    }
    for (let turn = 0; turn < 12; turn += 1) await nextTurn();
  };
  return {
    ...{ clock, store, stored, inventory, broken, paused, asked, changes, start, pass, writes },
    join: (...names: string[]) => {
      members = names;
    },
    published: () => published,
  };
}

const hosts = Array.from({ length: 24 }, (_, index) => `reg${index}.test`);
const many = hosts.flatMap((host) => [`${host}/a:v1`, `${host}/b:v1`]);
const gone = { verdict: "unpullable", cause: "TagNotFound", message: "gone", fix: "Push it." } as const;

describe("the auditor", () => {
  it("asks every image once and again when its time has come, failing ones sooner", async () => {
    const { join, start, pass, asked, broken } = world(["reg.test/good:v1", "reg.test/bad:v1"]);
    broken.set("reg.test/bad:v1", gone);
    join("a");
    const auditor = start("a");
    await pass(500);
    assert.equal(asked.length, 2);
    await pass(3_700);
    const count = (image: string) => asked.filter((each) => each.image === image).length;
    assert.equal(count("reg.test/good:v1"), 2);
    assert.ok(count("reg.test/bad:v1") >= 6 && count("reg.test/bad:v1") <= 8, String(count("reg.test/bad:v1")));
    await auditor.stop();
  });

  it("tells what was found, since when, and that it is over, and forgets it later", async () => {
    const { join, start, pass, broken, changes, clock } = world(["reg.test/bad:v1"]);
    broken.set("reg.test/bad:v1", gone);
    join("a");
    const auditor = start("a");
    await pass(30);
    const foundAt = auditor.view.report().workloads[0]?.firstSeen;
    await pass(1_500);
    const [row] = auditor.view.report().workloads;
    assert.deepEqual([row?.risk, row?.cause, row?.firstSeen], ["fails", "TagNotFound", foundAt]);
    assert.notEqual(row?.lastSeen, foundAt);
    broken.clear();
    await pass(700);
    const report = auditor.view.report();
    assert.equal(report.workloads[0]?.risk, "none");
    assert.deepEqual(
      report.resolved.map(({ cause, firstSeen }) => [cause, firstSeen]),
      [["TagNotFound", foundAt]],
    );
    assert.deepEqual(changes, ["found", "resolved"]);
    clock.advance(8 * 86_400_000);
    await pass(60);
    assert.deepEqual(auditor.view.report().resolved, []);
    await auditor.stop();
  });

  it("repeats nothing after a restart, whether it was told to stop or killed", async () => {
    const { join, start, pass, asked, stored } = world(many);
    join("a");
    const first = start("a");
    await pass(120);
    assert.equal(asked.length, many.length);
    await first.stop();
    const second = start("a");
    await pass(120);
    assert.equal(asked.length, many.length);
    // Killed: what it would write from now on is lost.
    const after = new Map(stored);
    await second.stop();
    stored.clear();
    for (const [name, text] of after) stored.set(name, text);
    const third = start("a");
    await pass(300);
    assert.equal(asked.length, many.length);
    assert.equal(third.view.report().summary.verdicts.pullable, many.length);
    await third.stop();
  });

  it("writes down what it is about to ask before it asks", async () => {
    const { join, start, pass, asked, store } = world(["reg.test/a:v1"]);
    join("a");
    const refusing: AuditStore = { ...store, write: () => Promise.reject(new Error("no API server")) };
    Object.assign(store, refusing);
    const auditor = start("a");
    await pass(60);
    assert.equal(asked.length, 0);
    await auditor.stop();
  });

  it("keeps to the budget of each registry, also across a restart", async () => {
    const images = Array.from({ length: 200 }, (_, index) => `slow.test/app${index}:v1`);
    const { join, start, pass, asked } = world(images);
    join("a");
    // 60 requests a minute, two for an image: 30 images a minute, and 15 requests at once.
    const first = start("a", undefined, 60);
    await pass(120);
    assert.ok(asked.length >= 50 && asked.length <= 68, String(asked.length));
    await first.stop();
    const before = asked.length;
    const second = start("a", undefined, 60);
    await pass(60);
    assert.ok(asked.length - before <= 34, String(asked.length - before));
    await second.stop();
    assert.equal(new Set(asked.map(({ image }) => image)).size, asked.length, "none twice");
  });

  it("leaves a registry alone that wants it, or that has had enough", async () => {
    const { join, start, pass, asked, paused, broken } = world(["reg.test/a:v1", "other.test/a:v1", "other.test/b:v1"]);
    paused.add("reg.test");
    broken.set("other.test/a:v1", { verdict: "unknown", cause: "RegistryRateLimited" });
    join("a");
    const auditor = start("a");
    await pass(60);
    assert.ok(asked.every(({ image }) => image.startsWith("other.test")));
    const soFar = asked.length;
    paused.clear();
    await pass(100);
    assert.deepEqual(
      asked.slice(soFar).map(({ image }) => image),
      ["reg.test/a:v1"],
      "the other one still rests",
    );
    await auditor.stop();
  });

  it("asks what has changed before what only has become old", async () => {
    const { join, start, pass, asked, inventory } = world(["reg.test/a:v1"]);
    join("a");
    const auditor = start("a");
    await pass(20);
    inventory.note(audited("Deployment", "new", { containers: ["app=reg.test/new:v1"] }), false);
    await pass(20);
    assert.deepEqual(
      asked.map(({ image }) => image),
      ["reg.test/a:v1", "reg.test/new:v1"],
    );
    inventory.note(audited("Deployment", "other", { containers: ["app=reg.test/a:v1"], namespace: "other" }), false);
    await pass(80);
    assert.deepEqual(asked.map(({ image }) => image).slice(2), ["reg.test/a:v1"]);
    await auditor.stop();
  });

  it("shares the work between replicas, and nothing is asked twice", async () => {
    const { join, start, pass, asked } = world(many);
    join("a", "b");
    const both = [start("a"), start("b")];
    await pass(120);
    assert.equal(asked.length, many.length);
    assert.equal(new Set(asked.map(({ image }) => image)).size, many.length);
    assert.equal(new Set(asked.map(({ by }) => by)).size, 2);
    for (const auditor of both) assert.equal(auditor.view.report().summary.pending, 0);
    await Promise.all(both.map((each) => each.stop()));
  });

  it("takes over what was another's, and asks it no sooner than the other would have", async () => {
    const { join, start, pass, asked, inventory } = world(many);
    join("a", "b");
    const a = start("a");
    const b = start("b");
    await pass(120);
    await b.stop();
    join("a");
    await pass(60);
    assert.equal(asked.length, many.length);
    for (const [index, host] of hosts.entries()) {
      inventory.note(audited("Deployment", `more-${index}`, { containers: [`app=${host}/more:v1`] }), false);
    }
    await pass(60);
    assert.equal(asked.filter(({ image, by }) => image.endsWith("more:v1") && by === "a").length, hosts.length);
    await a.stop();
  });

  it("waits for the others to notice when it comes", async () => {
    const { join, start, pass, asked } = world(many);
    let old: readonly string[] = ["a"];
    join("a", "b");
    const a = start("a", () => old);
    const b = start("b");
    await pass(6);
    old = ["a", "b"];
    await pass(120);
    assert.equal(new Set(asked.map(({ image }) => image)).size, asked.length, "none twice");
    await Promise.all([a.stop(), b.stop()]);
  });

  it("asks nobody while it cannot be sure to be counted", async () => {
    const { start, pass, asked } = world(many);
    const auditor = start("a", () => []);
    await pass(60);
    assert.equal(asked.length, 0);
    await auditor.stop();
  });

  it("writes seldom", async () => {
    const { join, start, pass, writes } = world(many);
    join("a");
    const auditor = start("a");
    await pass(240);
    // Before a round and after it, for each registry.
    assert.ok(writes() <= hosts.length * 2, String(writes()));
    await auditor.stop();
  });
});

describe("stored state", () => {
  it("comes back as it was", async () => {
    const { join, start, pass, store, broken } = world(["reg.test/bad:v1", "reg.test/good:v1"]);
    broken.set("reg.test/bad:v1", { ...gone, advisories: [{ cause: "RateLimitNear", message: "few", fix: null }] });
    join("a");
    const auditor = start("a");
    await pass(60);
    await auditor.stop();
    const chunks = store.chunks() ?? [];
    assert.ok(chunks.length > 0);
    for (const { chunk } of chunks)
      assert.deepEqual(decodeChunk(JSON.parse(JSON.stringify(encodeChunk(chunk)))), chunk);
  });

  it("is bounded: a registry of many images is spread over several objects", async () => {
    const images = Array.from({ length: 1_000 }, (_, index) => `big.test/app${index}:v1`);
    const { join, start, pass, stored, broken } = world(images);
    for (const image of images) broken.set(image, { ...gone, message: "x".repeat(900) });
    join("a");
    const auditor = start("a", undefined, 600_000);
    await pass(60);
    await auditor.stop();
    assert.ok(stored.size > 3, String(stored.size));
    for (const text of stored.values()) assert.ok(text.length < 600_000, String(text.length));
    const total = [...stored.values()].reduce((sum, text) => sum + decodeChunk(JSON.parse(text)).images.length, 0);
    assert.equal(total, images.length);
  });
});
