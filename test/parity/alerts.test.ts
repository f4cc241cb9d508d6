import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { alertCases, calm } from "./alert-cases.js";
import { requireReal } from "./require-real.js";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

const alerts = parse(readFileSync("manifests/chart/alerts.yaml", "utf8")) as readonly Alert[];
const dashboard = JSON.parse(readFileSync("manifests/chart/dashboards/pullguard.json", "utf8")) as Dashboard;

/** Rules and queries as Prometheus itself reads them, by its promtool. */
describe("alerts and dashboard for Prometheus", function () {
  this.timeout(60_000);
  let folder = "";
  const promtool = (args: readonly string[]) => spawnSync("promtool", args, { cwd: folder, encoding: "utf8" });
  const write = (name: string, value: unknown): void => writeFileSync(join(folder, name), stringify(value));

  before(function () {
    const isThere = spawnSync("promtool", ["--version"]).status === 0;
    requireReal(this, isThere ? undefined : "promtool is not installed (package prometheus)", "Prometheus");
    folder = mkdtempSync(join(tmpdir(), "pullguard-alerts-"));
    write("rules.yaml", { groups: [{ name: "pullguard", rules: alerts }] });
  });
  after(() => {
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  /** The series of a calm cluster, but for these. */
  function assertAlerts(over: Readonly<Record<string, string>>, expected: readonly object[]): void {
    const series = Object.entries({ ...calm, ...over }).map(([name, values]) => ({ series: name, values }));
    const test = { interval: "1m", input_series: series, alert_rule_test: expected };
    write("test.yaml", { rule_files: ["rules.yaml"], evaluation_interval: "1m", tests: [test] });
    const { status, stdout, stderr } = promtool(["test", "rules", "test.yaml"]);
    assert.equal(status, 0, stdout + stderr);
  }

  it("are rules that it takes", () => {
    const { status, stdout, stderr } = promtool(["check", "rules", "rules.yaml"]);
    assert.equal(status, 0, stdout + stderr);
  });

  it("ask what it can answer, in every panel", () => {
    const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    assert.ok(queries.length > 20);
    const rules = queries.map((expr, index) => {
      const filled = expr.replaceAll("$__rate_interval", "5m").replaceAll("$namespace", ".+");
      return { record: `panel:${index}`, expr: filled };
    });
    write("panels.yaml", { groups: [{ name: "panels", rules }] });
    const { status, stdout, stderr } = promtool(["check", "rules", "panels.yaml"]);
    assert.equal(status, 0, stdout + stderr);
  });

  it("are silent while all is well", () => {
    const moments = [15, 40, 70, 150].map((minutes) => `${minutes}m`);
    assertAlerts(
      {},
      alerts.flatMap(({ alert }) => moments.map((eval_time) => ({ alertname: alert, eval_time, exp_alerts: [] }))),
    );
  });

  it("are all tried", () => {
    assert.deepEqual(
      alertCases.map(({ alert }) => alert),
      alerts.map(({ alert }) => alert),
    );
  });

  for (const { alert, series, atMinutes, notYetMinutes, labels = {}, description } of alertCases) {
    it(`${alert} tells people what they need, when it is time`, () => {
      const rule = alerts.find((each) => each.alert === alert);
      assert.ok(rule);
      const fired = {
        exp_labels: { ...rule.labels, ...labels },
        exp_annotations: { ...rule.annotations, description },
      };
      assertAlerts(series, [
        ...(notYetMinutes === undefined
          ? []
          : [{ alertname: alert, eval_time: `${notYetMinutes}m`, exp_alerts: [] as object[] }]),
        { alertname: alert, eval_time: `${atMinutes}m`, exp_alerts: [fired] },
      ]);
    });
  }
});
