import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Serving, serve } from "../../src/bin/serve.js";
import { makeServingCertificates, type ServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import { createLogger, createMetrics } from "../../src/telemetry/index.js";
import { plainDecide, podReview, realClock, recordingCheck } from "../admission/doubles.js";

const host = "127.0.0.1";

describe("serve", () => {
  let certDir = "";
  let made: ServingCertificates;
  before(async () => {
    certDir = await mkdtemp(join(tmpdir(), "pullguard-serve-"));
    made = await makeServingCertificates({ names: [host], days: 1, clock: realClock });
    await writeServingCertificates(certDir, made, false);
  });
  after(() => rm(certDir, { recursive: true }));

  const lines: string[] = [];
  const start = (reason?: string): Promise<Serving> =>
    serve({
      config: { port: 0, metricsPort: 0, certDir },
      check: recordingCheck("unpullable").check,
      decide: plainDecide,
      clock: realClock,
      metrics: createMetrics({ version: "test" }),
      logger: createLogger({ level: "info", stream: { write: (line: string) => lines.push(line) } }),
      readiness: [{ name: "cluster", reason: () => reason }],
      host,
      drainMs: 0,
    });

  const call = (
    port: number,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: Record<string, unknown> }> =>
    new Promise((resolve, reject) => {
      const method = body === undefined ? "GET" : "POST";
      const headers = { "content-type": "application/json" };
      const options = { host, port, path, method, headers, ca: made.caPem, agent: new Agent({ keepAlive: false }) };
      const req = request(options, (res) => {
        let text = "";
        res.setEncoding("utf8");
        res.on("data", (part: string) => {
          text += part;
        });
        res.on("end", () => resolve({ status: res.statusCode ?? 0, body: JSON.parse(text) }));
      });
      req.on("error", reject);
      req.end(body === undefined ? undefined : JSON.stringify(body));
    });

  it("answers, counts and logs a review over https, then stops", async () => {
    const serving = await start();
    try {
      const { body } = await call(serving.port, "/validate?timeout=7s", podReview());
      assert.equal((body.response as { allowed: boolean }).allowed, false);
      assert.equal((await call(serving.port, "/readyz")).status, 200);
      const exposition = await (await fetch(`http://${host}:${serving.metricsPort}/metrics`)).text();
      assert.match(exposition, /admission_requests_total\{operation="CREATE",kind="Pod",decision="deny"\} 1/);
      assert.match(exposition, /image_checks_total\{registry="registry.example.com",verdict="unknown"\} 1/);
      const logged = lines.map((line) => JSON.parse(line)).filter(({ uid }) => uid === "uid-1");
      assert.equal(logged.length, 1);
      assert.equal(logged[0].decision, "deny");
    } finally {
      await serving.stop();
    }
    await assert.rejects(call(serving.port, "/livez"));
  });

  it("is not ready while a condition of the caller does not hold", async () => {
    const serving = await start("not synced");
    try {
      const { status, body } = await call(serving.port, "/readyz");
      assert.equal(status, 503);
      assert.deepEqual(body.reasons, [{ name: "cluster", reason: "not synced" }]);
    } finally {
      await serving.stop();
    }
  });
});
