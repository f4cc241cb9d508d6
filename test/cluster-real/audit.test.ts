import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { WorkloadRisk } from "../../src/audit/index.js";
import { loadObjects } from "../manifests/objects.js";
import { eventually, findKubeAssets, type Kube, type KubeObject, startKube } from "../support/kube/index.js";
import { type Lab, secure, startLab } from "../support/lab/index.js";
import { processTests } from "./audit-process.js";
import { reportTests } from "./audit-reports.js";
import { type AuditReplica, appsOf, contentOfApps, createAll, reportOnce, startReplica } from "./audit-world.js";
import { pullSecret, workload } from "./objects.js";
import { policyReports } from "./report-definitions.js";
import { accessOf, pullguardAccount, shippedObjects } from "./world.js";

const required = process.env.PULLGUARD_REQUIRE_REAL === "1";
const assets = findKubeAssets();

const good = ["good1.test", "good2.test", "good3.test"];
const emptied = "emptied.test";
const strange = "strange.test";
const locked = "locked.test";
const hosts = [...good, emptied, strange, locked];
/** 50 images on 6 registries. */
const images = hosts.flatMap((host, index) =>
  Array.from({ length: index < 2 ? 9 : 8 }, (_, app) => `${host}/app${app}:v1`),
);
const kinds = [
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "CronJob",
  "Job",
  "ReplicaSet",
  "ReplicationController",
  "PodTemplate",
  "Pod",
];
const count = 2_000;

/** What a registry's images must be found to be. */
const truth: Readonly<Record<string, readonly [string, string | null]>> = {
  ...Object.fromEntries(good.map((host) => [host, ["pullable", null]])),
  [emptied]: ["unpullable", "TagNotFound"],
  [strange]: ["unpullable", "CertificateUntrusted"],
  [locked]: ["unpullable", "PullSecretMissing"],
};

interface ClusterResult {
  readonly rule: string;
  readonly result: string;
  readonly properties: Readonly<Record<string, string>>;
}

function namespaceOf(index: number): string {
  return `team-${index % 4}`;
}

function planted(index: number): KubeObject {
  const kind = kinds[index % kinds.length] ?? "Deployment";
  const object = workload(kind, namespaceOf(index), images[index % images.length]);
  return { ...object, metadata: { ...object.metadata, name: `w-${index}` } };
}

function keyOf({ workload: { kind, namespace, name } }: WorkloadRisk): string {
  return `${kind} ${namespace}/${name}`;
}

function wantedRows(
  overrides: Readonly<Record<string, readonly [string, string | null]>> = {},
): ReadonlyMap<string, string> {
  return new Map(
    Array.from({ length: count }, (_, index) => {
      const { kind, metadata } = planted(index);
      const image = images[index % images.length] ?? "";
      const host = image.split("/")[0] ?? "";
      const [verdict, cause] = (overrides[host] ?? truth[host]) as readonly [string, string | null];
      return [`${kind} ${metadata?.namespace}/${metadata?.name}`, `${image} ${verdict} ${cause}`];
    }),
  );
}

function foundRows(rows: readonly WorkloadRisk[]): ReadonlyMap<string, string> {
  return new Map(rows.map((row) => [keyOf(row), `${row.image} ${row.verdict} ${row.cause}`]));
}

(typeof assets === "string" && !required ? describe.skip : describe)("the audit of a real cluster", function () {
  this.timeout(120_000);
  let kube: Kube;
  let lab: Lab;
  let replicas: AuditReplica[] = [];
  const emptiedApps = appsOf(emptied, 9);
  let kubeconfig = "";
  let pullguardKubeconfig = "";
  const start = (instance: string): AuditReplica => {
    const replica = startReplica(lab, kubeconfig, instance);
    replicas.push(replica);
    return replica;
  };
  const requests = (): number => hosts.reduce((sum, host) => sum + lab.requestsOf(host).length, 0);

  before(async () => {
    if (typeof assets === "string") throw new Error(assets);
    kube = await startKube(assets, ["system:admin"]);
    kubeconfig = kube.writeKubeconfig("audit", kube.adminAccess);
    const sound = (host: string) => ({ ...secure(host), content: contentOfApps(appsOf(host, 9)) });
    for (const { tags } of emptiedApps.values()) tags.delete("v1");
    lab = await startLab({
      ports: "ephemeral",
      registries: [
        ...good.map(sound),
        { ...secure(emptied), content: contentOfApps(emptiedApps) },
        { ...sound(strange), transport: { kind: "stranger" } },
        { ...secure(locked, [], "basic"), content: contentOfApps(appsOf(locked, 9)) },
      ],
    });
    // Pullguard itself would be audited too.
    const own = shippedObjects().filter(({ kind }) => kind !== "Deployment" && kind !== "DaemonSet");
    const shipped = [...own, ...loadObjects("manifests/audit").map(({ value }) => value as KubeObject)];
    const namespaces = ["pullguard-system", ...Array.from({ length: 4 }, (_, index) => `team-${index}`)];
    await createAll(
      kube.admin,
      namespaces.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
    );
    for (const object of shipped) await createAll(kube.admin, [object]);
    pullguardKubeconfig = kube.writeKubeconfig("pullguard", await accessOf(kube, pullguardAccount));
    await createAll(kube.admin, policyReports);
    await createAll(
      kube.admin,
      namespaces.map((namespace) => ({
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "default", namespace },
      })),
    );
    await createAll(
      kube.admin,
      Array.from({ length: count }, (_, index) => planted(index)),
    );
  });
  afterEach(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    replicas = [];
  });
  after(async () => {
    await lab?.stop();
    await kube?.stop();
  });

  it("reports exactly what is planted, asks each distinct question once, and repeats none after a restart", async () => {
    const first = start("first");
    const report = await reportOnce(
      first,
      "everything is asked",
      ({ summary }) => summary.workloads === count && summary.pending === 0,
    );
    assert.deepEqual(foundRows(report.workloads), wantedRows());
    assert.equal(report.summary.images, images.length);
    for (const host of good) {
      const manifests = lab
        .requestsOf(host)
        .filter(({ path, method }) => method === "HEAD" && path.includes("/manifests/v1"));
      assert.ok(manifests.length <= 9, `${host}: ${manifests.length} for 9 images`);
    }
    await eventually("reports are written", async () => {
      const { body } = await kube.admin.call("GET", "/apis/wgpolicyk8s.io/v1alpha2/policyreports");
      const items = body.items as readonly { readonly summary: Readonly<Record<string, number>> }[];
      const sum = (name: string): number => items.reduce((total, { summary }) => total + (summary[name] ?? 0), 0);
      return sum("fail") === report.summary.risks.fails && sum("pass") > 0 ? true : undefined;
    });
    const atRisk = report.workloads.filter(({ risk }) => risk === "fails");
    const told = first
      .unpullable()
      .map(({ kind, namespace, name, reason }) => `${kind} ${namespace}/${name} ${reason}`);
    assert.deepEqual(told.toSorted(), atRisk.map((row) => `${keyOf(row)} ${row.cause}`).toSorted());
    await eventually("the report on the cluster is written", async () => {
      const path = "/apis/wgpolicyk8s.io/v1alpha2/clusterpolicyreports/pullguard-audit-0";
      const { body } = await kube.admin.call("GET", path);
      const results = (body.results ?? []) as readonly ClusterResult[];
      const found = results.map(({ rule, result, properties }) => [rule, result, properties.registry]);
      // A registry without tags, and one that wants a login, are up.
      return JSON.stringify(found) === JSON.stringify([["CertificateUntrusted", "fail", strange]]) ? true : undefined;
    });
    await eventually("Events tell it", async () => {
      const { body } = await kube.admin.call("GET", "/apis/events.k8s.io/v1/events");
      const reasons = new Set((body.items as readonly { readonly reason: string }[]).map(({ reason }) => reason));
      return reasons.has("TagNotFound") && reasons.has("CertificateUntrusted") ? true : undefined;
    });
    await first.stop();
    const before = requests();
    const second = start("second");
    const again = await reportOnce(
      second,
      "all is known again",
      ({ summary }) => summary.workloads === count && summary.pending === 0,
    );
    assert.deepEqual(foundRows(again.workloads), wantedRows());
    assert.ok(requests() >= before);
    const sound = good.reduce((sum, host) => sum + (second.requests.get(host) ?? 0), 0);
    assert.equal(sound, 0, "what was sound is not asked again");
  });

  it("lets the findings of a registry that was mended resolve", async () => {
    const replica = start("third");
    await reportOnce(replica, "all is known", ({ summary }) => summary.workloads === count && summary.pending === 0);
    for (const { tags, manifests } of emptiedApps.values()) tags.set("v1", [...manifests.keys()][0] ?? "");
    const mended = { [emptied]: ["pullable", null] as const };
    const report = await reportOnce(replica, "the tags are found", ({ workloads }) =>
      workloads.every(({ registry, verdict }) => registry !== emptied || verdict === "pullable"),
    );
    assert.deepEqual(foundRows(report.workloads), wantedRows(mended));
    await eventually("the metric has them no more", async () =>
      replica.unpullable().every(({ reason }) => reason !== "TagNotFound") ? true : undefined,
    );
    assert.ok(replica.unpullable().length > 0);
    assert.ok(report.resolved.length > 0 && report.resolved.every(({ cause }) => cause === "TagNotFound"));
    // A Secret for one namespace mends that namespace's workloads alone.
    await createAll(kube.admin, [pullSecret("team-1", "login", { host: locked })]);
    await kube.admin.patch(
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "team-1" } },
      { imagePullSecrets: [{ name: "login" }] },
    );
    const opened = await reportOnce(replica, "the Secret is used", ({ workloads }) =>
      workloads.every(
        // A Pod that is there keeps the Secrets that it was admitted with.
        ({ registry, workload: { namespace, kind }, verdict }) =>
          registry !== locked || namespace !== "team-1" || (verdict === "pullable") === (kind !== "Pod"),
      ),
    );
    assert.ok(opened.workloads.some(({ registry, verdict }) => registry === locked && verdict === "unpullable"));
  });

  it("shares the work between two replicas, and one takes over from another that is killed", async () => {
    const [a, b] = [start("fourth"), start("fifth")];
    const all = (replica: AuditReplica) =>
      reportOnce(replica, "all is known", ({ summary }) => summary.workloads >= count && summary.pending === 0);
    await Promise.all([all(a), all(b)]);
    await eventually("both know of each other", async () =>
      /"members":2/.test(a.log()) && /"members":2/.test(b.log()) ? true : undefined,
    );
    await pause(1_500);
    const marks = hosts.map((host) => [a.requests.get(host) ?? 0, b.requests.get(host) ?? 0] as const);
    const fresh = hosts.map((host, index) => {
      const object = workload("Deployment", namespaceOf(index), `${host}/app0:v2`);
      return { ...object, metadata: { ...object.metadata, name: `fresh-${index}` } };
    });
    await createAll(kube.admin, fresh);
    await Promise.all([all(a), all(b)].map(async (report) => assert.ok((await report).summary.workloads >= count)));
    await reportOnce(
      a,
      "the new ones are known",
      ({ summary }) => summary.workloads === count + fresh.length && summary.pending === 0,
    );
    const doubled = good.filter((host) => {
      const [ofA, ofB] = marks[hosts.indexOf(host)] ?? [0, 0];
      return (a.requests.get(host) ?? 0) > ofA && (b.requests.get(host) ?? 0) > ofB;
    });
    assert.deepEqual(doubled, [], "no registry is asked by both");
    b.kill();
    const late = hosts.map((host, index) => {
      const object = workload("Deployment", namespaceOf(index), `${host}/app1:v3`);
      return { ...object, metadata: { ...object.metadata, name: `late-${index}` } };
    });
    await createAll(kube.admin, late);
    await reportOnce(
      a,
      "the other takes over",
      ({ summary }) => summary.workloads === count + fresh.length + late.length && summary.pending === 0,
      15_000,
    );
    replicas = [a];
  });

  const world = () => ({ kube, kubeconfig: pullguardKubeconfig });
  reportTests(world);
  processTests(world);
});
