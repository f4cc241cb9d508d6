import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { type MetricDefinition, type MetricKey, metricDefinitions } from "./metric-definitions.js";

type Label<D extends MetricDefinition> = Extract<keyof D["labels"], string>;
type MeterOf<D extends MetricDefinition> = D["type"] extends "counter"
  ? Counter<Label<D>>
  : D["type"] extends "gauge"
    ? Gauge<Label<D>>
    : Histogram<Label<D>>;

/** One meter for each definition. */
export type Meters = { readonly [K in MetricKey]: MeterOf<(typeof metricDefinitions)[K]> };

/** Series of closed labels up to this many are there from the start, so that a rate sees their first event. */
const maxPreset = 8;

/** Makes the meters of all definitions in a registry. */
export function createMeters(registry: Registry): Meters {
  const entries = Object.entries(metricDefinitions).map(([key, definition]) => [
    key,
    createMeter(registry, definition),
  ]);
  return Object.fromEntries(entries) as Meters;
}

function createMeter(registry: Registry, definition: MetricDefinition): Counter | Gauge | Histogram {
  const { name, help, labels, buckets } = definition;
  const order = { name, help, labelNames: Object.keys(labels), registers: [registry] };
  switch (definition.type) {
    case "counter": {
      const counter = new Counter(order);
      for (const values of presetsOf(definition)) counter.inc(values, 0);
      return counter;
    }
    case "gauge": {
      const gauge = new Gauge(order);
      // Zero would be a statement: a certificate that expired in 1970.
      if (order.labelNames.length === 0) gauge.remove();
      return gauge;
    }
    case "histogram":
      return new Histogram({ ...order, buckets: [...(buckets ?? [])] });
  }
}

function presetsOf({ labels }: MetricDefinition): readonly Record<string, string>[] {
  let presets: readonly Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if (typeof values === "string" || presets.length * values.length > maxPreset) return [];
    presets = presets.flatMap((preset) => values.map((value) => ({ ...preset, [label]: value })));
  }
  return presets;
}
