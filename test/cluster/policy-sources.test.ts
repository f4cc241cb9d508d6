import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ClusterAccess,
  type ConfigWatchEvent,
  clusterNamespaces,
  loadCluster,
  readServiceRanges,
  watchConfig,
} from "../../src/cluster/index.js";
import type { Clock } from "../../src/core/index.js";
import { until } from "../support/until.js";
import { type ApiAnswer, type FakeApiServer, kubeconfigText, notFound, startApiServer } from "./api-server.js";

const path = "/apis/pullguard.dev/v1/pullguardconfigs";
const signal = new AbortController().signal;

/** Time stands still until the test moves it; then every sleep that is due ends. */
function movedClock(): Clock & { move(ms: number): void; sleeping(): readonly number[] } {
  let now = 0;
  const sleepers = new Set<{ readonly ms: number; readonly atMs: number; readonly wake: () => void }>();
  return {
    nowMs: () => now,
    sleep: (ms, stop) =>
      new Promise((resolve, reject) => {
        if (stop?.aborted === true) return reject(stop.reason);
        const sleeper = { ms, atMs: now + ms, wake: resolve };
        sleepers.add(sleeper);
        stop?.addEventListener("abort", () => {
          sleepers.delete(sleeper);
          reject(stop.reason);
        });
      }),
    move: (ms) => {
      now += ms;
      for (const sleeper of [...sleepers]) {
        if (sleeper.atMs > now) continue;
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
    sleeping: () => [...sleepers].map(({ ms }) => ms),
  };
}

async function withServer(
  answers: Readonly<Record<string, ApiAnswer>>,
  use: (server: FakeApiServer, access: ClusterAccess, answers: Map<string, ApiAnswer>) => Promise<void>,
): Promise<void> {
  const known = new Map(Object.entries(answers));
  const server = await startApiServer(known);
  const folder = mkdtempSync(join(tmpdir(), "pullguard-policy-"));
  try {
    const file = join(folder, "kubeconfig");
    writeFileSync(file, kubeconfigText(server.url));
    const access = loadCluster({ kind: "file", path: file });
    assert.ok(access);
    await use(server, access, known);
  } finally {
    rmSync(folder, { recursive: true });
    await server.close();
  }
}

const config = (generation: number, status?: object) => ({
  apiVersion: "pullguard.dev/v1",
  kind: "PullguardConfig",
  metadata: { name: "default", generation, resourceVersion: `${generation}${status === undefined ? "" : "-status"}` },
  spec: {},
  ...(status === undefined ? {} : { status }),
});
const list = (...items: readonly object[]): ApiAnswer => ({
  status: 200,
  body: { kind: "PullguardConfigList", metadata: { resourceVersion: "7" }, items },
});

/** What a watch tells, one after the other. */
function heard() {
  const objects: unknown[] = [];
  let arrived: () => void = () => undefined;
  return {
    take: (object: unknown): undefined => {
      objects.push(object);
      arrived();
    },
    objects,
    until: async (count: number): Promise<void> => {
      while (objects.length < count) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
    },
  };
}

describe("the watch of the PullguardConfig", () => {
  it("tells what there is and every change, by the name alone", async () => {
    await withServer({ [path]: list(config(1)), [`${path}?watch`]: "stream" }, async (server, access) => {
      const ears = heard();
      const watch = watchConfig({ access, clock: movedClock(), name: "default", onConfig: ears.take });
      await ears.until(1);
      assert.equal(watch.notReady(), undefined);
      await server.arrival(`${path}?watch`);
      assert.equal(server.watchQueries[0]?.get("resourceVersion"), "7");
      assert.equal(server.watchQueries[0]?.get("fieldSelector"), "metadata.name=default");
      server.tell("MODIFIED", config(2));
      await ears.until(2);
      server.tell("DELETED", config(2));
      await ears.until(3);
      assert.deepEqual(ears.objects, [config(1), config(2), undefined]);
      watch.stop();
    });
  });

  it("is none in a cluster without the CRD, and asks again later", async () => {
    await withServer({}, async (_server, access, answers) => {
      const ears = heard();
      const clock = movedClock();
      const events: ConfigWatchEvent[] = [];
      const watch = watchConfig({
        access,
        clock,
        name: "default",
        onConfig: ears.take,
        onEvent: (e) => events.push(e),
      });
      await ears.until(1);
      assert.deepEqual([ears.objects, watch.notReady(), events], [[undefined], undefined, []]);
      answers.set(path, list(config(1)));
      answers.set(`${path}?watch`, "stream");
      await until(() => clock.sleeping().some((ms) => ms <= 1_000));
      clock.move(1_000);
      await ears.until(2);
      assert.deepEqual(ears.objects[1], config(1));
      assert.deepEqual(events, [{ kind: "synced" }]);
      watch.stop();
    });
  });

  it("keeps what it has heard while it may not or cannot ask, and waits longer each time", async () => {
    for (const [answer, reason] of [
      [{ status: 403, body: {} }, /no permission to list and watch pullguardconfigs/],
      [{ status: 500, body: {} }, /answered 500/],
      [{ status: 200, body: { items: 5 } }, /cannot be watched/],
    ] as const) {
      await withServer({ [path]: answer }, async (_server, access) => {
        const ears = heard();
        const clock = movedClock();
        let tell: (event: ConfigWatchEvent) => void = () => undefined;
        const event = new Promise<ConfigWatchEvent>((resolve) => {
          tell = resolve;
        });
        const watch = watchConfig({
          access,
          clock,
          name: "default",
          onConfig: ears.take,
          onEvent: tell,
          random: () => 1,
        });
        const told = await event;
        assert.match(told.kind === "fault" ? told.reason : told.kind, reason);
        assert.deepEqual(ears.objects, []);
        assert.deepEqual(told.kind === "fault" && told.retryMs, 1000);
        watch.stop();
      });
    }
  });

  it("lists again after a watch that has lost its place", async () => {
    await withServer({ [path]: list(config(1)), [`${path}?watch`]: "stream" }, async (server, access) => {
      const ears = heard();
      const clock = movedClock();
      const watch = watchConfig({ access, clock, name: "default", onConfig: ears.take });
      await server.arrival(`${path}?watch`);
      server.tell("ERROR", { kind: "Status", code: 410 });
      server.endWatches();
      // The watch itself sleeps as well, until it counts as dead.
      await until(() => clock.sleeping().some((ms) => ms <= 1000));
      clock.move(1000);
      await ears.until(2);
      await server.arrival(path, 2);
      watch.stop();
    });
  });

  it("writes the status that it is told, unless it is that already", async () => {
    const status = { observedGeneration: 1 };
    await withServer(
      { [path]: list(config(1)), [`${path}?watch`]: "stream", [`${path}/default/status`]: { status: 200, body: {} } },
      async (server, access) => {
        const ears = heard();
        const onConfig = (object: unknown) => {
          ears.take(object);
          return status;
        };
        const watch = watchConfig({ access, clock: movedClock(), name: "default", onConfig });
        await server.arrival(`${path}/default/status`);
        await server.arrival(`${path}?watch`);
        server.tell("MODIFIED", config(1, status));
        await ears.until(2);
        server.tell("MODIFIED", config(2, status));
        await ears.until(3);
        assert.equal(server.asked.filter((asked) => asked.endsWith("/status")).length, 1);
        watch.stop();
      },
    );
  });
});

describe("labels of namespaces", () => {
  const shop: ApiAnswer = {
    status: 200,
    body: { kind: "Namespace", metadata: { name: "shop", labels: { tier: "prod" } } },
  };

  it("are read by name and remembered for some seconds", async () => {
    await withServer({ "/api/v1/namespaces/shop": shop }, async (server, access) => {
      const clock = movedClock();
      const source = clusterNamespaces({ access, clock });
      assert.deepEqual(await source.labels("shop", signal), { tier: "prod" });
      clock.move(4_000);
      assert.deepEqual(await source.labels("shop", signal), { tier: "prod" });
      assert.equal(server.asked.length, 1);
      clock.move(1_000);
      await source.labels("shop", signal);
      assert.equal(server.asked.length, 2);
    });
  });

  it("are not known where they cannot be read, which is told once", async () => {
    const answers = {
      "/api/v1/namespaces/a": { status: 403, body: {} },
      "/api/v1/namespaces/b": { status: 403, body: {} },
      "/api/v1/namespaces/c": notFound("namespaces", "c"),
    } as const;
    await withServer(answers, async (_server, access) => {
      const reasons: string[] = [];
      const source = clusterNamespaces({ access, clock: movedClock(), onFault: (reason) => reasons.push(reason) });
      for (const name of ["a", "b", "c"]) assert.equal(await source.labels(name, signal), undefined);
      assert.deepEqual(reasons, ["Pullguard has no permission to get namespaces (403)"]);
    });
  });

  it("are not waited for longer than a second, nor than the request", async () => {
    await withServer({ "/api/v1/namespaces/shop": "never" }, async (server, access) => {
      const clock = movedClock();
      const source = clusterNamespaces({ access, clock });
      const late = source.labels("shop", signal);
      await server.arrival("/api/v1/namespaces/shop");
      clock.move(1_000);
      assert.equal(await late, undefined);
      const stop = new AbortController();
      const stopped = source.labels("shop", stop.signal);
      stop.abort();
      assert.equal(await stopped, undefined);
    });
  });
});

describe("the ranges of Services", () => {
  const ranges = "/apis/networking.k8s.io/v1/servicecidrs";
  it("are those of every ServiceCIDR", async () => {
    const items = [{ spec: { cidrs: ["10.96.0.0/12", "fd00::/108"] } }, { spec: { cidrs: ["10.8.0.0/16"] } }];
    await withServer({ [ranges]: { status: 200, body: { items } } }, async (_server, access) => {
      assert.deepEqual(await readServiceRanges(access, signal), ["10.96.0.0/12", "fd00::/108", "10.8.0.0/16"]);
    });
  });
  it("are not known to a cluster that has none", async () => {
    await withServer({}, async (_server, access) => assert.equal(await readServiceRanges(access, signal), undefined));
  });
});
