import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Serving, serve } from "../../src/bin/serve.js";
import { makeServingCertificates, type ServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import type { Clock } from "../../src/core/index.js";
import { createCallerCheck } from "../../src/server/index.js";
import { createLogger, createMetrics } from "../../src/telemetry/index.js";
import { handClock, plainDecide, podReview, realClock, recordingCheck } from "../admission/doubles.js";
import { type Authority, createAuthority, type IssuedCertificate } from "../support/authority.js";
import { until } from "../support/until.js";

const host = "127.0.0.1";

describe("clients that have to show a certificate", () => {
  let folder = "";
  let made: ServingCertificates;
  let trusted: Authority;
  let other: Authority;
  let serving: Serving | undefined;
  /** Wakes a server that goes by a clock of the test, so that it can stop. */
  let wake: (() => void) | undefined;
  const lines: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "pullguard-clients-"));
    made = await makeServingCertificates({ names: [host], days: 1, clock: realClock });
    await writeServingCertificates(folder, made, false);
    [trusted, other] = [await createAuthority("Trusted"), await createAuthority("Other")];
  });
  // Also after a test that has failed: a server that is left open would keep the run from ending.
  afterEach(async () => {
    const stopped = serving?.stop();
    serving = undefined;
    wake?.();
    wake = undefined;
    await stopped;
  });
  after(() => rm(folder, { recursive: true }));

  async function start(clientName?: readonly string[], clock: Clock = realClock): Promise<Serving> {
    await writeFile(join(folder, "clients.crt"), trusted.certificatePem);
    lines.splice(0);
    const names = clientName === undefined ? {} : { clientName };
    serving = await serve({
      config: { port: 0, metricsPort: 0, certDir: folder, clientCa: join(folder, "clients.crt"), ...names },
      check: recordingCheck("pullable").check,
      decide: plainDecide,
      ...{ clock, host, drainMs: 0 },
      metrics: createMetrics({ version: "test" }),
      logger: createLogger({ level: "info", stream: { write: (line: string) => lines.push(line) } }),
    });
    return serving;
  }

  function ask(path: string, client?: IssuedCertificate, maxVersion: "TLSv1.2" | "TLSv1.3" = "TLSv1.3") {
    const body = path.startsWith("/v") || path.startsWith("/m") ? JSON.stringify(podReview()) : undefined;
    const shown = client === undefined ? {} : { cert: client.chainPem, key: client.keyPem };
    return new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
      const req = request(
        {
          ...{ host, port: serving?.port, path, ca: made.caPem, ...shown, maxVersion },
          ...{ method: body === undefined ? "GET" : "POST", headers: { "content-type": "application/json" } },
          agent: new Agent({ keepAlive: false }),
        },
        (res) => {
          let text = "";
          res.on("data", (part) => {
            text += String(part);
          });
          res.on("end", () => resolve({ status: res.statusCode ?? 0, text }));
        },
      );
      req.on("error", reject);
      req.end(body);
    });
  }

  const day = 86_400_000;
  const cases = [
    { name: "no certificate", client: () => undefined, want: /none was shown/ },
    { name: "one of another CA", client: () => other.issue({ names: ["api.test"] }), want: /not accepted: [A-Z_]+/ },
    {
      name: "one that has expired",
      client: () => trusted.issue({ names: ["api.test"], notAfter: new Date(Date.now() - day / 48) }),
      want: /not accepted: CERT_HAS_EXPIRED/,
    },
    { name: "one of another name", client: () => trusted.issue({ names: ["b.test"] }), want: /of another name/ },
  ] as const;
  for (const { name, client, want } of cases) {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      it(`are refused with ${name}, over ${version}`, async () => {
        await start(["api.test", "kube-apiserver"]);
        const shown = await client();
        for (const path of ["/validate?timeout=5s", "/mutate?timeout=5s", "/validate-config"]) {
          const { status, text } = await ask(path, shown, version);
          assert.equal(status, 403, path);
          assert.match(text, want);
        }
        for (const path of ["/livez", "/readyz"]) assert.equal((await ask(path, shown, version)).status, 200, path);
        assert.equal(lines.filter((line) => line.includes("was refused to a client")).length, 1);
      });
    }
  }

  for (const { name, wish, names } of [
    { name: "any name, where none is wanted", wish: { names: ["whatever.test"] }, names: undefined },
    { name: "the common name", wish: { names: [], commonName: "kube-apiserver" }, names: ["kube-apiserver"] },
    { name: "an alternative name", wish: { names: ["x.test", "api.test"] }, names: ["api.test"] },
  ] as const) {
    it(`are answered with ${name}`, async () => {
      await start(names);
      const { status, text } = await ask("/validate?timeout=5s", await trusted.issue(wish));
      assert.equal(status, 200, text);
      assert.equal(JSON.parse(text).response.allowed, true);
    });
  }

  it("are known by the CAs that the file holds now, and a file without any changes nothing", async () => {
    const clock = handClock();
    wake = clock.wake;
    await start(undefined, { ...clock, nowMs: realClock.nowMs });
    const [old, young] = [await trusted.issue({ names: ["a.test"] }), await other.issue({ names: ["a.test"] })];
    const reloaded = async (pattern: RegExp): Promise<void> => {
      await until(() => {
        clock.wake();
        return lines.some((line) => pattern.test(line));
      });
    };
    await writeFile(join(folder, "clients.crt"), "nothing of the kind");
    await reloaded(/client CAs not reloaded/);
    assert.equal((await ask("/validate", old)).status, 200);
    await writeFile(join(folder, "clients.crt"), other.certificatePem);
    await reloaded(/client CAs reloaded/);
    assert.deepEqual([(await ask("/validate", old)).status, (await ask("/validate", young)).status], [403, 200]);
  });

  it("must be given a file with a CA", async () => {
    await writeFile(join(folder, "tls.txt"), made.certificatePem);
    const config = { port: 0, metricsPort: 0, certDir: folder, clientCa: join(folder, "tls.txt") };
    const deps = { check: recordingCheck().check, decide: plainDecide, clock: realClock, host };
    const telemetry = { metrics: createMetrics({ version: "test" }), logger: createLogger({ level: "silent" }) };
    await assert.rejects(serve({ config, ...deps, ...telemetry }), { code: "CertificateInvalid" });
  });

  it("cannot hide a name in another one", () => {
    const socket = (subjectaltname: string) =>
      ({
        authorized: true,
        getPeerCertificate: () => ({ subject: { CN: "mallory" }, subjectaltname }),
      }) as unknown as Socket;
    const check = createCallerCheck(["api.test"]);
    for (const text of ['URI:"http://x, DNS:api.test"', 'DNS:"a, DNS:api.test, b"', 'othername:"DNS:api.test"', ""]) {
      assert.match(check(socket(text)) ?? "", /another name/, text);
    }
    for (const text of ["DNS:api.test", "DNS:x, DNS:api.test", 'URI:"a, b", DNS:api.test', 'DNS:"api.test"']) {
      assert.equal(check(socket(text)), undefined, text);
    }
  });
});
