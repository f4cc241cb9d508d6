import assert from "node:assert/strict";
import request from "supertest";
import type { AuditReport } from "../../src/audit/index.js";
import type { OpenAudit } from "../../src/bin/audit.js";
import { createAuditPage } from "../../src/bin/audit-page.js";
import { createMetricsApp, Readiness } from "../../src/server/index.js";

const report: AuditReport = {
  generated: "2026-01-02T03:04:05.000Z",
  summary: {
    ...{ workloads: 0, workloadsAtRisk: 0, pods: 0, images: 0, questions: 0, pending: 0 },
    risks: { fails: 0, "may-fail": 0, attention: 0, none: 0 },
    verdicts: { pullable: 0, unpullable: 0, unknown: 0, skipped: 0 },
  },
  ...{ workloads: [], images: [], resolved: [], forecasts: [] },
};
const audit: OpenAudit = {
  view: {} as OpenAudit["view"],
  unpullable: () => [],
  isMember: () => true,
  lastReport: () => report,
  stop: async () => undefined,
};

function appOf(config: Parameters<typeof createAuditPage>[0], shown: OpenAudit | undefined = audit) {
  const page = createAuditPage(config);
  page.show(shown);
  const { auditPage } = page.served;
  return createMetricsApp({
    metrics: { contentType: "text/plain", text: async () => "" },
    readiness: new Readiness([]),
    onFault: () => undefined,
    ...(auditPage === undefined ? {} : { audit: auditPage }),
  });
}

const on = { audit: true, statusz: true, statuszFindings: "local" } as const;

describe("the audit's page on the metrics port", () => {
  it("is a page for people and JSON for machines", async () => {
    const page = await request(appOf(on)).get("/audit").set("accept", "text/html").set("host", "localhost:8080");
    assert.equal(page.status, 200);
    assert.match(page.text, /Nothing is at risk/);
    assert.match(String(page.headers["content-security-policy"]), /default-src 'none'/);
    const json = await request(appOf(on)).get("/audit.json").set("host", "localhost:8080");
    assert.equal(json.body.kind, "AuditReport");
  });

  it("is shown to who is local alone, unless all may see names", async () => {
    const remote = await request(appOf(on)).get("/audit.json").set("host", "pullguard.pullguard:8080");
    assert.equal(remote.status, 403);
    assert.match(remote.body.message, /port-forward/);
    const all = appOf({ ...on, statuszFindings: "all" });
    assert.equal((await request(all).get("/audit.json").set("host", "pullguard.pullguard:8080")).status, 200);
  });

  it("says that the audit has not started", async () => {
    const page = createAuditPage(on);
    const app = createMetricsApp({
      metrics: { contentType: "text/plain", text: async () => "" },
      readiness: new Readiness([]),
      onFault: () => undefined,
      ...(page.served.auditPage === undefined ? {} : { audit: page.served.auditPage }),
    });
    const answer = await request(app).get("/audit").set("host", "localhost:8080");
    assert.equal(answer.status, 403);
    assert.match(answer.body.message, /has not started/);
  });

  for (const [why, config] of [
    ["nothing is audited", { ...on, audit: false }],
    ["there are no status pages", { ...on, statusz: false }],
    ["nobody may see names", { ...on, statuszFindings: "none" }],
  ] as const) {
    it(`is not there where ${why}`, async () => {
      assert.equal((await request(appOf(config)).get("/audit").set("host", "localhost:8080")).status, 404);
    });
  }
});
