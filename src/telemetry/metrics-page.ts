import { type LabelValues, type MetricDefinition, metricDefinitions } from "./metric-definitions.js";

/** `docs/metrics.md`: every metric with its labels. Generated, so it cannot drift from the code. */
export function metricsPage(): string {
  const definitions: readonly MetricDefinition[] = Object.values(metricDefinitions);
  return [
    "# Metrics",
    "",
    "What `GET /metrics` exposes, on the plain http port (`--metrics-port`) and on the webhook's own.",
    "Names, labels and values are stable. Units are base units, and no metric has an image, a Pod or a namespace as a label.",
    'A metric has series from the start unless its section says what must have happened before ("first series").',
    "What to alert on is told in [observability.md](observability.md).",
    "This page is generated from `src/telemetry/metric-definitions.ts` by `npm run docs`; a test fails when it is out of date.",
    "",
    "| Metric | Type | What it tells |",
    "|---|---|---|",
    ...definitions.map(({ name, type, help }) => `| [\`${name}\`](#${name}) | ${type} | ${help} |`),
    "",
    "Beside these there are prom-client's metrics of the process (`process_*`, `nodejs_*`).",
    "",
    definitions.map(sectionOf).join("\n"),
  ].join("\n");
}

function sectionOf({ name, type, help, labels, buckets, appears }: MetricDefinition): string {
  const rows = Object.entries(labels).map(([label, values]) => `- \`${label}\`: ${valuesText(values)}`);
  return [
    `## ${name}`,
    "",
    `${help} (${type})`,
    "",
    ...(rows.length === 0 ? ["- no labels"] : rows),
    ...(appears === undefined ? [] : [`- first series: ${appears}`]),
    ...(buckets === undefined ? [] : [`- buckets: ${buckets.join(", ")}`]),
    "",
  ].join("\n");
}

function valuesText(values: LabelValues): string {
  return typeof values === "string" ? values : values.map((value) => `\`${value}\``).join(", ");
}
