import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClusterSecretDeps, clusterSecretSource, loadCluster } from "../../src/cluster/index.js";
import type { SecretSource } from "../../src/credentials/index.js";
import { createAuthority } from "../support/authority.js";
import { type ApiAnswer, type FakeApiServer, kubeconfigText, notFound, startApiServer } from "./api-server.js";

const secretPath = "/api/v1/namespaces/shop/secrets/regcred";
const accountPath = "/api/v1/namespaces/shop/serviceaccounts/default";
const dockerConfig = '{"auths":{"registry.example.com":{"username":"u","password":"hunter2"}}}';
const secretObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: "shop", name: "regcred", resourceVersion: "7" },
  type: "kubernetes.io/dockerconfigjson",
  data: { ".dockerconfigjson": Buffer.from(dockerConfig).toString("base64") },
};
const accountObject = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { namespace: "shop", name: "default" },
  imagePullSecrets: [{ name: "regcred" }, {}],
};
const never = new AbortController().signal;

describe("secrets of a cluster", () => {
  const answers = new Map<string, ApiAnswer>();
  let api: FakeApiServer;
  let folder: string;
  let nowMs: number;

  beforeEach(async () => {
    answers.clear();
    nowMs = 1_000_000;
    folder = mkdtempSync(join(tmpdir(), "pullguard-cluster-"));
    api = await startApiServer(answers);
  });
  afterEach(async () => {
    await api.close();
    rmSync(folder, { recursive: true });
  });

  function source(server: string, caPem?: string, over: Partial<ClusterSecretDeps> = {}): SecretSource {
    const path = join(folder, "kubeconfig");
    writeFileSync(path, kubeconfigText(server, caPem));
    const access = loadCluster({ kind: "file", path });
    assert.ok(access !== undefined);
    return clusterSecretSource({
      access,
      clock: { nowMs: () => nowMs, sleep: () => new Promise(() => undefined) },
      ...over,
    });
  }

  it("reads a Secret with its decoded values, as the kubeconfig's user", async () => {
    answers.set(secretPath, { status: 200, body: secretObject });
    const lookup = await source(api.url).secret("shop", "regcred", never);
    assert.ok(lookup.kind === "found");
    const { namespace, name, type, resourceVersion, data } = lookup.secret;
    assert.deepEqual(
      { namespace, name, type, resourceVersion, text: data.get(".dockerconfigjson")?.reveal() },
      {
        namespace: "shop",
        name: "regcred",
        type: "kubernetes.io/dockerconfigjson",
        resourceVersion: "7",
        text: dockerConfig,
      },
    );
    assert.deepEqual(api.authorizations, ["Bearer letmein"]);
  });

  it("reads a ServiceAccount's secrets in order, empty names included", async () => {
    answers.set(accountPath, { status: 200, body: accountObject });
    assert.deepEqual(await source(api.url).serviceAccount("shop", "default", never), {
      kind: "found",
      imagePullSecrets: ["regcred", ""],
    });
  });

  it("reads a ServiceAccount without secrets", async () => {
    const { imagePullSecrets: _, ...body } = accountObject;
    answers.set(accountPath, { status: 200, body });
    const lookup = await source(api.url).serviceAccount("shop", "default", never);
    assert.deepEqual(lookup, { kind: "found", imagePullSecrets: [] });
  });

  const table: readonly { readonly name: string; readonly answer: ApiAnswer; readonly want: object }[] = [
    {
      name: "says not-found when the API server does",
      answer: notFound("secrets", "regcred"),
      want: { kind: "not-found" },
    },
    {
      name: "does not believe a 404 that is not the API server's",
      answer: { status: 404, body: "page not found" },
      want: { kind: "unreadable", reason: 'the API server $url answered 404 to get secrets in namespace "shop"' },
    },
    {
      name: "does not believe a 404 about something else",
      answer: notFound("secrets", "other"),
      want: { kind: "unreadable", reason: 'the API server $url answered 404 to get secrets in namespace "shop"' },
    },
    {
      name: "names the permission that is missing",
      answer: { status: 403, body: { kind: "Status", reason: "Forbidden" } },
      want: { kind: "unreadable", reason: 'Pullguard has no permission to get secrets in namespace "shop" (403)' },
    },
    {
      name: "tells that its own credentials are refused",
      answer: { status: 401, body: { kind: "Status", reason: "Unauthorized" } },
      want: { kind: "unreadable", reason: "the API server $url does not accept Pullguard's own credentials (401)" },
    },
    {
      name: "tells the status of an API server in trouble",
      answer: { status: 503, body: "no" },
      want: { kind: "unreadable", reason: 'the API server $url answered 503 to get secrets in namespace "shop"' },
    },
    {
      name: "takes no page of a proxy for a Secret",
      answer: { status: 200, body: "<html>sign in</html>" },
      want: { kind: "unreadable", reason: "the API server's answer is no such Secret" },
    },
    {
      name: "takes no other object for a Secret",
      answer: { status: 200, body: { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "x" } } },
      want: { kind: "unreadable", reason: "the API server's answer is no such Secret" },
    },
  ];
  for (const { name, answer, want } of table) {
    it(name, async () => {
      answers.set(secretPath, answer);
      const lookup = await source(api.url).secret("shop", "regcred", never);
      assert.deepEqual(lookup, JSON.parse(JSON.stringify(want).replace("$url", api.url)));
    });
  }

  it("is unreadable, with the system's code, where nobody listens", async () => {
    const secrets = source(api.url);
    await api.close();
    const reason = `the API server ${api.url} cannot be asked (ECONNREFUSED)`;
    assert.deepEqual(await secrets.secret("shop", "regcred", never), { kind: "unreadable", reason });
  });

  it("trusts the kubeconfig's authority and no other", async () => {
    answers.set(secretPath, { status: 200, body: secretObject });
    const [authority, stranger] = await Promise.all([createAuthority("Cluster CA"), createAuthority("Stranger CA")]);
    const tls = await startApiServer(answers, await authority.issue({ names: ["127.0.0.1"] }));
    try {
      const trusted = await source(tls.url, authority.certificatePem).secret("shop", "regcred", never);
      assert.equal(trusted.kind, "found");
      const distrusted = await source(tls.url, stranger.certificatePem).secret("shop", "regcred", never);
      assert.ok(distrusted.kind === "unreadable");
      assert.match(distrusted.reason, /cannot be asked \([A-Z_]+\)$/);
    } finally {
      await tls.close();
    }
  });

  it("asks again only when an answer has aged: 5 s if found, 1 s if not", async () => {
    answers.set(secretPath, notFound("secrets", "regcred"));
    const secrets = source(api.url);
    const kinds: string[] = [];
    const look = async () => kinds.push((await secrets.secret("shop", "regcred", never)).kind);
    await look();
    answers.set(secretPath, { status: 200, body: secretObject });
    nowMs += 999;
    await look();
    nowMs += 1;
    await look();
    answers.set(secretPath, notFound("secrets", "regcred"));
    nowMs += 4999;
    await look();
    nowMs += 1;
    await look();
    assert.deepEqual(kinds, ["not-found", "not-found", "found", "found", "not-found"]);
    assert.equal(api.asked.length, 3);
  });

  it("keeps namespaces and names apart and no more answers than allowed", async () => {
    answers.set(secretPath, { status: 200, body: secretObject });
    const secrets = source(api.url, undefined, { maxEntries: 1 });
    assert.equal((await secrets.secret("shop", "regcred", never)).kind, "found");
    assert.equal((await secrets.secret("other", "regcred", never)).kind, "unreadable");
    assert.equal((await secrets.secret("shop", "regcred", never)).kind, "found");
    assert.deepEqual(api.asked, [secretPath, secretPath.replace("shop", "other"), secretPath]);
  });

  it("shares one request among those who ask at the same time", async () => {
    answers.set(secretPath, { status: 200, body: secretObject });
    const secrets = source(api.url);
    const lookups = await Promise.all([1, 2, 3].map(() => secrets.secret("shop", "regcred", never)));
    assert.deepEqual(
      lookups.map(({ kind }) => kind),
      ["found", "found", "found"],
    );
    assert.equal(api.asked.length, 1);
  });

  it("answers at once when a caller's time is up, and goes on for those who still wait", async () => {
    answers.set(secretPath, "never");
    const secrets = source(api.url);
    const hasty = new AbortController();
    const lookups = [secrets.secret("shop", "regcred", hasty.signal), secrets.secret("shop", "regcred", never)];
    await api.arrival(secretPath);
    hasty.abort();
    const late = { kind: "unreadable", reason: `the API server ${api.url} did not answer in time` };
    assert.deepEqual(await lookups[0], late);
    api.release({ status: 200, body: secretObject });
    assert.equal((await lookups[1])?.kind, "found");
    assert.equal(api.asked.length, 1);
  });

  it("hangs up when nobody waits any more, and keeps nothing of it", async () => {
    answers.set(secretPath, "never");
    const secrets = source(api.url);
    const hasty = new AbortController();
    const lookup = secrets.secret("shop", "regcred", hasty.signal);
    await api.arrival(secretPath);
    hasty.abort();
    assert.equal((await lookup).kind, "unreadable");
    await api.hangUp();
    answers.set(secretPath, { status: 200, body: secretObject });
    assert.equal((await secrets.secret("shop", "regcred", never)).kind, "found");
  });

  it("asks nobody when the time is up already", async () => {
    const lookup = await source(api.url).secret("shop", "regcred", AbortSignal.abort());
    assert.equal(lookup.kind, "unreadable");
    assert.deepEqual(api.asked, []);
  });
});
