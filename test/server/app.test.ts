import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import supertest from "supertest";
import type { Check, Report } from "../../src/check/index.js";
import { deadlineOf } from "../../src/core/index.js";
import { createMetricsApp, Readiness } from "../../src/server/index.js";
import { admissionDeps, podReview, realClock, recordingCheck, recordingObserver } from "../admission/doubles.js";
import { appWith, listening, post } from "./doubles.js";

const emptyReport: Report = { summary: { pullable: 0, unpullable: 0, skipped: 0, unknown: 0 }, findings: [] };

describe("POST /validate", () => {
  it("answers a review with a review", async () => {
    const { body, headers, status } = await post(appWith(recordingCheck().check), podReview());
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers["x-powered-by"], undefined);
    assert.equal(headers.etag, undefined);
    assert.deepEqual(body, {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: "uid-1", allowed: true },
    });
  });

  it("answers a denial with HTTP 200 as well", async () => {
    const { body, status } = await post(appWith(recordingCheck("unpullable").check), podReview());
    assert.equal(status, 200);
    assert.equal(body.response.allowed, false);
    assert.equal(body.response.status.code, 403);
  });

  it("answers in time for a check that stops when told", async () => {
    const reasons: unknown[] = [];
    const check: Check = (_input, signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason.name);
          resolve(emptyReport);
        });
      });
    const { body } = await post(appWith(check), podReview(), "/validate?timeout=300ms");
    assert.equal(body.response.allowed, true);
    assert.deepEqual(reasons, ["TimeoutError"]);
  });

  it("answers by itself for a check that never ends", async () => {
    const { status, body } = await post(
      appWith(() => new Promise(() => undefined)),
      podReview(),
      "/validate?timeout=300ms",
    );
    assert.equal(status, 200);
    assert.deepEqual(body.response, {
      uid: "uid-1",
      allowed: true,
      warnings: ["Pullguard could not check Pod shop/web: no result before the deadline"],
    });
  });

  it("answers for a check that throws", async () => {
    const { status, body } = await post(
      appWith(() => {
        throw new Error("broken");
      }),
      podReview(),
    );
    assert.equal(status, 200);
    assert.equal(body.response.allowed, true);
  });

  for (const { name, lag, want } of [
    { name: "as the API server grants, less the way back", lag: {}, want: [6_300, 9_000] },
    { name: "less where the event loop is late", lag: { lagMs: () => 500 }, want: [4_300, 7_000] },
  ]) {
    it(`gives a check so much time: ${name}`, async () => {
      const deadlines: unknown[] = [];
      const check: Check = async (_input, signal) => {
        deadlines.push(deadlineOf(signal));
        return emptyReport;
      };
      const admission = admissionDeps({ check, clock: { ...realClock, nowMs: () => 0 } });
      const app = appWith(check, { admission, ...lag });
      await post(app, podReview(), "/validate?timeout=7s");
      await post(app, podReview());
      assert.deepEqual(deadlines, want);
    });
  }

  it("goes on when the client goes away: what is found out serves its next try", async () => {
    let started: () => void = () => undefined;
    let finish: () => void = () => undefined;
    const hasStarted = new Promise<void>((resolve) => (started = resolve));
    const wasFinished = new Promise<void>((resolve) => (finish = resolve));
    const signals: AbortSignal[] = [];
    const check: Check = async (_input, signal) => {
      signals.push(signal);
      started();
      await wasFinished;
      return emptyReport;
    };
    await listening(appWith(check), async (port) => {
      const client = httpRequest({
        port,
        host: "127.0.0.1",
        path: "/validate",
        method: "POST",
        headers: { "content-type": "application/json" },
      });
      client.on("error", () => undefined);
      client.end(JSON.stringify(podReview()));
      await hasStarted;
      client.destroy();
      // Another request's whole life later, the server has long seen the closed connection.
      await post(appWith(recordingCheck().check), podReview());
      assert.equal(signals[0]?.aborted, false);
      finish();
    });
  });

  it("reports each request once", async () => {
    const observer = recordingObserver();
    const admission = admissionDeps({ check: () => new Promise(() => undefined), clock: realClock, observer });
    await post(appWith(recordingCheck().check, { admission }), podReview(), "/validate?timeout=300ms");
    assert.deepEqual(
      observer.events.map(({ decision }) => decision),
      ["warn"],
    );
  });

  it("asks clients to reconnect elsewhere while it drains, and answers all the same", async () => {
    const readiness = new Readiness([]);
    readiness.drain();
    const app = appWith(recordingCheck().check, { readiness });
    const { status, headers } = await post(app, podReview()).set("connection", "keep-alive");
    assert.equal(status, 200);
    assert.equal(headers.connection, "close");
  });
});

describe("the other paths", () => {
  const readiness = new Readiness([{ name: "cluster", reason: () => "not synced" }]);
  const app = appWith(recordingCheck().check, { readiness });
  const ready = appWith(recordingCheck().check, {
    readiness: new Readiness([{ name: "cluster", reason: () => undefined }]),
  });

  it("is live whatever happens", async () => {
    const { status, body } = await supertest(app).get("/livez");
    assert.equal(status, 200);
    assert.deepEqual(body, { status: "live" });
  });

  it("says why it is not ready", async () => {
    const { status, body } = await supertest(app).get("/readyz");
    assert.equal(status, 503);
    assert.deepEqual(body, { status: "not ready", reasons: [{ name: "cluster", reason: "not synced" }] });
  });

  it("says what it looked at when it is ready", async () => {
    const { status, body } = await supertest(ready).get("/readyz");
    assert.equal(status, 200);
    assert.deepEqual(body, { status: "ready", checks: ["cluster"] });
  });

  const methods = [
    { method: "get", path: "/validate", allow: "POST" },
    { method: "put", path: "/validate", allow: "POST" },
    { method: "post", path: "/livez", allow: "GET" },
    { method: "delete", path: "/readyz", allow: "GET" },
  ] as const;
  for (const { method, path, allow } of methods) {
    it(`refuses ${method.toUpperCase()} ${path} and names the method that works`, async () => {
      const { status, body, headers } = await supertest(app)[method](path);
      assert.equal(status, 405);
      assert.equal(headers.allow, allow);
      assert.equal(body.reason, "MethodNotAllowed");
    });
  }

  for (const path of ["/", "/validate/x", "/%E0%A4%A"]) {
    it(`has nothing at ${path}`, async () => {
      const { status, body } = await supertest(app).get(path);
      assert.equal(status, 404);
      assert.equal(body.reason, "NotFound");
    });
  }
});

describe("the metrics app", () => {
  it("serves the exposition text, the probes and nothing else", async () => {
    const metrics = { contentType: "text/plain; version=0.0.4", text: () => Promise.resolve("up 1\n") };
    const app = createMetricsApp({ metrics, readiness: new Readiness([]), onFault: () => undefined });
    const { status, text, headers } = await supertest(app).get("/metrics");
    assert.equal(status, 200);
    assert.equal(text, "up 1\n");
    assert.equal(headers["content-type"], "text/plain; version=0.0.4");
    assert.equal((await supertest(app).post("/metrics")).status, 405);
    assert.equal((await supertest(app).get("/livez")).status, 200);
    assert.equal((await supertest(app).get("/readyz")).status, 200);
    assert.equal((await supertest(app).post("/validate")).status, 404);
  });

  it("answers a bare 500 and reports when metrics cannot be read", async () => {
    const faults: unknown[] = [];
    const metrics = { contentType: "text/plain", text: () => Promise.reject(new Error("internal detail")) };
    const onFault = (fault: unknown): void => void faults.push(fault);
    const app = createMetricsApp({ metrics, readiness: new Readiness([]), onFault });
    const { status, text } = await supertest(app).get("/metrics");
    assert.equal(status, 500);
    assert.deepEqual(JSON.parse(text), {
      ...{ kind: "Status", apiVersion: "v1", status: "Failure", code: 500 },
      ...{ reason: "InternalError", message: "internal fault" },
    });
    assert.equal(faults.length, 1);
  });
});
