import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterPullSecrets, loadCluster } from "../../src/cluster/index.js";
import type { ListPullSecrets } from "../../src/mutation/index.js";
import { type ApiAnswer, type FakeApiServer, kubeconfigText, startApiServer } from "./api-server.js";

const path = "/api/v1/namespaces/shop/secrets";
const never = new AbortController().signal;
const item = (name: string, text: string): object => ({
  metadata: { namespace: "shop", name, resourceVersion: "7" },
  type: "kubernetes.io/dockerconfigjson",
  data: { ".dockerconfigjson": text },
});
const listOf = (metadata: object, ...items: readonly object[]): ApiAnswer => ({
  status: 200,
  body: { kind: "SecretList", apiVersion: "v1", metadata, items },
});

describe("the pull secrets of a namespace", () => {
  const answers = new Map<string, ApiAnswer>();
  let api: FakeApiServer;
  let folder = "";
  let list: ListPullSecrets;
  let nowMs = 0;

  beforeEach(async () => {
    answers.clear();
    nowMs = 1_000_000;
    folder = mkdtempSync(join(tmpdir(), "pullguard-list-"));
    api = await startApiServer(answers);
    const file = join(folder, "kubeconfig");
    writeFileSync(file, kubeconfigText(api.url));
    const access = loadCluster({ kind: "file", path: file });
    assert.ok(access);
    list = clusterPullSecrets({ access, clock: { nowMs: () => nowMs, sleep: async () => undefined } });
  });
  afterEach(async () => {
    await api.close();
    rmSync(folder, { recursive: true });
  });

  it("are listed, but for one that cannot be read, and remembered for five seconds", async () => {
    answers.set(path, listOf({}, item("login", "e30="), item("broken", "no base64!")));
    for (const laterMs of [0, 4_999, 1]) {
      nowMs += laterMs;
      const found = await list("shop", never);
      assert.ok(found.kind === "listed");
      assert.deepEqual(
        found.secrets.map(({ name, type }) => `${type} ${name}`),
        ["kubernetes.io/dockerconfigjson login"],
      );
    }
    assert.deepEqual(api.asked, [path, path]);
  });

  const refusals = [
    {
      name: "the right is missing",
      answer: { status: 403, body: "no" },
      want: 'Pullguard has no permission to list secrets in namespace "shop" (403)',
    },
    {
      name: "there are too many",
      answer: listOf({ continue: "more" }, item("login", "e30=")),
      want: 'namespace "shop" has more than 500 pull secrets',
    },
  ];
  for (const { name, answer, want } of refusals) {
    it(`are unreadable where ${name}`, async () => {
      answers.set(path, answer);
      assert.deepEqual(await list("shop", never), { kind: "unreadable", reason: want });
    });
  }

  it("are unreadable where the time is up", async () => {
    answers.set(path, "never");
    const stop = new AbortController();
    const asked = list("shop", stop.signal);
    await api.arrival(path);
    stop.abort(new Error("late"));
    assert.match(JSON.stringify(await asked), /did not answer in time/);
    await api.hangUp();
  });
});
