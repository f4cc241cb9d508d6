import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { profileMaker } from "../../src/bin/node-profiles.js";
import { loadCluster, type NodesEvent, type WatchedNodes, watchNodes } from "../../src/cluster/index.js";
import type { NodeCandidates } from "../../src/node/index.js";
import { podSpec } from "../placement/pods.js";
import { fakeClock } from "../support/builders.js";
import { until } from "../support/until.js";
import { type ApiAnswer, type FakeApiServer, kubeconfigText, startApiServer } from "./api-server.js";

const nodesPath = "/api/v1/nodes";
const profilesPath = "/apis/pullguard.dev/v1alpha1/nodepullprofiles";
const leasesPath = "/apis/coordination.k8s.io/v1/namespaces/agents/leases";
const startMs = Date.parse("2026-01-01T12:00:00Z");
const forbidden = { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no" } };

interface NodeWish {
  readonly version?: string;
  readonly labels?: object;
  readonly runtime?: string;
  readonly images?: readonly object[];
  readonly spec?: object;
}

function node(name: string, wish: NodeWish = {}) {
  const nodeInfo = {
    containerRuntimeVersion: wish.runtime ?? "containerd://1.7.13",
    operatingSystem: "linux",
    architecture: "arm64",
    kubeletVersion: "v1.30.1",
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, resourceVersion: wish.version ?? "1", labels: wish.labels ?? {} },
    spec: wish.spec ?? {},
    status: { nodeInfo, images: wish.images ?? [], allocatable: { "ephemeral-storage": "10Ki" } },
  };
}

function profile(name: string, nodes: readonly string[], version = "1", spec: object = { files: [] }) {
  return {
    apiVersion: "pullguard.dev/v1alpha1",
    kind: "NodePullProfile",
    metadata: {
      ...{ name, uid: name, generation: 1, resourceVersion: version },
      ...(nodes.length === 0 ? {} : { labels: { "app.kubernetes.io/managed-by": "pullguard-node-agent" } }),
    },
    spec,
    status: { nodes: nodes.map((each) => ({ name: each })) },
  };
}

function lease(name: string, confirms: string, renewedMs: number, version = "1") {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name,
      namespace: "agents",
      resourceVersion: version,
      annotations: { "pullguard.dev/profile": confirms },
    },
    spec: { holderIdentity: name, leaseDurationSeconds: 300, renewTime: new Date(renewedMs).toISOString() },
  };
}

function listOf(kind: string, items: readonly object[]): ApiAnswer {
  return { status: 200, body: { kind, apiVersion: "v1", metadata: { resourceVersion: "10" }, items } };
}

describe("nodes from watches", () => {
  const answers = new Map<string, ApiAnswer>();
  let api: FakeApiServer;
  let folder: string;
  let clock: ReturnType<typeof fakeClock>;
  let events: NodesEvent[];
  let watched: WatchedNodes | undefined;

  beforeEach(async () => {
    answers.clear();
    answers.set(nodesPath, listOf("NodeList", [node("a")]));
    answers.set(profilesPath, listOf("NodePullProfileList", [profile("p", ["a"])]));
    answers.set(leasesPath, listOf("LeaseList", [lease("a", "p", startMs)]));
    for (const path of [nodesPath, profilesPath, leasesPath]) answers.set(`${path}?watch`, "stream");
    clock = fakeClock(startMs);
    events = [];
    folder = mkdtempSync(join(tmpdir(), "pullguard-nodes-"));
    api = await startApiServer(answers);
  });
  afterEach(async () => {
    watched?.stop();
    await api.close();
    rmSync(folder, { recursive: true });
  });

  function start(): WatchedNodes {
    const path = join(folder, "kubeconfig");
    writeFileSync(path, kubeconfigText(api.url));
    const access = loadCluster({ kind: "file", path });
    assert.ok(access !== undefined);
    const maker = profileMaker({ credentials: "unknown" }, new Uint8Array(32), clock);
    const onEvent = (event: NodesEvent) => void events.push(event);
    watched = watchNodes({ ...maker, access, clock, agentNamespace: "agents", onEvent, random: () => 1 });
    return watched;
  }

  /** An event of the watch that the object belongs to. */
  function tellOf(type: string, object: { readonly kind: string }): void {
    const paths: Readonly<Record<string, string>> = {
      Node: nodesPath,
      NodePullProfile: profilesPath,
      Lease: leasesPath,
    };
    api.tell(type, object, paths[object.kind]);
  }

  async function settled(count = 3): Promise<void> {
    await until(() => events.filter(({ kind }) => kind === "synced" || kind === "fault").length >= count);
  }

  function candidates(spec: object = {}): readonly NodeCandidates[] {
    return watched?.nodes.candidatesFor(podSpec(spec)) ?? [];
  }

  const told = (spec?: object): readonly string[] =>
    candidates(spec).map(({ profile: { name, trust, lastConfirmed }, where }) => {
      return `${where}: ${name}, trust ${trust}${lastConfirmed === undefined ? "" : `, ${lastConfirmed()}`}`;
    });

  it("have the profiles that their agents confirm, with the programs of the Node object", async () => {
    start();
    await settled();
    assert.deepEqual(told(), ["a: p, trust known"]);
    const [{ profile: found, nodes } = assert.fail()] = candidates();
    assert.deepEqual(found.platform, { os: "linux", architecture: "arm64" });
    assert.deepEqual([found.runtime.minor, found.kubelet.version], [7, "1.30.1"]);
    assert.equal(nodes?.[0]?.ephemeralStorageBytes, 10_240);
    assert.deepEqual(
      api.asked
        .slice()
        .sort()
        .filter((path) => !path.includes("?")),
      [nodesPath, profilesPath, leasesPath].sort(),
    );
  });

  it("age when their agents fall silent, say so once, and are young again when these come back", async () => {
    start();
    await settled();
    clock.advance(300_000);
    assert.deepEqual(told(), ["a: p, trust known"]);
    clock.advance(1);
    assert.deepEqual(told(), ["a: p, trust unknown, 5 min ago"]);
    clock.advance(900_000);
    assert.deepEqual(told(), ["a: p, trust unknown, 20 min ago"]);
    const aged = () => events.filter(({ kind }) => kind === "aged");
    assert.deepEqual(aged(), [{ kind: "aged", profiles: [{ name: "p", ago: "5 min ago" }] }]);
    // Watches that were silent for so long have been opened anew.
    await settled(6);
    tellOf("MODIFIED", lease("a", "p", clock.nowMs(), "11"));
    await until(() => told()[0] === "a: p, trust known");
    assert.deepEqual(aged().at(-1), { kind: "aged", profiles: [] });
  });

  it("stay young with each heartbeat, whatever the agents' clocks say", async () => {
    answers.set(leasesPath, listOf("LeaseList", [lease("a", "p", startMs + 86_400_000)]));
    start();
    await settled();
    clock.advance(299_000);
    await settled(6);
    tellOf("MODIFIED", lease("a", "p", 0, "11"));
    const before = candidates();
    // The stream's arrival shows in the next answer after the sign would have run out.
    clock.advance(1_001);
    await until(() => told()[0] === "a: p, trust known");
    assert.equal(candidates()[0]?.profile, before[0]?.profile, "the same profile goes on");
    clock.advance(300_001);
    assert.match(told()[0] ?? "", /trust unknown/);
  });

  it("change with their objects", async () => {
    start();
    await settled();
    tellOf("ADDED", node("b", { labels: { pool: "x" } }));
    await until(() => candidates().length === 2);
    assert.deepEqual(told({ nodeSelector: { pool: "x" } }), ["b: any node with containerd 1.7.13, trust unknown"]);
    tellOf("ADDED", profile("hand", [], "1", { files: [], nodeSelector: { matchLabels: { pool: "x" } } }));
    await until(() => told({ nodeSelector: { pool: "x" } })[0] === "b: hand, trust known");
    tellOf("DELETED", profile("p", ["a"], "12"));
    await until(() => told({ nodeName: "a" })[0]?.startsWith("a: any node"));
    tellOf("DELETED", node("b", { version: "13" }));
    await until(() => told({ nodeName: "b" }).length === 3);
  });

  it("are not worked out anew for images, which are those of the last event", async () => {
    start();
    await settled();
    const before = candidates();
    const images = [{ names: ["reg.test/app@sha256:x", "reg.test/app:v1"], sizeBytes: 7 }];
    tellOf("MODIFIED", node("a", { version: "11", images }));
    await until(() => (before[0]?.nodes?.[0]?.images.length ?? 0) > 0);
    assert.equal(candidates(), before);
    assert.deepEqual(before[0]?.nodes?.[0]?.images, images);
    assert.equal(before[0]?.nodes?.[0]?.imagesAreComplete, true);
    const many = Array.from({ length: 50 }, (_, at) => ({ names: [`n${at}`], sizeBytes: at }));
    tellOf("MODIFIED", node("a", { version: "12", images: many }));
    await until(() => before[0]?.nodes?.[0]?.imagesAreComplete === false);
  });

  it("keep what was seen when the watches are lost", async () => {
    start();
    await settled();
    answers.set(nodesPath, { status: 503, body: "no" });
    api.endWatches();
    await settled(6);
    assert.deepEqual(told(), ["a: p, trust known"]);
  });

  it("are nobody's without the right to list them: as if there were no cluster", async () => {
    answers.set(nodesPath, forbidden);
    const { notReady } = start();
    await settled();
    assert.match(notReady() ?? "", /no permission to list and watch nodes/);
    clock.advance(999);
    assert.equal(told().length, 3, "one for each assumed runtime");
    const reasons = events.flatMap((event) => (event.kind === "fault" ? [event.reason] : []));
    assert.deepEqual(reasons, ["Pullguard has no permission to list and watch nodes (403)"]);
  });

  it("are seen without profiles where these are not installed, and without certainty where Leases may not be read", async () => {
    answers.set(profilesPath, { status: 404, body: "page not found" });
    start();
    await settled();
    assert.deepEqual(told(), ["a: any node with containerd 1.7.13, trust unknown"]);
    const fault = events.find(({ kind }) => kind === "fault");
    assert.ok(fault?.kind === "fault" && fault.resource === "profiles");
    assert.equal(fault.reason, `the API server ${api.url} knows no nodepullprofiles.pullguard.dev (404)`);
    watched?.stop();
    events.splice(0);
    answers.set(profilesPath, listOf("NodePullProfileList", [profile("p", ["a"])]));
    answers.set(leasesPath, forbidden);
    start();
    await settled();
    assert.deepEqual(told(), ["a: p, trust unknown, at an unknown time"]);
  });

  it("are not asked about before the first list has come", async () => {
    answers.set(nodesPath, "never");
    const { notReady } = start();
    await api.arrival(nodesPath);
    assert.equal(told().length, 3);
    assert.equal(notReady(), "not synced yet");
  });

  it("survive profiles and events that make no sense", async () => {
    start();
    await settled();
    for (const object of [null, 7, {}, { metadata: null, spec: 3 }]) api.tell("MODIFIED", object);
    tellOf("ADDED", profile("odd", ["a"], "2", { files: [{ path: 7, content: "hunter2" }] }));
    tellOf("ADDED", node("b", { runtime: "frobnicator://9" }));
    await until(() => events.some((event) => event.kind === "unusable" && event.profile === "odd"));
    await until(() => told({ nodeName: "b" }).length === 3);
    assert.ok(!JSON.stringify(events).includes("hunter2"));
    assert.deepEqual(told({ nodeName: "a" }), ["a: p, trust known"]);
  });

  it("ask nobody any more once stopped", async () => {
    start();
    await settled();
    watched?.stop();
    await api.hangUp();
    const before = api.asked.length;
    clock.advance(600_000);
    await nextTurn();
    assert.equal(api.asked.length, before);
  });
});
