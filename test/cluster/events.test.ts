import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEventRecorder, type EventRecorder, loadCluster } from "../../src/cluster/index.js";
import type { Clock } from "../../src/core/index.js";
import { at } from "../manifests/objects.js";
import { until } from "../support/until.js";
import { kubeconfigText } from "./api-server.js";

const web = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web", uid: "uid-web" };
const event = { cause: "TagNotFound", note: "reg.test/app has no tag v9" };

/** Time goes on when the test says so; sleeps end at once, but for those that guard a request. */
function hurriedClock(): Clock & { pass(ms: number): void } {
  let now = 1_800_000_000_000;
  return {
    nowMs: () => now,
    sleep: (ms, signal) =>
      ms < 10_000
        ? Promise.resolve()
        : new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
    pass: (ms) => {
      now += ms;
    },
  };
}

describe("events of workloads", () => {
  let server: Server;
  let folder = "";
  let status = 201;
  let written: { readonly path: string; readonly body: unknown }[] = [];
  let arrived: () => void = () => undefined;
  let faults: string[] = [];
  let clock: ReturnType<typeof hurriedClock>;

  beforeEach(async () => {
    [status, written, faults, clock] = [201, [], [], hurriedClock()];
    folder = mkdtempSync(join(tmpdir(), "pullguard-events-"));
    server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk) => {
        text += chunk;
      });
      request.on("end", () => {
        written.push({ path: `${request.method} ${request.url}`, body: JSON.parse(text) });
        response.writeHead(status, { "content-type": "application/json" }).end(text);
        arrived();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  function recorder(own: { readonly burst?: number } = {}): EventRecorder {
    const file = join(folder, "kubeconfig");
    writeFileSync(file, kubeconfigText(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    const access = loadCluster({ kind: "file", path: file });
    assert.ok(access);
    const onFault = (reason: string) => faults.push(reason);
    return createEventRecorder({ access, clock, instance: "pullguard-1", onFault, ...own });
  }

  /** Resolves when so many Events have been sent in all. */
  const sent = (count: number): Promise<void> =>
    new Promise((resolve) => {
      arrived = () => {
        if (written.length >= count) resolve();
      };
      arrived();
    });

  it("are written with the cause as reason, about the object by name and uid", async () => {
    recorder().record(web, [event]);
    await sent(1);
    const [{ path, body } = { path: "", body: {} }] = written;
    assert.equal(path, "POST /apis/events.k8s.io/v1/namespaces/shop/events");
    const { metadata, ...rest } = body as Record<string, unknown>;
    assert.match(String(at(metadata, "name")), /^web\.[0-9a-f]{16}$/);
    assert.deepEqual(rest, {
      eventTime: "2027-01-15T08:00:00.000000Z",
      type: "Warning",
      reason: "TagNotFound",
      action: "Admission",
      note: event.note,
      reportingController: "pullguard.dev/webhook",
      reportingInstance: "pullguard-1",
      regarding: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web", uid: "uid-web" },
    });
  });

  it("are one for an object and cause in ten minutes, and have the same name from every replica", async () => {
    const [one, other] = [recorder(), recorder()];
    for (let count = 0; count < 5; count++) one.record(web, [event]);
    other.record(web, [event]);
    one.record(web, [{ ...event, cause: "RegistryTimeout" }]);
    one.record({ ...web, uid: "uid-other" }, [event]);
    await sent(4);
    const names = written.map(({ body }) => at(body, "metadata", "name"));
    assert.equal(written.length, 4);
    assert.equal(new Set(names).size, 3);
    clock.pass(10 * 60_000);
    one.record(web, [event]);
    await sent(5);
    assert.ok(!names.includes(at(written[4]?.body, "metadata", "name")));
  });

  it("are twenty-five at once at most, then one a second", async () => {
    const events = recorder();
    const many = (from: number): void => {
      for (let index = 0; index < 40; index++) events.record({ ...web, uid: `uid-${from + index}` }, [event]);
    };
    many(0);
    await sent(25);
    clock.pass(3_000);
    many(100);
    await sent(28);
    clock.pass(1_000);
    events.record({ ...web, uid: "last" }, [event]);
    await sent(29);
    assert.equal(written.length, 29);
  });

  it("are as many at once as somebody has use for who finds much at a time", async () => {
    const events = recorder({ burst: 60 });
    for (let index = 0; index < 80; index++) events.record({ ...web, uid: `uid-${index}` }, [event]);
    await sent(60);
    clock.pass(1_000);
    events.record({ ...web, uid: "last" }, [event]);
    await sent(61);
    assert.equal(written.length, 61);
  });

  for (const { code, want } of [
    { code: 403, want: ["Pullguard has no permission to create events (403)"] },
    { code: 409, want: [] },
    { code: 404, want: [] },
  ]) {
    it(`that the API server answers with ${code} are reported ${want.length} times`, async () => {
      status = code;
      const events = recorder();
      events.record(web, [event, { ...event, cause: "RegistryTimeout" }]);
      await sent(2);
      // A last one, whose answer comes after theirs.
      await until(() => written.length >= 2 && (want.length === 0 || faults.length > 0));
      assert.deepEqual(faults, want);
    });
  }

  it("are not written any more once the recorder has stopped", () => {
    const events = recorder();
    events.stop();
    events.record(web, [event]);
    assert.deepEqual(written, []);
  });
});
