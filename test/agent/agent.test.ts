import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type AgentEvent, type AgentNode, type ProfilePublisher, runAgent } from "../../src/agent/index.js";
import { PullguardError } from "../../src/core/index.js";
import { nodeFilesFromMap } from "../../src/node/index.js";
import { fakeClock } from "../support/builders.js";

const node: AgentNode = {
  name: "node-a",
  uid: "1-2-3",
  runtime: "containerd://1.7.13",
  platform: { os: "linux", architecture: "amd64" },
  kubeletVersion: "1.30.1",
};
const hosts = "/etc/containerd/certs.d/reg.test/hosts.toml";
const configFile = "/etc/containerd/config.toml";
const config = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n';

describe("the node agent", () => {
  let files: Record<string, string>;
  let calls: string[];
  let events: AgentEvent[];
  let failing: ReadonlySet<string>;
  let lease: string | undefined;
  let intact: boolean;
  let ownNode: AgentNode;
  let clock: ReturnType<typeof fakeClock>;
  let stopping: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    files = { [hosts]: '[host."https://reg.test"]', [configFile]: config };
    [calls, events, failing, lease, intact, ownNode] = [[], [], new Set(), undefined, true, node];
    clock = fakeClock(1_000_000);
    stopping = new AbortController();
    setMaxListeners(0, stopping.signal);
  });
  afterEach(async () => {
    stopping.abort(new Error("over"));
    await running;
  });

  function called(what: string, ...more: readonly string[]): void {
    calls.push([what, ...more].join(" "));
    if (failing.has(what)) throw new PullguardError("ClusterUnavailable", `no ${what}`);
  }

  const publisher: ProfilePublisher = {
    node: async (name) => {
      called("node", name);
      return ownNode;
    },
    publish: async ({ name }) => called("publish", short(name)),
    isIntact: async () => {
      called("isIntact");
      return intact;
    },
    leave: async (name) => called("leave", short(name)),
    confirm: async (name, _, validSeconds) => {
      called("confirm", short(name), String(validSeconds));
      lease = name;
    },
    confirmed: async () => {
      called("confirmed");
      return lease;
    },
    tidy: async () => called("tidy"),
  };
  /** Profiles are told apart by the order in which they were published. */
  const names: string[] = [];
  function short(name: string): string {
    if (!names.includes(name)) names.push(name);
    return `#${names.indexOf(name) + 1}`;
  }

  function start(): void {
    names.length = 0;
    running = runAgent(
      {
        ...{ clock, publisher, nodeName: "node-a", intervalMs: 5_000, heartbeatMs: 60_000, wellKnown: new Map() },
        openHost: () => {
          if (failing.has("host")) throw new PullguardError("InputInvalid", "no such folder");
          return { tree: nodeFilesFromMap(files), signature: (path) => files[path] ?? "" };
        },
        onEvent: (event) => void events.push(event),
        random: () => 1,
      },
      stopping.signal,
    );
  }

  /** Lets the agent do all that it does now; then what it did since the last time. */
  async function done(): Promise<readonly string[]> {
    for (let turn = 0; turn < 40; turn += 1) await nextTurn();
    return calls.splice(0);
  }

  async function passes(ms: number): Promise<readonly string[]> {
    clock.advance(ms);
    return await done();
  }

  const first = ["node node-a", "publish #1", "confirmed", "confirm #1 300", "tidy"];

  it("publishes its node's profile, confirms it and tidies up once", async () => {
    start();
    assert.deepEqual(await done(), first);
    const published = events.find((event) => event.kind === "published");
    assert.match(published?.profile.name ?? "", /^containerd-1\.7\.13-[0-9a-f]{12}$/);
    assert.deepEqual(published?.profile.issues, []);
  });

  it("asks nobody anything while nothing changes, but for the heartbeat", async () => {
    start();
    await done();
    for (let beat = 1; beat < 12; beat += 1) assert.deepEqual(await passes(5_000), []);
    assert.deepEqual(await passes(5_000), ["isIntact", "confirm #1 300"]);
  });

  it("publishes another profile as soon as a file has changed, and leaves the former", async () => {
    start();
    await done();
    files[hosts] = 'server = "http://reg.test"';
    assert.deepEqual(await passes(5_000), ["publish #2", "confirm #2 300", "leave #1"]);
    files["/etc/containerd/certs.d/reg.test/ca.crt"] = "x";
    files["/etc/motd"] = "hello";
    assert.deepEqual((await passes(5_000)).length, 0, "a file that plays no part");
  });

  it("leaves the profile that it confirmed before it was restarted", async () => {
    start();
    await done();
    const before = lease;
    stopping.abort(new Error("restart"));
    await running;
    stopping = new AbortController();
    files[hosts] = 'server = "http://reg.test"';
    start();
    assert.deepEqual(await done(), ["node node-a", "publish #1", "confirmed", "confirm #1 300", "leave #2", "tidy"]);
    assert.equal(names[1], before);
  });

  it("publishes anew what somebody has changed", async () => {
    start();
    await done();
    intact = false;
    assert.deepEqual(await passes(60_000), ["isIntact", "publish #1", "confirm #1 300"]);
  });

  it("sees an upgraded runtime after ten heartbeats", async () => {
    start();
    await done();
    ownNode = { ...node, runtime: "containerd://2.2.7" };
    for (let beat = 1; beat < 10; beat += 1) assert.ok(!(await passes(60_000)).includes("node node-a"));
    const upgraded = await passes(60_000);
    assert.deepEqual(upgraded, ["node node-a", "publish #2", "confirmed", "confirm #2 300", "leave #1"]);
  });

  for (const what of ["node", "publish", "confirm", "tidy", "host"]) {
    it(`goes on after a fault, with growing patience: ${what}`, async () => {
      failing = new Set([what]);
      start();
      await done();
      const waits: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        const fault = events.at(-1);
        assert.ok(fault?.kind === "fault", JSON.stringify(events));
        waits.push(fault.retryMs);
        if (round === 4) failing = new Set();
        await passes(fault.retryMs);
      }
      assert.deepEqual(waits, [5_000, 10_000, 20_000, 30_000, 30_000]);
      const kinds = events.map(({ kind }) => kind);
      assert.equal(kinds.lastIndexOf("confirmed") > kinds.lastIndexOf("fault"), true, kinds.join());
      calls.splice(0);
      assert.deepEqual(await passes(5_000), []);
    });
  }

  it("finds a former profile again that it could not leave", async () => {
    start();
    await done();
    files[hosts] = 'server = "http://reg.test"';
    failing = new Set(["leave"]);
    assert.deepEqual(await passes(5_000), ["publish #2", "confirm #2 300", "leave #1"]);
    failing = new Set();
    assert.ok((await passes(5_000)).includes("leave #1"));
  });

  it("publishes nothing of a root that shows no /etc: a folder that is not mounted", async () => {
    files = {};
    start();
    await done();
    const [fault] = events;
    assert.ok(fault?.kind === "fault" && fault.error instanceof PullguardError);
    assert.match(fault.error.message, /shows no \/etc/);
  });

  it("says so where the runtime's configuration is not where it usually is", async () => {
    files = { "/etc/hosts": "" };
    start();
    await done();
    const published = events.find((event) => event.kind === "published");
    assert.deepEqual(
      published?.profile.issues.map(({ code }) => code),
      ["RuntimeConfigUnreadable"],
    );
    assert.equal(published?.profile.spec.files, undefined);
  });

  it("does not know what to make of another runtime, and says so", async () => {
    ownNode = { ...node, runtime: "frobnicator://1.0.0" };
    start();
    await done();
    const [fault] = events;
    assert.ok(fault?.kind === "fault" && fault.error instanceof PullguardError);
    assert.match(fault.error.message, /frobnicator/);
  });

  it("ends at once when it is told to", async () => {
    start();
    await done();
    stopping.abort(new Error("stop"));
    await running;
    assert.deepEqual(await passes(600_000), []);
  });
});
