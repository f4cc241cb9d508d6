import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { metricDefinitions } from "../../src/telemetry/metric-definitions.js";
import { pod, podReview } from "../admission/doubles.js";
import { kubeconfigText } from "../cluster/api-server.js";
import { bundleOf, keptNamespace, keptObjects } from "../faults/kept-faults.js";
import { type ObjectApi, startObjectApi } from "../faults/object-api.js";
import { eventually } from "../support/kube/index.js";
import { type ServingProgram, startProgram } from "../support/program/index.js";
import { type Family, parseExposition } from "../telemetry/exposition.js";

const config = {
  ...{ apiVersion: "pullguard.dev/v1", kind: "PullguardConfig", metadata: { name: "default", generation: 1 } },
  spec: { mutations: { pinDigest: {} } },
};

/** What cannot be had within seconds, with the reason. */
const left: Readonly<Record<string, string>> = {
  pullguard_workload_image_unpullable: "the audit tells a quarter of a minute later what it has found",
};

/** A registry that tells of a limit, and asks to be left alone by whoever wants `busy`. */
function startLimited() {
  const server = createServer((request, response) => {
    const limits = { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" };
    if (request.url?.includes("/busy/") === true) response.writeHead(429, { "retry-after": "60" }).end();
    else response.writeHead(404, limits).end();
  });
  return new Promise<{ address: string; stop: () => void }>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      resolve({ address, stop: () => server.close().closeAllConnections() });
    });
  });
}

describe("the metrics of a webhook in a cluster", function () {
  this.timeout(60_000);
  let folder: string;
  let api: ObjectApi;
  let registry: Awaited<ReturnType<typeof startLimited>>;
  let program: ServingProgram | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "pullguard-samples-"));
    registry = await startLimited();
    api = await startObjectApi({ ...keptObjects, "/apis/pullguard.dev/v1/pullguardconfigs/default": config });
    const kubeconfig = join(folder, "kubeconfig");
    await writeFile(kubeconfig, kubeconfigText(api.url));
    const flags = ["--certificates", "self-managed", "--namespace", keptNamespace, "--audit", "--watch-pulls"];
    const trust = () => ({ ca: bundleOf(api), servername: `pullguard.${keptNamespace}.svc` });
    program = await startProgram([...flags, "--audit-namespace", keptNamespace], {}, { kubeconfig, trust });
    await eventually("it is ready", async () => (await get("/readyz")).status === 200 || undefined);
  });
  after(async () => {
    await program?.kill();
    await api.stop();
    registry.stop();
    await rm(folder, { recursive: true });
  });

  function get(path: string): ReturnType<ServingProgram["get"]> {
    if (program === undefined) throw new Error("it has not been started");
    return program.get(path, { accept: "application/json" });
  }
  const families = async (): Promise<readonly Family[]> => parseExposition((await get("/metrics")).text);
  const without = (all: readonly Family[], names: readonly string[]): readonly string[] =>
    names.filter((name) => all.find((family) => family.name === name)?.samples.length === 0);
  const values = (all: readonly Family[], name: string, label: string): readonly string[] =>
    [...new Set(all.find((family) => family.name === name)?.samples.map(({ labels }) => labels[label] ?? ""))].sort();

  it("have series from the start, unless the documentation says what must have happened before", async () => {
    const definitions = Object.values(metricDefinitions);
    const always = definitions.flatMap((definition) => ("appears" in definition ? [] : [definition.name]));
    assert.deepEqual(without(await families(), always), []);
  });

  it("tell of every kind that is followed, of both Leases, and of every cache", async () => {
    const watched = await eventually("every watch has begun, and the audit has its Lease", async () => {
      const all = await families();
      const isHeld = all
        .find(({ name }) => name === "pullguard_leader")
        ?.samples.filter(({ value }) => value === 1).length;
      return isHeld === 2 && values(all, "pullguard_watch_up", "resource").length >= 7 ? all : undefined;
    });
    assert.deepEqual(values(watched, "pullguard_watch_up", "resource"), [
      ...["configuration", "events", "leases", "nodes", "pods", "profiles", "serviceaccounts"],
    ]);
    assert.deepEqual(values(watched, "pullguard_leader", "lease"), ["audit", "certificates"]);
    assert.deepEqual(values(watched, "pullguard_faults_total", "part"), ["admission", "check", "handler", "mutation"]);
    const caches = values(watched, "pullguard_cache_bytes", "cache");
    assert.deepEqual(values(watched, "pullguard_cache_entries", "cache"), caches);
    for (const cache of [
      "outcomes",
      "manifests",
      "configs",
      "blobs",
      "layers",
      "tokens",
      "challenges",
      "secrets",
      "namespaces",
      "audit_layers",
    ])
      assert.ok(caches.includes(cache), cache);
  });

  it("all have series once there were reviews, and docs/metrics.md names no other", async () => {
    const images = (name: string) => podReview({ uid: name, object: pod([`${registry.address}/${name}`]) });
    for (const name of ["team/app:v1", "busy/app:v1", "busy/app:v2"]) {
      await program?.post("/validate?timeout=5s", images(name));
    }
    await program?.post("/mutate?timeout=5s", images("other/app:v1"));
    const all = await families();
    const documented = [...(await readFile("docs/metrics.md", "utf8")).matchAll(/^## (pullguard_\w+)$/gm)];
    const names = documented.map(([, name]) => name ?? "");
    assert.deepEqual(
      names,
      Object.values(metricDefinitions).map(({ name }) => name),
    );
    assert.deepEqual(without(all, names), Object.keys(left));
  });

  it("are what /statusz tells of Leases and caches", async () => {
    const status = JSON.parse((await get("/statusz.json")).text);
    assert.deepEqual(status.leases, [
      { lease: "certificates", held: true },
      { lease: "audit", held: true },
    ]);
    const all = await families();
    const told = status.cache.caches.map(({ cache }: { cache: string }) => cache).sort();
    assert.deepEqual(told, values(all, "pullguard_cache_bytes", "cache"));
    const page = (await program?.get("/statusz", { accept: "text/html" }))?.text ?? "";
    assert.match(page, /Lease for certificates/);
    assert.match(page, /Cache of namespaces/);
  });
});
