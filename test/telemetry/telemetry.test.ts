import assert from "node:assert/strict";
import { PullguardError, Redacted } from "../../src/core/index.js";
import { createAdmissionTelemetry, createLogger, createMetrics } from "../../src/telemetry/index.js";

/** A logger whose lines the test reads as objects. */
function captured(level: "info" | "warn" = "info") {
  const text: string[] = [];
  const logger = createLogger({ level, stream: { write: (line: string) => text.push(line) } });
  return { logger, text, lines: (): Record<string, unknown>[] => text.map((line) => JSON.parse(line)) };
}

class Holder {
  readonly token: string;

  constructor(token: string) {
    this.token = token;
  }
}

const event = {
  uid: "uid-1",
  operation: "CREATE",
  kind: "Pod",
  namespace: "shop",
  name: "web",
  dryRun: false,
  decision: "deny",
  findings: 2,
  durationMs: 30,
} as const;

describe("createMetrics", () => {
  it("exposes every metric under its published name and labels", async () => {
    const metrics = createMetrics({ version: "1.2.3" });
    metrics.admission(event);
    metrics.mutation({ kind: "Pod", result: "changed" });
    metrics.imageCheck({ reference: "registry.example.com:5000/a/b:1", verdict: "unpullable", cause: "TagNotFound" });
    metrics.imageCheck({ reference: null, verdict: "unpullable", cause: "InvalidImageName" });
    metrics.registryRequest({ registry: "docker.io", method: "HEAD", code: 404, durationMs: 200 });
    metrics.registryRequest({ registry: "docker.io", method: "GET", code: "fault", durationMs: 200 });
    metrics.cacheRequest("hit");
    metrics.configReload("failure");
    metrics.rateLimitRemaining("reg.test", 12);
    metrics.predictedPull(45_000);
    metrics.predictedPull(Number.POSITIVE_INFINITY);
    const text = await metrics.text();
    for (const line of [
      'pullguard_admission_requests_total{operation="CREATE",kind="Pod",decision="deny"} 1',
      'pullguard_admission_duration_seconds_sum{decision="deny"} 0.03',
      'pullguard_mutation_requests_total{kind="Pod",result="changed"} 1',
      'pullguard_image_checks_total{registry="registry.example.com:5000",verdict="not_found"} 1',
      'pullguard_image_checks_total{registry="none",verdict="invalid_name"} 1',
      'pullguard_registry_requests_total{registry="docker.io",method="HEAD",code="404"} 1',
      'pullguard_registry_requests_total{registry="docker.io",method="GET",code="fault"} 1',
      'pullguard_registry_request_duration_seconds_sum{registry="docker.io",method="HEAD"} 0.2',
      'pullguard_cache_requests_total{result="hit"} 1',
      'pullguard_config_reloads_total{result="failure"} 1',
      'pullguard_predicted_pull_seconds_bucket{le="30"} 0',
      'pullguard_predicted_pull_seconds_bucket{le="60"} 1',
      "pullguard_predicted_pull_seconds_sum 86445",
      "pullguard_predicted_pull_seconds_count 2",
      'pullguard_registry_ratelimit_remaining{registry="reg.test"} 12',
      `pullguard_build_info{version="1.2.3",nodejs_version="${process.version}"} 1`,
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
    assert.match(metrics.contentType, /^text\/plain/);
  });

  it("folds every label that outsiders choose into other", async () => {
    const metrics = createMetrics({ version: "1", maxRegistries: 4 });
    metrics.admission({ ...event, operation: "REWIND", kind: "Toaster" });
    for (const registry of ["a.test", "b.test", "c.test", "d.test", "a.test"]) {
      metrics.imageCheck({ reference: `${registry}/x:1`, verdict: "pullable", cause: null });
    }
    metrics.registryRequest({ registry: "c.test", method: "BREW", code: 1234, durationMs: 1 });
    const text = await metrics.text();
    assert.match(text, /requests_total\{operation="other",kind="other",decision="deny"\} 1/);
    assert.match(text, /image_checks_total\{registry="a.test",verdict="available"\} 2/);
    assert.match(text, /image_checks_total\{registry="other",verdict="available"\} 2/);
    assert.match(text, /registry_requests_total\{registry="other",method="other",code="other"\} 1/);
    assert.doesNotMatch(text, /c\.test|d\.test/);
  });

  it("shares nothing between two registries", async () => {
    const [one, two] = [createMetrics({ version: "1" }), createMetrics({ version: "2" })];
    one.cacheRequest("miss");
    assert.match(await two.text(), /^pullguard_cache_requests_total\{result="miss"\} 0$/m);
  });
});

describe("createLogger", () => {
  const secret = "hunter2";
  const leaks: readonly { name: string; given: object }[] = [
    { name: "a password at the root", given: { password: secret } },
    { name: "an Authorization header", given: { request: { headers: { Authorization: `Bearer ${secret}` } } } },
    { name: "auths of a docker config", given: { auths: { "docker.io": { auth: secret } } } },
    { name: "the content of a Secret", given: { object: { ".dockerconfigjson": secret } } },
    { name: "a token in a list", given: { list: [[{ deep: { token: secret } }]] } },
    { name: "a Redacted value", given: { value: new Redacted(secret) } },
    { name: "a token in an instance of a class", given: { holder: new Holder(secret) } },
    {
      name: "a property of an error under another key",
      given: { reason: Object.assign(new Error("no"), { body: secret }) },
    },
    { name: "a secret below any sane depth", given: nested(40, { password: secret }) },
    {
      name: "a property of an error",
      given: { err: Object.assign(new Error("no"), { headers: { authorization: secret } }) },
    },
    {
      name: "a property of an error's cause",
      given: { err: new PullguardError("Internal", "no", { cause: Object.assign(new Error("x"), { body: secret }) }) },
    },
  ];
  for (const { name, given } of leaks) {
    it(`does not print ${name}`, () => {
      const { logger, text } = captured();
      logger.info(given, "line");
      assert.equal(text.length, 1);
      assert.equal(text.join("").includes(secret), false);
    });
  }

  it("prints the number of bytes, not the bytes", () => {
    const { logger, lines } = captured();
    logger.info({ body: Buffer.from(secret) }, "line");
    assert.equal(lines()[0]?.body, "[7 bytes]");
  });

  it("survives an object that contains itself", () => {
    const { logger, text } = captured();
    const ring: Record<string, unknown> = { password: secret };
    ring.next = ring;
    logger.info({ ring }, "line");
    assert.equal(text.length, 1);
    assert.equal(text.join("").includes(secret), false);
  });

  it("prints what is no secret as it was", () => {
    const { logger, lines } = captured();
    logger.info({ a: 1, list: [{ name: "x" }], none: null }, "line");
    const { time, ...rest } = lines()[0] ?? {};
    assert.equal(typeof time, "string");
    assert.deepEqual(rest, { level: "info", a: 1, list: [{ name: "x" }], none: null, msg: "line" });
  });

  it("keeps code and causes of an error", () => {
    const { logger, lines } = captured();
    logger.error({ err: new PullguardError("Internal", "outer", { cause: new Error("inner") }) }, "line");
    const err = lines()[0]?.err as { code: string; message: string; cause: { message: string } };
    assert.equal(err.code, "Internal");
    assert.equal(err.message, "outer");
    assert.equal(err.cause.message, "inner");
  });

  it("is silent below its level", () => {
    const { logger, text } = captured("warn");
    logger.info("quiet");
    assert.deepEqual(text, []);
  });
});

describe("createAdmissionTelemetry", () => {
  it("writes one line and counts once for each admission", async () => {
    const { logger, lines } = captured();
    const metrics = createMetrics({ version: "1" });
    createAdmissionTelemetry({ metrics, logger }).admission.admitted(event);
    assert.equal(lines().length, 1);
    assert.equal(lines()[0]?.uid, "uid-1");
    assert.equal(lines()[0]?.decision, "deny");
    assert.match(await metrics.text(), /admission_requests_total\{.*\} 1/);
  });

  it("reports a fault with the request it belongs to", () => {
    const { logger, lines } = captured();
    const telemetry = createAdmissionTelemetry({ metrics: createMetrics({ version: "1" }), logger });
    telemetry.admission.faulted(new TypeError("broken"), { uid: "uid-1", kind: "Pod" });
    const [line] = lines();
    assert.equal(line?.level, "error");
    assert.equal(line?.uid, "uid-1");
    assert.deepEqual(Object.keys(line?.err ?? {}), ["type", "message", "stack"]);
  });

  it("counts a fault on the way to a change as one of mutations", async () => {
    const metrics = createMetrics({ version: "1" });
    const { logger } = captured();
    const { mutation } = createAdmissionTelemetry({ metrics, logger });
    mutation.faulted(new TypeError("broken"), { uid: "uid-1", kind: "Pod" });
    const text = await metrics.text();
    assert.match(text, /^pullguard_faults_total\{part="mutation"\} 1$/m);
    assert.match(text, /^pullguard_faults_total\{part="admission"\} 0$/m);
  });
});

function nested(levels: number, inner: object): object {
  return levels === 0 ? inner : { next: nested(levels - 1, inner) };
}
