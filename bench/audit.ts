import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { appsOf, contentOfApps, createAll } from "../test/cluster-real/audit-world.js";
import { loadObjects } from "../test/manifests/objects.js";
import { findKubeAssets, type Kube, type KubeObject, startKube } from "../test/support/kube/index.js";
import { type Lab, secure, startLab } from "../test/support/lab/index.js";
import { type ClusterShape, countsOf, hostOf, objectsOf } from "./audit-objects.js";
import type { AuditOrder, AuditStats } from "./audit-process.js";
import { type Companion, startCompanion } from "./processes.js";

/**
 * Figures of the auditor against a real API server full of objects, which are written into its etcd directly: `node
 * build/bench/audit.js [PODS…]`, with KUBEBUILDER_ASSETS. Takes minutes; run by hand.
 */
const sizes = process.argv
  .slice(2)
  .map(Number)
  .filter((size) => size > 0);
const registries = 20;
/** One round takes two minutes instead of an hour, longer than answers are remembered: what it sends is what an hour sends. */
const intervalMinutes = 2;
const roundMs = 132_000;

const assets = findKubeAssets();
if (typeof assets === "string") throw new Error(assets);
const { etcd, apiServer } = assets;
for (const pods of sizes.length > 0 ? sizes : [10_000, 30_000, 100_000]) {
  const shape = { pods, registries };
  const kube = await startKube({ etcd, apiServer }, ["admin"]);
  const lab = await startRegistries(shape);
  try {
    await fill(kube, shape);
    await measure(kube, lab, shape);
  } finally {
    await lab.stop();
    await kube.stop();
  }
}

async function startRegistries(shape: ClusterShape): Promise<Lab> {
  const each = Math.ceil(countsOf(shape).images / registries);
  const specs = Array.from({ length: registries }, (_, index) => {
    const host = hostOf(index);
    return { ...secure(host), content: contentOfApps(appsOf(host, each)) };
  });
  return await startLab({ ports: "ephemeral", registries: specs });
}

/** A hundred objects a transaction, by etcd's gateway for JSON. */
async function fill(kube: Kube, shape: ClusterShape): Promise<void> {
  const startedMs = Date.now();
  const shipped = loadObjects("manifests/audit").map(({ value }) => value as KubeObject);
  await createAll(kube.admin, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "pullguard-system" } }]);
  await createAll(kube.admin, shipped);
  let batch: { readonly requestPut: { readonly key: string; readonly value: string } }[] = [];
  let total = 0;
  const send = async (): Promise<void> => {
    if (batch.length > 0) await post(`${kube.etcd}/v3/kv/txn`, JSON.stringify({ success: batch }));
    batch = [];
  };
  for (const { key, value } of objectsOf(shape)) {
    const put = { key: base64(key), value: base64(JSON.stringify(value)) };
    batch.push({ requestPut: put });
    total += 1;
    if (batch.length === 100) await send();
  }
  await send();
  say({ pods: shape.pods, filled: total, seconds: Math.round((Date.now() - startedMs) / 1000) });
}

async function measure(kube: Kube, lab: Lab, shape: ClusterShape): Promise<void> {
  const { deployments, images, nodes } = countsOf(shape);
  const ports = Object.fromEntries(
    Array.from({ length: registries }, (_, index) => [hostOf(index), lab.connectTo(hostOf(index), 443)?.port ?? 1]),
  );
  const kubeconfig = kube.writeKubeconfig("bench", kube.adminAccess);
  const order = (instance: string): AuditOrder => ({
    ...{ kubeconfig, ports, nodeFiles: lab.nodeFiles, instance, intervalMinutes, requestsPerMinute: 60_000 },
  });
  const startedMs = Date.now();
  const a = await startCompanion<object>("./audit-process.js", order("a"));
  const b = await startCompanion<object>("./audit-process.js", order("b"));
  const stats = await untilAsked([a, b], deployments);
  const askedMs = Date.now() - startedMs;
  const first = totals(stats);
  const doubled = Object.keys(first.byHost).filter((host) => stats.every(({ requests }) => (requests[host] ?? 0) > 0));
  const callsBefore = kube.audited("admin").length;
  await pause(roundMs);
  const [afterA, afterB] = [await ask(a), await ask(b)];
  const round = totals([afterA, afterB]).sum - first.sum;
  const calls = kube.audited("admin").slice(callsBefore);
  const writes = calls.filter(({ resource }) => resource === "pullaudits").length;
  const leases = calls.filter(({ resource }) => resource === "leases").length;
  const reads = calls.filter(({ verb, resource }) => verb === "get" && resource !== "leases").length;
  const watches = calls.length - writes - leases - reads;
  say({
    ...{ pods: shape.pods, nodes, deployments, images },
    secondsToAll: Math.round(askedMs / 1000),
    rssMiB: [afterA, afterB].map(({ rssBytes }) => mebibytes(rssBytes)),
    heapMiB: [afterA, afterB].map(({ heapBytes }) => mebibytes(heapBytes)),
    heapBytesPerPod: Math.round(afterA.heapBytes / shape.pods),
    reportMs: Math.round(afterA.reportMs),
    requestsFirstRound: first.sum,
    requestsPerHour: round,
    registriesAskedByBoth: doubled.length,
    apiCallsPerHour: {
      // These come with a round, whatever it takes; the others with time.
      ...{ state: writes, secretsAndAccounts: reads },
      leases: Math.round((leases * 3_600_000) / roundMs),
      watches: Math.round((watches * 3_600_000) / roundMs),
    },
    cpuSecondsPerReplica: [afterA, afterB].map(({ cpuMicros }) => Math.round(cpuMicros / 1e6)),
  });
  const killedMs = Date.now();
  await b.stop();
  while ((await ask(a)).members !== 1) await pause(200);
  say({ pods: shape.pods, takeoverSeconds: Math.round((Date.now() - killedMs) / 100) / 10 });
  await a.stop();
}

async function untilAsked(replicas: readonly Companion<object>[], workloads: number): Promise<readonly AuditStats[]> {
  for (;;) {
    const stats = await Promise.all(replicas.map(ask));
    if (stats.every((one) => one.workloads === workloads && one.pending === 0)) return stats;
    await pause(1_000);
  }
}

async function ask(replica: Companion<object>): Promise<AuditStats> {
  return await replica.ask<AuditStats>("stats");
}

function totals(stats: readonly AuditStats[]) {
  const byHost: Record<string, number> = {};
  for (const { requests } of stats) {
    for (const [host, count] of Object.entries(requests)) byHost[host] = (byHost[host] ?? 0) + count;
  }
  return { byHost, sum: Object.values(byHost).reduce((sum, count) => sum + count, 0) };
}

function post(url: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: "POST", headers: { "content-type": "application/json" } }, (response) => {
      response
        .resume()
        .on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`))));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

function say(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
