import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditedKinds, auditedReader, kindVersions } from "../../src/audit/index.js";
import { listAudited, loadCluster, namespaceExists } from "../../src/cluster/index.js";
import { rawObject } from "../audit/objects.js";
import { type ApiAnswer, type FakeApiServer, kubeconfigText, notFound, startApiServer } from "./api-server.js";

function listOf(items: readonly unknown[], next = ""): ApiAnswer {
  return { status: 200, body: { kind: "List", metadata: { resourceVersion: "7", continue: next }, items } };
}

/** Items of lists come without kind and apiVersion. */
function item(...args: Parameters<typeof rawObject>): unknown {
  const { kind: _, apiVersion: __, ...rest } = rawObject(...args) as Record<string, unknown>;
  return rest;
}

describe("the objects of an audit", () => {
  const answers = new Map<string, ApiAnswer>();
  let api: FakeApiServer;
  let folder: string;

  beforeEach(async () => {
    answers.clear();
    folder = mkdtempSync(join(tmpdir(), "pullguard-audited-"));
    api = await startApiServer(answers);
  });
  afterEach(async () => {
    await api.close();
    rmSync(folder, { recursive: true });
  });

  function open() {
    const path = join(folder, "kubeconfig");
    writeFileSync(path, kubeconfigText(`${api.url}/k8s/c1`));
    const access = loadCluster({ kind: "file", path });
    assert.ok(access !== undefined);
    return access;
  }

  async function list(namespace?: string) {
    return await listAudited(open(), auditedReader(), namespace, AbortSignal.timeout(10_000));
  }

  it("are listed kind by kind and page by page, as the account of the kubeconfig", async () => {
    for (const kind of auditedKinds) {
      const version = kindVersions[kind];
      const path = `/k8s/c1/${version.includes("/") ? "apis" : "api"}/${version}/${kind.toLowerCase()}s`;
      answers.set(path, listOf([item(kind, `${kind.toLowerCase()}-1`)], kind === "Pod" ? "more" : ""));
      answers.set(`${path}?continue=more`, listOf([item(kind, "pod-2")]));
    }
    const { objects, missing } = await list();
    assert.deepEqual(missing, []);
    assert.deepEqual(
      objects.map(({ kind, name }) => `${kind} ${name}`).sort(),
      [...auditedKinds.map((kind) => `${kind} ${kind.toLowerCase()}-1`), "Pod pod-2"].sort(),
    );
    assert.ok(api.authorizations.every((header) => header === "Bearer letmein"));
    assert.ok(api.listQueries.every((query) => query.get("limit") === "200"));
  });

  it("are those of one namespace where one is named", async () => {
    answers.set("/k8s/c1/api/v1/namespaces/shop/pods", listOf([item("Pod", "web")]));
    const { objects } = await list("shop");
    assert.deepEqual(
      objects.map(({ name }) => name),
      ["web"],
    );
  });

  it("tell which kinds could not be listed, and why", async () => {
    const forbidden = { status: 403, body: { kind: "Status", reason: "Forbidden" } };
    answers.set("/k8s/c1/api/v1/pods", forbidden);
    answers.set("/k8s/c1/apis/apps/v1/deployments", listOf([item("Deployment", "web")]));
    const { objects, missing, failure } = await list();
    assert.equal(objects.length, 1);
    const pods = missing.find(({ plural }) => plural === "pods");
    assert.match(pods?.reason ?? "", /^no permission to list pods in all namespaces \(403\)$/);
    assert.equal(missing.length, auditedKinds.length - 1);
    assert.equal(failure, undefined);
  });

  const failures: readonly (readonly [string, number, string | undefined, RegExp])[] = [
    ["no rights in a namespace", 403, "shop", /^no permission to list .* in namespace "shop" \(403 for .*pods.*\)$/],
    [
      "no rights anywhere",
      403,
      undefined,
      /^no permission to list .* in all namespaces .*; --namespace NAME looks at one$/,
    ],
    [
      "refused credentials",
      401,
      "shop",
      /refused the credentials .*\(401; user "test" of context "test"\): .*log in again/,
    ],
    ["a broken API server", 500, "shop", /answered 500 to list /],
  ];
  for (const [name, status, namespace, want] of failures) {
    it(`fail as a whole with ${name}`, async () => {
      for (const kind of auditedKinds) {
        const version = kindVersions[kind];
        const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
        const path = `/k8s/c1/${version.includes("/") ? "apis" : "api"}/${version}${scope}/${kind.toLowerCase()}s`;
        answers.set(path, { status, body: { kind: "Status" } });
      }
      const { objects, failure } = await list(namespace);
      assert.deepEqual(objects, []);
      assert.match(failure ?? "", want);
      assert.ok(!(failure ?? "").includes("letmein"));
    });
  }

  it("are none where nothing runs, which is no failure though some kinds be forbidden", async () => {
    answers.set("/k8s/c1/api/v1/namespaces/shop/pods", listOf([]));
    const { objects, failure } = await list("shop");
    assert.deepEqual([objects, failure], [[], undefined]);
  });

  const existence: readonly (readonly [string, ApiAnswer, boolean | undefined])[] = [
    ["exists", { status: 200, body: { metadata: { name: "shop" } } }, true],
    ["does not exist", notFound("namespaces", "shop"), false],
    ["is not known to a proxy", { status: 404, body: "page not found" }, undefined],
    ["must not be got", { status: 403, body: { kind: "Status" } }, undefined],
  ];
  for (const [name, answer, want] of existence) {
    it(`may be in a namespace that ${name}`, async () => {
      answers.set("/k8s/c1/api/v1/namespaces/shop", answer);
      assert.equal(await namespaceExists(open().core, "shop", AbortSignal.timeout(10_000)), want);
    });
  }
});
