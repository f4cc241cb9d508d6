import assert from "node:assert/strict";
import { namespaceReports, type WorkloadRisk } from "../../src/audit/index.js";
import { riskRow as row } from "./rows.js";

interface Result {
  readonly result: string;
  readonly rule: string;
  readonly severity: string;
  readonly timestamp: { readonly seconds: number };
  readonly resources: readonly { readonly uid?: string; readonly name: string }[];
  readonly properties: Readonly<Record<string, string>>;
}

const uid = () => "u-1";
const sound = row({ risk: "none", verdict: "pullable", cause: null });

describe("the reports of a namespace", () => {
  const cases: readonly (readonly [string, WorkloadRisk, readonly [string, string, string]])[] = [
    ["what fails", row(), ["fail", "TagNotFound", "high"]],
    [
      "what fails and is on some nodes only",
      row({ notes: [{ kind: "held-by", nodes: 1, names: ["a"] }] }),
      ["fail", "TagNotFound", "critical"],
    ],
    [
      "what is not known",
      row({ risk: "may-fail", verdict: "unknown", cause: "RegistryTimeout" }),
      ["error", "RegistryTimeout", "medium"],
    ],
    [
      "a tag that moved",
      row({
        risk: "attention",
        verdict: "pullable",
        cause: null,
        notes: [{ kind: "moved", running: ["x"], now: "y", pods: 1 }],
      }),
      ["warn", "TagMoved", "low"],
    ],
  ];
  for (const [name, given, want] of cases) {
    it(`show ${name}`, () => {
      const [report] = namespaceReports("shop", [given], uid);
      const [result] = (report?.results ?? []) as unknown as readonly Result[];
      assert.deepEqual([result?.result, result?.rule, result?.severity], want);
      assert.deepEqual(result?.resources[0], { ...given.workload, uid: "u-1" });
      assert.equal(result?.properties.containers, "app,twin");
      assert.equal(result?.timestamp.seconds, Date.parse("2026-01-01T00:00:00Z") / 1000);
    });
  }

  it("count what is sound and list what is not, under the namespace", () => {
    const skipped = row({ risk: "none", verdict: "skipped", cause: "PullPolicyNever" });
    const [report, ...others] = namespaceReports("shop", [row(), sound, sound, skipped], uid);
    assert.deepEqual(others, []);
    assert.deepEqual(report?.summary, { pass: 2, skip: 1, fail: 1, warn: 0, error: 0 });
    assert.equal(report?.results.length, 1);
    assert.deepEqual(report?.scope, { apiVersion: "v1", kind: "Namespace", name: "shop" });
  });

  it("stay the same for as long as nothing changes but the time", () => {
    const [before] = namespaceReports("shop", [row()], uid);
    const [after] = namespaceReports("shop", [row({ lastSeen: "2026-02-02T00:00:00.000Z" })], uid);
    const [other] = namespaceReports("shop", [row({ cause: "AccessDenied" })], uid);
    assert.equal(before?.hash, after?.hash);
    assert.notEqual(before?.hash, other?.hash);
  });

  it("are split before they outgrow what etcd takes", () => {
    const rows = Array.from({ length: 2_000 }, (_, index) =>
      row({ message: "x".repeat(5_000), workload: { ...row().workload, name: `web-${index}` } }),
    );
    const reports = namespaceReports("shop", rows, uid);
    assert.ok(reports.length > 4);
    for (const report of reports) assert.ok(JSON.stringify(report).length < 700_000);
    assert.equal(
      reports.reduce((sum, { summary }) => sum + summary.fail, 0),
      2_000,
    );
    assert.equal(new Set(reports.map(({ name }) => name)).size, reports.length);
  });
});
