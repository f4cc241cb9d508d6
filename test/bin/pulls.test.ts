import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Assembly, assembleCheck } from "../../src/bin/assemble.js";
import { type ClusterView, openClusterView } from "../../src/bin/cluster-view.js";
import { inMemorySecretSource } from "../../src/credentials/index.js";
import type { Advisory } from "../../src/findings/index.js";
import { createLogger } from "../../src/telemetry/index.js";
import { readWorkloads } from "../../src/workload/index.js";
import { type ApiAnswer, type FakeApiServer, kubeconfigText, startApiServer } from "../cluster/api-server.js";
import { listOf, pendingPod, pulledEvent } from "../cluster/pulls.js";
import { fakeClock } from "../support/builders.js";
import { type Lab, startLab } from "../support/lab/index.js";
import { until } from "../support/until.js";

const watched = {
  "/api/v1/serviceaccounts": "ServiceAccountList",
  "/api/v1/nodes": "NodeList",
  "/apis/pullguard.dev/v1alpha1/nodepullprofiles": "NodePullProfileList",
  "/apis/coordination.k8s.io/v1/namespaces/agents/leases": "LeaseList",
  "/api/v1/pods": "PodList",
  "/api/v1/events": "EventList",
} as const;
const nodeInfo = {
  ...{ containerRuntimeVersion: "containerd://1.7.13", kubeletVersion: "v1.30.1" },
  ...{ operatingSystem: "linux", architecture: "amd64" },
};
const queued = (index: number) => `reg.test/queued-${index}:v1`;

function node(name: string, images: readonly object[] = []) {
  return {
    ...{ apiVersion: "v1", kind: "Node", metadata: { name, resourceVersion: "1", labels: { name } }, spec: {} },
    status: { nodeInfo, images, allocatable: {} },
  };
}

/** Everything of the webhook between the API server's watches and the answer, with a registry on loopback. */
describe("a webhook that watches pulls", () => {
  const answers = new Map<string, ApiAnswer>();
  let api: FakeApiServer;
  let lab: Lab;
  let folder: string;
  let clock: ReturnType<typeof fakeClock>;
  let logged: Record<string, unknown>[];
  let cluster: ClusterView;
  let assembly: Assembly;
  let estimates: number[];

  before(async () => {
    const transport = { kind: "http" } as const;
    lab = await startLab({
      ports: "ephemeral",
      registries: [{ host: "plain.test", port: 80, transport, auth: "none", behaviours: [], node: {} }],
    });
  });
  after(() => lab.stop());
  beforeEach(async () => {
    answers.clear();
    for (const [path, kind] of Object.entries(watched)) {
      answers.set(path, listOf(kind, []));
      answers.set(`${path}?watch`, "stream");
    }
    const held = Array.from({ length: 5 }, (_, index) => ({ names: [queued(index)], sizeBytes: 3_000_000_000 }));
    answers.set("/api/v1/nodes", listOf("NodeList", [node("busy"), node("rich", held)]));
    const pods = [0, 1, 2, 3, 4].map((index) =>
      pendingPod(`queued-${index}`, { node: "busy", containers: [{ image: queued(index) }] }),
    );
    answers.set("/api/v1/pods", listOf("PodList", pods));
    clock = fakeClock(Date.parse("2026-01-01T12:00:00Z"));
    [logged, estimates] = [[], []];
    folder = mkdtempSync(join(tmpdir(), "pullguard-view-"));
    api = await startApiServer(answers);
    writeFileSync(join(folder, "kubeconfig"), kubeconfigText(api.url));
  });
  afterEach(async () => {
    cluster.stop();
    await assembly.close();
    await api.close();
    rmSync(folder, { recursive: true });
  });

  async function start(watchPulls: boolean, wanted = Object.keys(watched).length): Promise<void> {
    const kubeconfig = join(folder, "kubeconfig");
    const write = (line: string) => void logged.push(JSON.parse(line));
    const config = { noCluster: false, kubeconfig, agentNamespace: "agents", watchPulls };
    cluster = openClusterView(config, clock, createLogger({ level: "info", stream: { write } }));
    assembly = assembleCheck({
      ...cluster,
      ...{ clock, version: "test", lingerMs: 0, missingSecretsMayAppear: true, injectServiceAccount: "templates" },
      secrets: inMemorySecretSource({ secrets: [], serviceAccounts: [], absent: { kind: "not-found" } }),
      node: { credentials: "none" },
      observer: {
        onFault: (error) => assert.fail(String(error)),
        onPullEstimate: (pullMs) => void estimates.push(pullMs),
        onRateLimit: () => undefined,
        onRequest: () => undefined,
        onCache: () => undefined,
      },
    });
    await until(() => logged.filter(({ msg }) => String(msg).endsWith(" are watched")).length >= wanted);
  }

  /** What is advised for a Pod that lands on one node. */
  async function adviceOn(name: string): Promise<readonly Advisory[]> {
    const image = `localhost:${lab.connectTo("plain.test", 80)?.port}/team/app:v1`;
    const workloads = readWorkloads({
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "shop" } },
      spec: { nodeSelector: { name }, containers: [{ name: "app", image, imagePullPolicy: "IfNotPresent" }] },
    });
    const { findings } = await assembly.check({ workloads }, AbortSignal.timeout(20_000));
    assert.deepEqual(
      findings.map(({ verdict }) => verdict),
      ["pullable"],
    );
    return findings[0]?.advisories ?? [];
  }

  it("tells of the queue on the node, by the sizes that other nodes tell and the pulls of the nodes themselves", async () => {
    await start(true);
    const [advice, ...others] = await adviceOn("busy");
    assert.deepEqual(others, []);
    assert.equal(advice?.cause, "PullQueued");
    assert.match(advice.message, /^waits about 4 min \d+ s on busy for the images of 5 other Pods/);
    assert.match(advice.message, /reg\.test gives 1 Gbit\/s/);
    assert.deepEqual(await adviceOn("rich"), [], "nothing waits there");

    for (const name of ["one", "two", "three"]) {
      api.tell("ADDED", pulledEvent(name, { seconds: 15, image: queued(0) }), "/api/v1/events");
    }
    let measured = "";
    await until(async () => {
      measured = (await adviceOn("busy"))[0]?.message ?? "";
      return /nodes' own pulls, 3 seen/.test(measured);
    });
    assert.match(measured, /^waits about 8 min \d+ s on busy /);
    assert.match(measured, /reg\.test gives 40 MB\/s/);
    const [before = 0, idle = 0, after = 0] = [estimates[0], estimates[1], estimates.at(-1)];
    assert.ok(idle < 10_000 && before > 120_000 && after > 450_000, `${idle} ${before} ${after}`);
  });

  it("says nothing of a queue once its Pods have their images", async () => {
    await start(true);
    assert.equal((await adviceOn("busy")).length, 1);
    for (const index of [0, 1, 2, 3, 4]) {
      const pod = pendingPod(`queued-${index}`, { version: "2", containers: [{ image: queued(index), imageID: "i" }] });
      api.tell("MODIFIED", pod, "/api/v1/pods");
    }
    await until(async () => (await adviceOn("busy")).length === 0);
  });

  it("asks for neither Pods nor events unless it was told to", async () => {
    await start(false, 4);
    assert.deepEqual(await adviceOn("busy"), []);
    assert.deepEqual(
      api.asked.filter((path) => /pods|events/.test(path)),
      [],
    );
  });

  it("goes without what it may not see, is ready all the same, and says so once", async () => {
    const refused = { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no" } };
    answers.set("/api/v1/pods", refused);
    answers.set("/api/v1/events", refused);
    await start(true, 4);
    const warned = () => logged.filter(({ msg }) => /not watched/.test(String(msg)));
    await until(() => warned().length >= 2);
    const tries = (path: string) => api.asked.filter((other) => other === path).length;
    await until(
      () => tries("/api/v1/pods") >= 4 && tries("/api/v1/events") >= 4,
      async () => {
        clock.advance(250);
        await nextTurn();
      },
    );
    assert.deepEqual(await adviceOn("busy"), []);
    assert.deepEqual(
      warned()
        .map(({ reason }) => reason)
        .sort(),
      [
        "Pullguard has no permission to list and watch events (403)",
        "Pullguard has no permission to list and watch pods (403)",
      ],
    );
    assert.deepEqual(
      cluster.readiness().map(({ reason }) => reason()),
      [undefined, undefined],
    );
  });
});
