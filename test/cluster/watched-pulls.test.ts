import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCluster, type PullsEvent, type WatchedPulls, watchPulls } from "../../src/cluster/index.js";
import { pendingPodResource } from "../../src/cluster/watched-pod.js";
import type { NodeState } from "../../src/node/index.js";
import { fakeClock } from "../support/builders.js";
import { until } from "../support/until.js";
import { type ApiAnswer, type FakeApiServer, kubeconfigText, startApiServer } from "./api-server.js";
import { listOf, pendingPod, pulledEvent } from "./pulls.js";

const podsPath = "/api/v1/pods";
const eventsPath = "/api/v1/events";
const startMs = Date.parse("2026-01-01T12:00:00Z");
const forbidden = { status: 403, body: { kind: "Status", reason: "Forbidden", message: "no" } };

describe("pulls of nodes from watches", () => {
  const answers = new Map<string, ApiAnswer>();
  const sizes = new Map<string, number>();
  let api: FakeApiServer;
  let folder: string;
  let clock: ReturnType<typeof fakeClock>;
  let events: PullsEvent[];
  let heard: (readonly [string, number | undefined])[];
  let watched: WatchedPulls;
  let held: readonly string[];

  beforeEach(async () => {
    answers.clear();
    sizes.clear();
    held = [];
    answers.set(podsPath, listOf("PodList", [pendingPod("web", { node: "a" })]));
    answers.set(eventsPath, listOf("EventList", []));
    for (const path of [podsPath, eventsPath]) answers.set(`${path}?watch`, "stream");
    clock = fakeClock(startMs);
    [events, heard] = [[], []];
    folder = mkdtempSync(join(tmpdir(), "pullguard-pulls-"));
    api = await startApiServer(answers);
  });
  afterEach(async () => {
    watched.stop();
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

  function start(): void {
    watched = watchPulls({
      access: access(),
      clock,
      durations: { noteEvent: (...told) => void heard.push([told[0], told[1]]) },
      sizeOf: (image) => sizes.get(image),
      nodeNamed: (name): NodeState => ({
        ...{ name, labels: {}, imagesAreComplete: true },
        images: [{ names: held, sizeBytes: 1 }],
      }),
      onEvent: (event) => void events.push(event),
      random: () => 1,
    });
  }

  const count = (kind: PullsEvent["kind"]) => events.filter((event) => event.kind === kind).length;
  const synced = (times = 2): Promise<void> => until(() => count("synced") >= times);
  const images = (node = "a") => watched.queue.queuedOn(node).map((pod) => pod.images.map(({ image }) => image));
  const tellPod = (type: string, pod: unknown) => api.tell(type, pod, podsPath);

  it("ask for nothing but Pods that are bound and do not run, and events about pulls", async () => {
    start();
    await synced();
    const selectors = api.watchQueries.map((query) => query.get("fieldSelector")).sort();
    assert.deepEqual(selectors, ["reason=Pulled,involvedObject.kind=Pod", "status.phase=Pending,spec.nodeName!="]);
    assert.deepEqual([...api.asked].sort(), [podsPath, `${podsPath}?watch`, eventsPath, `${eventsPath}?watch`].sort());
    assert.deepEqual(
      api.listQueries.map((query) => query.get("fieldSelector")).sort(),
      selectors,
      "lists are filtered as well",
    );
  });

  it("are queued on the node that the Pod is bound to, with the sizes that are known", async () => {
    sizes.set("reg.test/app:v1", 7);
    start();
    await synced();
    tellPod("ADDED", pendingPod("other", { node: "b", containers: [{ image: "reg.test/unknown:v1" }] }));
    await until(() => images("b").length > 0);
    assert.deepEqual(watched.queue.queuedOn("a"), [{ images: [{ image: "reg.test/app:v1", sizeBytes: 7 }] }]);
    assert.deepEqual(watched.queue.queuedOn("b"), [{ images: [{ image: "reg.test/unknown:v1" }] }]);
    assert.deepEqual(watched.queue.queuedOn("c"), []);
  });

  it("are in the order in which the kubelet took the Pods on", async () => {
    const at = (name: string, startTime: string) =>
      pendingPod(name, { node: "a", startTime, containers: [{ image: `reg.test/${name}:v1` }] });
    const [late, early] = [at("late", "2026-01-01T11:59:30Z"), at("early", "2026-01-01T11:59:10Z")];
    answers.set(podsPath, listOf("PodList", [late]));
    start();
    await synced();
    tellPod("ADDED", early);
    await until(() => images().length === 2);
    assert.deepEqual(images(), [["reg.test/early:v1"], ["reg.test/late:v1"]]);
  });

  it("leave the queue when the Pod runs, is being deleted, or has its images", async () => {
    start();
    await synced();
    for (const [type, pod] of [
      ["DELETED", pendingPod("web", { node: "a", version: "2", phase: "Running" })],
      ["MODIFIED", pendingPod("web", { node: "a", version: "3", deleted: true })],
      ["MODIFIED", pendingPod("web", { node: "a", version: "4", containers: [{ imageID: "sha256:1" }] })],
    ] as const) {
      tellPod(type, pod);
      await until(() => images().length === 0);
      tellPod("ADDED", pendingPod("web", { node: "a", version: "1" }));
      await until(() => images().length === 1);
    }
  });

  it("leave out what the node lists as there", async () => {
    held = ["reg.test/app:v1"];
    start();
    await synced();
    assert.deepEqual(images(), []);
  });

  it("leave out Pods that wait for volumes or the network, once that has taken long", async () => {
    const pod = pendingPod("web", { node: "a", startTime: "2026-01-01T12:00:00Z", sandbox: false });
    answers.set(podsPath, listOf("PodList", [pod]));
    start();
    await synced();
    assert.equal(images().length, 1);
    clock.advance(60_000);
    assert.equal(images().length, 1);
    // So that the watch stays alive meanwhile.
    for (let minute = 1; minute < 10; minute += 1) {
      clock.advance(60_000);
      tellPod(
        "MODIFIED",
        pendingPod("sign", { node: "b", version: `s${minute}`, containers: [{ image: `m${minute}` }] }),
      );
      await until(() => images("b")[0]?.[0] === `m${minute}`);
    }
    clock.advance(1);
    assert.deepEqual(images(), []);
  });

  it("are forgotten while the watch does not stand, and come back with it", async () => {
    start();
    await synced();
    api.endWatches();
    await until(() => count("fault") === 2);
    assert.deepEqual(images(), []);
    clock.advance(1_000);
    await synced(4);
    assert.equal(images().length, 1);
  });

  it("believe no watch that has fallen silent, neither of Pods nor of events", async () => {
    start();
    await synced();
    clock.advance(150_001);
    assert.deepEqual(images(), []);
    await synced(4);
    assert.deepEqual(api.asked.filter((path) => path.endsWith("?watch")).sort().length, 4);
  });

  it("are told of with their end, once each, and not where there was none", async () => {
    const [known, fresh] = [pulledEvent("one", { seconds: 10 }), pulledEvent("two", { seconds: 20 })];
    const present = { ...pulledEvent("three", {}), message: 'Container image "a" already present on machine' };
    answers.set(eventsPath, listOf("EventList", [known, present]));
    start();
    await synced();
    api.tell("ADDED", fresh, eventsPath);
    await until(() => heard.length === 2);
    api.tell("DELETED", known, eventsPath);
    api.tell("MODIFIED", fresh, eventsPath);
    api.tell("ADDED", pulledEvent("last", { seconds: 30 }), eventsPath);
    await until(() => heard.length > 2);
    assert.deepEqual(
      heard,
      [known, fresh, pulledEvent("last", { seconds: 30 })].map(({ message, lastTimestamp }) => [
        message,
        Date.parse(lastTimestamp),
      ]),
    );
  });

  for (const path of [podsPath, eventsPath]) {
    it(`go without where ${path} may not be listed, and try again`, async () => {
      answers.set(path, forbidden);
      start();
      await until(() => count("fault") === 1 && count("synced") === 1);
      const resource = path === podsPath ? "pods" : "events";
      const reason = `Pullguard has no permission to list and watch ${resource} (403)`;
      assert.deepEqual(
        events.find(({ kind }) => kind === "fault"),
        { kind: "fault", reason, retryMs: 1_000, resource },
      );
      assert.equal(images().length, path === podsPath ? 0 : 1);
      answers.set(path, listOf(path === podsPath ? "PodList" : "EventList", [pendingPod("web", { node: "a" })]));
      clock.advance(60_000);
      await synced();
    });
  }

  it("survive objects that make no sense", async () => {
    start();
    await synced();
    for (const object of [
      null,
      7,
      {},
      { spec: 1, status: [] },
      { spec: { nodeName: "a", containers: [null, 3, {}] } },
    ]) {
      tellPod("ADDED", object);
      api.tell("ADDED", object, eventsPath);
    }
    tellPod("ADDED", pendingPod("end", { node: "b" }));
    await until(() => images("b").length === 1);
    assert.equal(images().length, 1);
    assert.deepEqual(heard, []);
  });

  it("are kept within bounds: 150 images of one node, shared between Pods that are alike", async () => {
    const crowd = Array.from({ length: 400 }, (_, index) =>
      pendingPod(`crowd-${index}`, { node: "a", containers: [{ image: "reg.test/app:v1" }] }),
    );
    answers.set(podsPath, listOf("PodList", crowd));
    start();
    await synced();
    assert.equal(images().length, 150);
    const { prune } = pendingPodResource(access().core);
    const [first, second] = crowd.map(prune);
    assert.equal(first?.awaited, second?.awaited);
    assert.deepEqual(Object.keys(first ?? {}).sort(), ["awaited", "lacksSandbox", "metadata", "node", "sinceMs"]);
    const giant = pendingPod("giant", {
      node: "a",
      containers: Array.from({ length: 900 }, (_, index) => ({ image: `reg.test/${index}:v1` })),
    });
    assert.equal(prune(giant).awaited.length, 32);
    assert.deepEqual(prune(pendingPod("x", { node: "a", containers: [{ image: "x".repeat(513) }] })).awaited, []);
  });
});

describe("the images that a Pod waits for", () => {
  const waiting = (reason: string) => ({ waiting: { reason } });
  const cases: { name: string; given: Parameters<typeof pendingPod>[1]; want: readonly string[] }[] = [
    { name: "are all while its kubelet has told nothing", given: { statuses: false }, want: ["reg.test/app:v1"] },
    ...["ContainerCreating", "PodInitializing", "ErrImagePull", "ImagePullBackOff"].map((reason) => ({
      name: `are those of containers that wait with ${reason}`,
      given: { containers: [{ state: waiting(reason) }] },
      want: ["reg.test/app:v1"],
    })),
    ...["CreateContainerConfigError", "ErrImageNeverPull", "InvalidImageName", "CrashLoopBackOff"].map((reason) => ({
      name: `are not those of containers that wait with ${reason}`,
      given: { containers: [{ state: waiting(reason) }] },
      want: [],
    })),
    { name: "are not those that nobody pulls", given: { containers: [{ imagePullPolicy: "Never" }] }, want: [] },
    { name: "are not those of containers that run", given: { containers: [{ state: { running: {} } }] }, want: [] },
    {
      name: "are none that another container has",
      given: { containers: [{ imageID: "sha256:1" }, { state: waiting("PodInitializing") }] },
      want: [],
    },
    {
      name: "come in the kubelet's order, each once",
      given: {
        containers: [{ image: "c" }, { image: "v" }],
        initContainers: [{ image: "i" }],
        volumes: [{ name: "v", image: { reference: "v", pullPolicy: "IfNotPresent" } }],
      },
      want: ["v", "i", "c"],
    },
    {
      name: "are no volumes once a container has its image",
      given: {
        containers: [{ image: "c" }],
        initContainers: [{ image: "i", imageID: "sha256:1", state: { terminated: {} } }],
        volumes: [{ name: "v", image: { reference: "v" } }],
      },
      want: ["c"],
    },
  ];
  const access = { listPodForAllNamespaces: () => assert.fail("asks nobody") };
  for (const { name, given, want } of cases) {
    it(name, () => {
      const { prune } = pendingPodResource(access as never);
      assert.deepEqual(prune(pendingPod("web", { node: "a", ...given })).awaited, want);
    });
  }
});
