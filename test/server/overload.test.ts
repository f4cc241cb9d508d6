import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import { type AddressInfo, connect, Socket } from "node:net";
import type { Check, Report } from "../../src/check/index.js";
import { BodyBudget } from "../../src/server/body-budget.js";
import { limitConnections } from "../../src/server/connection-limit.js";
import { listenShared, type SharedPort } from "../../src/server/shared-port.js";
import { pod, podReview, recordingCheck } from "../admission/doubles.js";
import { appWith, listening, post } from "./doubles.js";

const emptyReport: Report = { summary: { pullable: 0, unpullable: 0, skipped: 0, unknown: 0 }, findings: [] };

/** As Go writes it: kind, version and uid before anything else. */
function written(uid: string, padding = 0): string {
  const { request, ...review } = podReview({
    uid,
    object: pod("a", { annotations: { padding: "x".repeat(padding) } }),
  }) as {
    request: { uid: string };
  };
  const { uid: first, ...rest } = request;
  return JSON.stringify({ kind: "AdmissionReview", ...review, request: { uid: first, ...rest } });
}

describe("the memory for reviews", () => {
  it("has room for one, however large, and for no more than its measure", () => {
    const budget = new BodyBudget(100);
    assert.equal(budget.take(500), true);
    assert.equal(budget.take(1), false);
    budget.give(500);
    assert.equal(budget.take(60), true);
    assert.equal(budget.take(41), false);
    assert.equal(budget.take(40), true);
    assert.equal(budget.heldBytes, 100);
  });

  for (const path of ["/validate", "/mutate"]) {
    it(`that is used up lets reviews pass unread, with a warning (${path})`, async () => {
      let finish: (report: Report) => void = () => undefined;
      let started: () => void = () => undefined;
      const hasStarted = new Promise<void>((resolve) => (started = resolve));
      const check: Check = () =>
        new Promise((resolve) => {
          finish = resolve;
          started();
        });
      const shed: string[] = [];
      const app = appWith(check, { maxHeldBytes: 2_000, onShed: (reason) => shed.push(reason) });
      const first = post(app, podReview()).then((answer) => answer);
      await hasStarted;
      const { body, status } = await post(app, written("uid-2", 100_000), path);
      assert.equal(status, 200);
      assert.deepEqual(body, {
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: { uid: "uid-2", allowed: true, warnings: ["pullguard is overloaded, image not checked"] },
      });
      const other = await post(app, JSON.stringify({ padding: "x".repeat(50_000) }), path);
      assert.equal(other.status, 503);
      assert.deepEqual(shed, ["memory", "memory"]);
      finish(emptyReport);
      assert.equal((await first).body.response.allowed, true);
    });
  }

  it("is given back whatever becomes of a request", async () => {
    const app = appWith(recordingCheck().check, { maxHeldBytes: 1_000 });
    await listening(app, async (port) => {
      for (let count = 0; count < 5; count += 1) {
        const cut = httpRequest({
          port,
          method: "POST",
          path: "/validate",
          headers: { "content-type": "application/json", "content-length": 900 },
        });
        cut.on("error", () => undefined);
        cut.write("{");
        await once(cut, "socket");
        cut.destroy();
      }
      for (const body of ["{", "[]", "x".repeat(900)]) await post(app, body);
      // The server learns of a cut connection when it likes.
      for (let count = 0; count < 500; count += 1) {
        const { body } = await post(app, written("uid-1"));
        if (body.response.warnings === undefined) return;
      }
      assert.fail("some memory was lost");
    });
  });
});

describe("connections", () => {
  let server: Server | undefined;
  let shared: SharedPort | undefined;
  const silent: Socket[] = [];
  afterEach(async () => {
    for (const socket of silent.splice(0)) socket.destroy();
    server?.closeAllConnections();
    server?.close();
    await shared?.close();
  });

  async function dialled(port: number): Promise<Socket> {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  }

  it("are bounded; one too many takes the place of one that has said nothing yet", async () => {
    const bounded = createServer((_req, res) => res.end("ok"));
    server = bounded;
    const open = new Set<Socket>();
    bounded.on("connection", (socket: Socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    });
    // Also those that another socket of the same port has taken.
    limitConnections(bounded, 10);
    shared = await listenShared(bounded, { port: 0, host: "127.0.0.1" });
    const { port } = bounded.address() as AddressInfo;
    for (let count = 0; count < 30; count += 1) silent.push(await dialled(port));
    const answer = await new Promise<string>((resolve, reject) => {
      httpRequest({ port, host: "127.0.0.1" }, (res) => res.on("data", (chunk) => resolve(String(chunk))))
        .on("error", reject)
        .end();
    });
    assert.equal(answer, "ok");
    assert.ok(open.size <= 10, String(open.size));
  });

  /** A server whose connections the test makes itself; `isBusy`: each has finished its handshake at once. */
  function serverOf(maxConnections: number, isBusy: boolean) {
    const made = createServer();
    made.removeAllListeners("connection");
    limitConnections(made, maxConnections);
    const sockets = Array.from({ length: 6 }, (_, index) => {
      const socket = new Socket();
      Object.defineProperty(socket, "remotePort", { value: index });
      made.emit("connection", socket);
      if (isBusy) made.emit("secureConnection", socket);
      return socket;
    });
    return sockets.map(({ destroyed }) => destroyed);
  }

  it("are turned away where all are busy, also those that came in the same turn", () => {
    assert.deepEqual(serverOf(4, true), [false, false, false, false, true, true]);
  });

  it("take the places of the oldest that say nothing, one each, also those that came in the same turn", () => {
    assert.deepEqual(serverOf(4, false), [true, true, false, false, false, false]);
  });
});
