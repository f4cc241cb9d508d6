import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { createMetrics, type MetricDefinition, metricDefinitions } from "../../src/telemetry/index.js";
import { at } from "./objects.js";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const alerts = parse(readFileSync("manifests/chart/alerts.yaml", "utf8")) as readonly Alert[];
const dashboard: unknown = JSON.parse(readFileSync("manifests/chart/dashboards/pullguard.json", "utf8"));
const panels = at(dashboard, "panels") as readonly {
  readonly title: string;
  readonly targets?: readonly { expr: string }[];
}[];
const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ name: title, expr })));

/** The names of all series that the exposition itself says there are. */
async function exposed(): Promise<ReadonlySet<string>> {
  const text = await createMetrics({ version: "test", processMetrics: true }).text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  const names = types.flatMap(([, name = "", type]) =>
    type === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name],
  );
  return new Set(names);
}

/** The metrics that a query reads: words before a selector, a range, or where an operand stands. */
function metricsOf(expr: string): readonly string[] {
  return [...new Set(expr.match(/\b(pullguard|process|nodejs)_\w+/g) ?? [])];
}

/** Labels that there are not, and values that a label of a closed list never has. */
function selectorFaults(expr: string): readonly string[] {
  const definitions: readonly MetricDefinition[] = Object.values(metricDefinitions);
  return [...expr.matchAll(/\b(pullguard_\w+?)(?:_bucket)?\{([^}]*)\}/g)].flatMap(([, metric, selector = ""]) => {
    const labels = definitions.find(({ name }) => name === metric)?.labels;
    return [...selector.matchAll(/(\w+)(=~?)"([^"]*)"/g)].flatMap(([, label = "", operator, value = ""]) => {
      // Prometheus itself adds the namespace.
      if (label === "namespace") return [];
      const values = labels?.[label];
      if (values === undefined) return [`${metric} has no label ${label}`];
      const known = typeof values === "string" || operator === "=~" || values.includes(value);
      return known ? [] : [`${label} of ${metric} is never ${value}`];
    });
  });
}

describe("alerts and dashboard", () => {
  for (const { name, expr } of [...alerts.map(({ alert, expr }) => ({ name: alert, expr })), ...queries]) {
    it(`${name}: ${expr.slice(0, 60)} reads metrics that are exposed, by labels that they have`, async () => {
      const names = await exposed();
      const used = metricsOf(expr);
      assert.ok(used.length > 0);
      assert.deepEqual(
        used.filter((metric) => !names.has(metric)),
        [],
      );
      for (const fault of selectorFaults(expr)) assert.fail(fault);
    });
  }

  it("each alert says how bad it is, for whom, and what to do, on the page of runbooks", () => {
    const page = readFileSync("docs/alerts.md", "utf8");
    const described = [...page.matchAll(/^## (Pullguard\w+)$/gm)].map(([, name]) => name);
    assert.deepEqual(
      described,
      alerts.map(({ alert }) => alert),
    );
    for (const { labels, annotations } of alerts) {
      assert.ok(["info", "warning", "critical"].includes(labels.severity ?? ""));
      assert.deepEqual(Object.keys(annotations), ["summary", "description"]);
    }
  });

  it("panels have their own place and number, and one source of data that can be chosen", () => {
    const places = at(dashboard, "panels") as readonly { id: number; gridPos: { x: number; y: number } }[];
    assert.equal(new Set(places.map(({ id }) => id)).size, places.length);
    assert.equal(new Set(places.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)).size, places.length);
    for (const panel of panels.filter(({ targets }) => targets !== undefined)) {
      assert.equal(at(panel, "datasource", "uid"), `$\{${String(at(dashboard, "templating", "list", 0, "name"))}}`);
    }
  });
});
