import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { createRecentFindings, createRegistryLedger, statusJson, statusPage } from "../../src/status/index.js";
import { busyStatus, findingOf, newStatus } from "./statuses.js";

describe("statusJson", () => {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
  (formats as unknown as (ajv: Ajv2020) => void)(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync("docs/statusz.schema.json", "utf8")));

  for (const [name, status, shows] of [
    ["of a busy replica", busyStatus, true],
    ["of a busy replica without names", busyStatus, false],
    ["of a new replica", newStatus, true],
  ] as const) {
    it(`${name} is as its schema says`, () => {
      const json = JSON.parse(JSON.stringify(statusJson(status, shows)));
      assert.ok(validate(json), JSON.stringify(validate.errors));
    });
  }

  it("counts findings for those who may not see them, and shows no name", () => {
    const text = JSON.stringify(statusJson(busyStatus, false));
    assert.match(text, /"recentFindings":3/);
    assert.doesNotMatch(text, /team\/app|"shop"|"web"/);
  });
});

describe("statusPage", () => {
  it("shows no image, namespace or workload to those who may not see them", () => {
    const page = statusPage(busyStatus, false);
    assert.match(page, /There are 3\./);
    assert.doesNotMatch(page, /team\/app|shop\/web/);
  });

  it("leaves hostile names without effect", () => {
    const page = statusPage(busyStatus, true);
    assert.doesNotMatch(page, /<script>alert|<img|\u202e/);
    assert.match(page, /&lt;script&gt;alert\(1\)&lt;\/script&gt;\\u202e/);
  });
});

describe("createRecentFindings", () => {
  it("keeps the newest, as many as it may", () => {
    const recent = createRecentFindings(3);
    for (let index = 0; index < 10_000; index += 1) recent.note(findingOf({ image: `i${index}` }), index);
    assert.deepEqual(
      recent.list().map(({ image }) => image),
      ["i9999", "i9998", "i9997"],
    );
  });

  it("counts what is found again and moves it to the front", () => {
    const recent = createRecentFindings(3);
    recent.note(findingOf({ image: "a" }), 1);
    recent.note(findingOf({ image: "b" }), 2);
    recent.note(findingOf({ image: "a" }), 3);
    assert.deepEqual(
      recent.list().map(({ image, times, atMs }) => [image, times, atMs]),
      [
        ["a", 2, 3],
        ["b", 1, 2],
      ],
    );
  });

  it("has nothing to tell of what can be pulled or is not pulled", () => {
    const recent = createRecentFindings(3);
    recent.note(findingOf({ verdict: "pullable", cause: null }), 1);
    recent.note(findingOf({ verdict: "skipped", cause: "PullPolicyNever" }), 1);
    assert.deepEqual(recent.list(), []);
  });

  it("cuts long texts", () => {
    const recent = createRecentFindings(3);
    recent.note(findingOf({ image: "x".repeat(10_000), message: "y".repeat(10_000) }), 1);
    assert.ok(JSON.stringify(recent.list()).length < 2000);
  });
});

describe("createRegistryLedger", () => {
  it("tells of those in trouble first", () => {
    const ledger = createRegistryLedger();
    ledger.request({ registry: "b.test", status: 200 }, 1);
    ledger.request({ registry: "a.test", status: 404 }, 2);
    ledger.request({ registry: "z.test", fault: "timeout" }, 3);
    ledger.request({ registry: "z.test", fault: "refused" }, 4);
    assert.deepEqual(ledger.list(), [
      { registry: "z.test", consecutiveFailures: 2, requests: 2, faults: 2, lastFaultKind: "refused" },
      { registry: "a.test", consecutiveFailures: 0, requests: 1, faults: 0, lastSuccessMs: 2 },
      { registry: "b.test", consecutiveFailures: 0, requests: 1, faults: 0, lastSuccessMs: 1 },
    ]);
  });

  it("blames no registry for a request that was given up", () => {
    const ledger = createRegistryLedger();
    ledger.request({ registry: "a.test", fault: "aborted" }, 1);
    assert.deepEqual(ledger.list(), [{ registry: "a.test", consecutiveFailures: 0, requests: 1, faults: 0 }]);
  });

  it("takes what else is known of a registry", () => {
    const ledger = createRegistryLedger();
    ledger.request({ registry: "a.test", status: 200 }, 1);
    ledger.rateLimit("a.test", { remaining: 5, limit: 100 }, 2);
    const health = { registry: "a.test", state: "open", inFlight: 2, queued: 3, consecutiveFailures: 4 } as const;
    const [first] = ledger.list([health, { ...health, registry: "new.test" }]);
    assert.equal(first?.state, "open");
    assert.equal(first?.requests, 1);
    assert.deepEqual(first?.rateLimit, { remaining: 5, limit: 100, atMs: 2 });
    assert.equal(ledger.list([{ ...health, registry: "new.test" }]).length, 2);
  });

  it("stays small whatever registries are named", () => {
    const ledger = createRegistryLedger();
    for (let index = 0; index < 10_000; index += 1) ledger.request({ registry: `r${index}.test`, status: 200 }, index);
    assert.equal(ledger.list().length, 200);
  });
});
