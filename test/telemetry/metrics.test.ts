import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type CauseCode, causeCodes, causeEntry } from "../../src/findings/index.js";
import {
  createMetrics,
  imageVerdict,
  type Metrics,
  metricDefinitions,
  metricsPage,
} from "../../src/telemetry/index.js";
import { lintFamilies, parseExposition } from "./exposition.js";

/** Everything that can be reported, once. */
function exercise(metrics: Metrics): void {
  metrics.admission({ operation: "CREATE", kind: "Pod", decision: "deny", durationMs: 30 });
  metrics.shed("full");
  metrics.mutation({ kind: "Pod", result: "changed" });
  metrics.imageCheck({ reference: "registry.test/a:1", verdict: "unpullable", cause: "TagNotFound" });
  metrics.fault("check");
  metrics.registryRequest({ registry: "registry.test", method: "HEAD", code: 404, durationMs: 200 });
  metrics.registryRefusal("registry.test", "open");
  metrics.rateLimitRemaining("registry.test", 12);
  metrics.predictedPull(45_000);
  metrics.cacheRequest("hit");
  metrics.configReload("failure");
  metrics.layerVerification("sound");
  metrics.watchSynced("nodes", 5000);
  metrics.watchFault("leases");
  metrics.traceSpans("sent", 3);
  metrics.observe({
    ready: () => true,
    certificateExpiryMs: () => 1_700_000_000_000,
    leases: () => [{ lease: "certificates", isHeld: true }],
    admissions: () => ({ inFlight: 2, queued: 3 }),
    registries: () => [{ registry: "registry.test", state: "open", inFlight: 1, queued: 4 }],
    caches: () => [{ cache: "outcomes", entries: 7, bytes: 900 }],
    nodes: () => ({ covered: 3, uncovered: 1 }),
    unpullable: () => [
      {
        namespace: "shop",
        kind: "Deployment",
        name: "web",
        container: "app",
        image: "a.test/b:v1",
        reason: "TagNotFound",
      },
    ],
  });
}

describe("the exposition", () => {
  it("keeps to the rules of Prometheus with the process's metrics too", async () => {
    const metrics = createMetrics({ version: "1", processMetrics: true });
    const families = parseExposition(await metrics.text());
    assert.ok(families.some(({ name }) => name === "nodejs_eventloop_lag_seconds"));
    assert.deepEqual(lintFamilies(families), []);
  });

  it("keeps to the rules of Prometheus and has every metric", async () => {
    const metrics = createMetrics({ version: "1" });
    exercise(metrics);
    const families = parseExposition(await metrics.text());
    assert.deepEqual(lintFamilies(families), []);
    assert.deepEqual(
      families.map(({ name }) => name).sort(),
      Object.values(metricDefinitions)
        .map(({ name }) => name)
        .sort(),
    );
    assert.deepEqual(
      families.filter(({ samples }) => samples.length === 0),
      [],
    );
  });

  it("has the labels of the definitions, and only values that they allow", async () => {
    const metrics = createMetrics({ version: "1" });
    exercise(metrics);
    const definitions = new Map<string, Readonly<Record<string, readonly string[] | string>>>(
      Object.values(metricDefinitions).map(({ name, labels }) => [name, labels]),
    );
    for (const { name, samples } of parseExposition(await metrics.text())) {
      const wanted = definitions.get(name) ?? {};
      for (const { labels } of samples) {
        const { le: _le, ...own } = labels;
        assert.deepEqual(Object.keys(own).sort(), Object.keys(wanted).sort(), name);
        for (const [label, value] of Object.entries(own)) {
          const allowed = wanted[label] ?? [];
          assert.ok(typeof allowed === "string" || allowed.includes(value), `${name} ${label}=${value}`);
        }
      }
    }
  });

  it("shows what the views say at the time of the scrape", async () => {
    const metrics = createMetrics({ version: "1" });
    let registries = [{ registry: "a.test", state: "open", inFlight: 1, queued: 4 }];
    metrics.observe({ ready: () => registries.length > 0, registries: () => registries });
    const before = await metrics.text();
    for (const line of [
      "pullguard_ready 1",
      'pullguard_registry_circuit_state{registry="a.test",state="open"} 1',
      'pullguard_registry_circuit_state{registry="a.test",state="closed"} 0',
      'pullguard_registry_queued{registry="a.test"} 4',
    ]) {
      assert.ok(before.includes(`${line}\n`), line);
    }
    registries = [];
    const after = await metrics.text();
    assert.match(after, /^pullguard_ready 0$/m);
    assert.doesNotMatch(after, /a\.test/);
  });

  it("says nothing of what nobody looks at", async () => {
    const text = await createMetrics({ version: "1" }).text();
    assert.doesNotMatch(text, /^pullguard_(certificate_expiry_timestamp_seconds|ready|admission_queued) /m);
  });

  it("has counters of closed labels from the start", async () => {
    const text = await createMetrics({ version: "1" }).text();
    assert.match(text, /^pullguard_config_reloads_total\{result="failure"\} 0$/m);
    assert.match(text, /^pullguard_faults_total\{part="check"\} 0$/m);
  });

  it("stays small whatever ten thousand registries, kinds, statuses and reasons are called", async () => {
    const metrics = createMetrics({ version: "1" });
    const states = ["closed", "odd"];
    const known = Array.from({ length: 10_000 }, (_, index) => ({
      registry: `r${index}.test`,
      state: states[index % 2] ?? "",
      inFlight: 1,
      queued: 1,
    }));
    metrics.observe({ registries: () => known });
    for (let index = 0; index < 10_000; index += 1) {
      const registry = index % 3 === 0 ? `${"x".repeat(300)}${index}.test` : `a${index}"\\\n.test`;
      metrics.admission({ operation: `O${index}`, kind: `K${index}`, decision: "allow", durationMs: 1 });
      metrics.mutation({ kind: `K${index}`, result: "changed" });
      metrics.imageCheck({ reference: `${registry}/x:1`, verdict: "unknown", cause: "RegistryTimeout" });
      metrics.registryRequest({ registry, method: `M${index}`, code: index, durationMs: 1 });
      metrics.registryRefusal(registry, `R${index}`);
      metrics.rateLimitRemaining(registry, index);
      metrics.shed(`S${index}`);
      metrics.watchFault(`W${index}`);
    }
    const text = await metrics.text();
    const samples = parseExposition(text).reduce((sum, family) => sum + family.samples.length, 0);
    assert.ok(samples < 5000, `${samples} series`);
    assert.doesNotMatch(text, /xxxx/);
  });

  it("gives a registry that answers a label, though made-up names came first", async () => {
    const metrics = createMetrics({ version: "1" });
    for (let index = 0; index < 1000; index += 1) {
      metrics.imageCheck({ reference: `made-up${index}.test/x:1`, verdict: "unknown", cause: null });
    }
    metrics.registryRequest({ registry: "real.test", method: "HEAD", code: 200, durationMs: 1 });
    metrics.registryRequest({ registry: "docker.io", method: "HEAD", code: "fault", durationMs: 1 });
    const text = await metrics.text();
    assert.match(text, /registry_requests_total\{registry="real.test",method="HEAD",code="200"\} 1/);
    assert.match(text, /registry_requests_total\{registry="docker.io",method="HEAD",code="fault"\} 1/);
  });

  const statuses = [
    [200, "200"],
    [418, "4xx"],
    [599, "5xx"],
    [299, "2xx"],
    [99, "other"],
    [600, "other"],
    [Number.NaN, "other"],
    ["fault", "fault"],
  ] as const;
  for (const [code, want] of statuses) {
    it(`counts status ${code} as ${want}`, async () => {
      const metrics = createMetrics({ version: "1" });
      metrics.registryRequest({ registry: "docker.io", method: "GET", code, durationMs: 1 });
      assert.match(
        await metrics.text(),
        new RegExp(`registry_requests_total\\{registry="docker.io",method="GET",code="${want}"\\} 1`),
      );
    });
  }
});

describe("imageVerdict", () => {
  const cases: readonly { name: string; given: Parameters<typeof imageVerdict>[0]; want: string }[] = [
    { name: "a pullable image is available", given: { verdict: "pullable", cause: null }, want: "available" },
    { name: "a skipped one is skipped", given: { verdict: "skipped", cause: "PullPolicyNever" }, want: "skipped" },
    { name: "a missing tag is not_found", given: { verdict: "unpullable", cause: "TagNotFound" }, want: "not_found" },
    {
      name: "a timeout keeps its word though nothing is final",
      given: { verdict: "unknown", cause: "RegistryTimeout" },
      want: "timeout",
    },
    {
      name: "what is only suspected is unknown",
      given: { verdict: "unknown", cause: "AccessDenied" },
      want: "unknown",
    },
    { name: "no cause is unknown", given: { verdict: "unknown", cause: null }, want: "unknown" },
  ];
  for (const { name, given, want } of cases) it(name, () => assert.equal(imageVerdict(given), want));

  it("has a word that fits for every cause that keeps a pull from succeeding", () => {
    const wrong = causeCodes.filter((cause: CauseCode) => {
      const { persistence } = causeEntry(cause);
      return (
        persistence === "permanent" && ["available", "skipped"].includes(imageVerdict({ verdict: "unpullable", cause }))
      );
    });
    assert.deepEqual(wrong, []);
  });
});

describe("docs/metrics.md", () => {
  it("is up to date", () => assert.equal(readFileSync("docs/metrics.md", "utf8"), metricsPage()));
});

describe("the lint of expositions finds", () => {
  const cases: readonly { name: string; given: string; want: RegExp }[] = [
    { name: "a counter without _total", given: "# HELP a b\n# TYPE a counter\na 1\n", want: /does not end in _total/ },
    { name: "milliseconds", given: "# HELP a_ms b\n# TYPE a_ms gauge\na_ms 1\n", want: /base unit/ },
    { name: "a missing type", given: "# HELP a b\na 1\n", want: /no TYPE/ },
    { name: "a series twice", given: '# HELP a b\n# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n', want: /series twice/ },
  ];
  for (const { name, given, want } of cases)
    it(name, () => assert.match(lintFamilies(parseExposition(given)).join(), want));
});
