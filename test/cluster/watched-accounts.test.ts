import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  clusterSecretSource,
  loadCluster,
  type WatchEvent,
  type WatchedAccounts,
  watchServiceAccounts,
} from "../../src/cluster/index.js";
import { listResource } from "../../src/cluster/resource.js";
import { accountResource, watchedAccount } from "../../src/cluster/watched-account.js";
import { fakeClock } from "../support/builders.js";
import { until } from "../support/until.js";
import { type ApiAnswer, type FakeApiServer, kubeconfigText, notFound, startApiServer } from "./api-server.js";

const listPath = "/api/v1/serviceaccounts";
const watchPath = `${listPath}?watch`;
const getPath = "/api/v1/namespaces/shop/serviceaccounts/default";
const never = new AbortController().signal;
const forbidden = { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no" } };

function account(secrets: readonly string[], resourceVersion = "11", name = "default") {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { namespace: "shop", name, resourceVersion, annotations: { "shop.example/note": "hunter2" } },
    secrets: [{ name: "hunter2" }],
    imagePullSecrets: secrets.map((secret) => ({ name: secret })),
  };
}

function listOf(items: readonly object[], resourceVersion = "10", next?: string): ApiAnswer {
  const metadata = { resourceVersion, ...(next === undefined ? {} : { continue: next }) };
  return { status: 200, body: { kind: "ServiceAccountList", apiVersion: "v1", metadata, items } };
}

describe("service accounts from a watch", () => {
  const answers = new Map<string, ApiAnswer>();
  let api: FakeApiServer;
  let folder: string;
  let clock: ReturnType<typeof fakeClock>;
  let events: WatchEvent[];
  let watched: WatchedAccounts | undefined;

  beforeEach(async () => {
    answers.clear();
    answers.set(listPath, listOf([account(["regcred"])]));
    answers.set(watchPath, "stream");
    answers.set(getPath, { status: 200, body: account(["asked"]) });
    clock = fakeClock(1_000_000);
    events = [];
    folder = mkdtempSync(join(tmpdir(), "pullguard-watch-"));
    api = await startApiServer(answers);
  });
  afterEach(async () => {
    watched?.stop();
    await api.close();
    rmSync(folder, { recursive: true });
  });

  function access() {
    const path = join(folder, "kubeconfig");
    writeFileSync(path, kubeconfigText(api.url));
    const found = loadCluster({ kind: "file", path });
    assert.ok(found !== undefined);
    return found;
  }

  function start(): WatchedAccounts {
    const cluster = access();
    const source = clusterSecretSource({ access: cluster, clock, foundMs: 0, missingMs: 0 });
    const onEvent = (event: WatchEvent) => void events.push(event);
    watched = watchServiceAccounts({ access: cluster, clock, source, onEvent, random: () => 1 });
    return watched;
  }

  async function synced(times = 1): Promise<void> {
    await until(() => events.filter(({ kind }) => kind === "synced").length >= times);
  }

  async function faults(times = 1): Promise<WatchEvent[]> {
    await until(() => events.filter(({ kind }) => kind === "fault").length >= times);
    return events.filter(({ kind }) => kind === "fault");
  }

  async function secretsOf(name = "default"): Promise<readonly string[] | string> {
    const lookup = await watched?.secrets.serviceAccount("shop", name, never);
    return lookup?.kind === "found" ? lookup.imagePullSecrets : (lookup?.kind ?? "");
  }

  const gets = () => api.asked.filter((path) => path === getPath).length;

  it("answers from memory once synced, and asks for nothing", async () => {
    start();
    await synced();
    assert.deepEqual(await secretsOf(), ["regcred"]);
    assert.deepEqual(api.asked, [listPath, watchPath]);
    assert.deepEqual(events, [{ kind: "synced", objects: 1 }]);
    const [query] = api.watchQueries;
    assert.equal(query?.get("resourceVersion"), "10");
    assert.equal(query?.get("allowWatchBookmarks"), "true");
    assert.equal(query?.get("timeoutSeconds"), "420");
  });

  it("sees accounts that are changed, made and removed, without asking", async () => {
    start();
    await synced();
    api.tell("MODIFIED", account(["other", "regcred"], "12"));
    api.tell("ADDED", account(["third"], "13", "robot"));
    await until(async () => (await secretsOf("robot"))[0] === "third");
    assert.deepEqual(await secretsOf(), ["other", "regcred"]);
    assert.equal(gets(), 0);
    answers.set(getPath, notFound("serviceaccounts", "default"));
    api.tell("DELETED", account(["other"], "14"));
    await until(async () => (await secretsOf()) === "not-found");
  });

  it("asks the API server for an account that the watch has not told of", async () => {
    answers.set(listPath, listOf([]));
    start();
    await synced();
    assert.deepEqual(await secretsOf(), ["asked"]);
    assert.equal(gets(), 1);
    assert.equal(await secretsOf("nobody"), "unreadable");
  });

  it("reads long lists page by page", async () => {
    answers.set(listPath, listOf([account([], "1", "one")], "10", "next"));
    answers.set(`${listPath}?continue=next`, listOf([account(["regcred"])]));
    start();
    await synced();
    assert.deepEqual([await secretsOf("one"), await secretsOf()], [[], ["regcred"]]);
  });

  it("reads Secrets one by one", async () => {
    start();
    await synced();
    assert.equal((await watched?.secrets.secret("shop", "regcred", never))?.kind, "unreadable");
    assert.equal(api.asked.at(-1), "/api/v1/namespaces/shop/secrets/regcred");
  });

  it("asks while nothing has come of the list, and is not ready until then", async () => {
    answers.set(listPath, "never");
    const { notReady } = start();
    await api.arrival(listPath);
    assert.deepEqual(await secretsOf(), ["asked"]);
    clock.advance(30_000);
    assert.equal(notReady(), "not synced yet");
    api.release({ status: 503, body: "no" });
    await faults();
    assert.equal(notReady(), `not synced yet: the API server ${api.url} answered 503 to list or watch serviceaccounts`);
    answers.set(listPath, listOf([]));
    clock.advance(1_000);
    await synced();
    assert.equal(notReady(), undefined);
  });

  it("gives up a list and a watch to which nobody answers", async () => {
    answers.set(listPath, "never");
    start();
    await api.arrival(listPath);
    clock.advance(60_000);
    await faults();
    answers.set(listPath, listOf([]));
    answers.set(watchPath, "never");
    clock.advance(1_000);
    await api.arrival(watchPath);
    clock.advance(30_000);
    const [, fault] = await faults(2);
    assert.ok(fault?.kind === "fault");
    assert.match(fault.reason, /cannot be watched \(ETIMEDOUT\)$/);
    answers.set(watchPath, "stream");
    clock.advance(2_000);
    await synced();
  });

  it("waits for as long as the API server asks it to", async () => {
    answers.set(listPath, { status: 429, body: "busy", headers: { "retry-after": "7" } });
    start();
    const [fault] = await faults();
    assert.deepEqual(fault?.kind === "fault" && fault.retryMs, 8_000);
  });

  it("is ready as soon as it is synced, and stays so when the watch is lost", async () => {
    const { notReady } = start();
    assert.equal(notReady(), "not synced yet");
    await synced();
    assert.equal(notReady(), undefined);
    api.endWatches();
    await faults();
    assert.equal(notReady(), undefined);
  });

  for (const { name, expire } of [
    {
      name: "a watch that tells so",
      expire: () => {
        api.tell("ERROR", { kind: "Status", code: 410, reason: "Expired" });
        api.endWatches();
      },
    },
    {
      name: "a refusal of the next watch",
      expire: () => {
        answers.set(watchPath, { status: 410, body: { kind: "Status", code: 410 } });
        clock.advance(60_000);
        api.endWatches();
      },
    },
  ]) {
    it(`lists anew when its place is gone (410), by ${name}`, async () => {
      start();
      await synced();
      answers.set(listPath, listOf([account(["relisted"], "20")], "20"));
      expire();
      await faults();
      assert.deepEqual(await secretsOf(), ["asked"], "nothing is believed in between");
      answers.set(watchPath, "stream");
      clock.advance(1_000);
      await synced(2);
      assert.deepEqual(await secretsOf(), ["relisted"]);
      assert.equal(api.watchQueries.at(-1)?.get("resourceVersion"), "20");
    });
  }

  it("goes on where it was, at once and without a list, when a watch has ended in its time", async () => {
    start();
    await synced();
    api.tell("BOOKMARK", { kind: "ServiceAccount", metadata: { resourceVersion: "15" } });
    api.tell("ADDED", account(["third"], "16", "robot"));
    await until(async () => (await secretsOf("robot"))[0] === "third");
    clock.advance(60_000);
    api.endWatches();
    await synced(2);
    assert.deepEqual(api.asked.filter((path) => path === listPath).length, 1);
    assert.equal(api.watchQueries[1]?.get("resourceVersion"), "16");
    assert.deepEqual(await secretsOf(), ["regcred"]);
  });

  it("waits twice as long each time a watch closes at once, and no longer than 30 s", async () => {
    start();
    const waits: number[] = [];
    for (let round = 1; round <= 7; round += 1) {
      await synced(round);
      api.endWatches();
      const fault = (await faults(round)).at(-1);
      assert.ok(fault?.kind === "fault");
      assert.equal(fault.reason, `the API server ${api.url} cannot be watched`);
      waits.push(fault.retryMs);
      clock.advance(fault.retryMs);
    }
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it("believes no watch that has been silent for too long, and opens another", async () => {
    start();
    await synced();
    clock.advance(150_000);
    assert.deepEqual(await secretsOf(), ["regcred"]);
    clock.advance(1);
    assert.deepEqual(await secretsOf(), ["asked"]);
    await api.hangUp();
    await synced(2);
    assert.deepEqual(await secretsOf(), ["regcred"]);
  });

  for (const { name, path } of [
    { name: "list", path: listPath },
    { name: "watch", path: watchPath },
  ]) {
    it(`asks one by one without the right to ${name}, is ready after ten seconds, and tries again ever more rarely`, async () => {
      answers.set(path, forbidden);
      const { notReady } = start();
      const reason = "Pullguard has no permission to list and watch serviceaccounts (403)";
      assert.deepEqual(await faults(), [{ kind: "fault", reason, retryMs: 1_000 }]);
      assert.equal(notReady(), `not synced yet: ${reason}`);
      for (let tries = 1; tries <= 7; tries += 1) {
        const fault = (await faults(tries)).at(-1);
        assert.deepEqual(fault?.kind === "fault" && fault.retryMs, Math.min(60_000, 1_000 * 2 ** (tries - 1)));
        assert.equal(notReady() === undefined, tries > 4);
        clock.advance(Math.min(60_000, 1_000 * 2 ** (tries - 1)));
      }
      await faults(8);
      assert.deepEqual(await secretsOf(), ["asked"]);
      answers.set(path, path === listPath ? listOf([account(["granted"])]) : "stream");
      clock.advance(60_000);
      await synced();
      assert.notDeepEqual(await secretsOf(), ["asked"]);
    });
  }

  it("starts while the API server is away, and syncs once it is back", async () => {
    const { port } = new URL(api.url);
    await api.close();
    start();
    const reason = `the API server ${api.url} cannot be watched (ECONNREFUSED)`;
    assert.deepEqual(await faults(), [{ kind: "fault", reason, retryMs: 1_000 }]);
    assert.equal(await secretsOf(), "unreadable");
    api = await startApiServer(answers, undefined, Number(port));
    clock.advance(1_000);
    await synced();
    assert.deepEqual(await secretsOf(), ["regcred"]);
  });

  it("takes no page of a proxy for a list", async () => {
    answers.set(listPath, { status: 200, body: "<html>sign in</html>" });
    start();
    await faults();
    assert.deepEqual(await secretsOf(), ["asked"]);
  });

  it("survives events that make no sense", async () => {
    start();
    await synced();
    for (const object of [null, 7, {}, { metadata: null }, { metadata: {}, imagePullSecrets: [null, 1, {}] }]) {
      api.tell("MODIFIED", object);
    }
    api.tell("ADDED", account(["third"], "16", "robot"));
    await until(async () => (await secretsOf("robot"))[0] === "third");
    assert.deepEqual(await secretsOf(), ["regcred"]);
  });

  it("asks nobody any more once stopped", async () => {
    start();
    await synced();
    watched?.stop();
    await api.hangUp();
    clock.advance(60_000);
    assert.deepEqual(await secretsOf(), ["asked"]);
    assert.deepEqual(api.asked, [listPath, watchPath, getPath]);
    assert.equal(events.length, 1);
  });

  it("keeps namespace, name and the Secrets' names of an account, and nothing else", async () => {
    const kept = {
      metadata: { namespace: "shop", name: "default", resourceVersion: "11" },
      imagePullSecrets: ["regcred"],
    };
    assert.deepEqual(watchedAccount(account(["regcred"])), kept);
    const listed = await listResource(accountResource(access().core), never, clock);
    assert.deepEqual(listed, { items: [kept], metadata: { resourceVersion: "10" } });
  });
});
