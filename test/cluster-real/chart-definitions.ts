import { definitionOf, type KubeObject } from "../support/kube/index.js";

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const texts: Schema = { type: "array", items: text };
const labels: Schema = { type: "object", additionalProperties: text };

function object(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: "object", properties, ...(required.length === 0 ? {} : { required }) };
}

function list(items: Schema): Schema {
  return { type: "array", items };
}

const relabeling = object({ action: text, regex: text, sourceLabels: texts, targetLabel: text, replacement: text });

/**
 * The fields of cert-manager's and Prometheus operator's objects that the chart may use, so that the API server refuses any other.
 * Source: cert-manager deploy/crds of v1.18, prometheus-operator v0.85 pkg/apis/monitoring/v1
 */
export const foreignDefinitions: readonly KubeObject[] = [
  definition(
    "cert-manager.io",
    "Issuer",
    object({ selfSigned: object({}), ca: object({ secretName: text }, ["secretName"]) }),
  ),
  definition(
    "cert-manager.io",
    "Certificate",
    object(
      {
        ...{ secretName: text, commonName: text, dnsNames: texts, usages: texts, isCA: { type: "boolean" } },
        ...{ duration: text, renewBefore: text },
        privateKey: object({ algorithm: text, size: { type: "integer" }, rotationPolicy: text }),
        issuerRef: object({ name: text, kind: text, group: text }, ["name"]),
      },
      ["secretName", "issuerRef"],
    ),
  ),
  definition(
    "monitoring.coreos.com",
    "ServiceMonitor",
    object(
      {
        selector: object({ matchLabels: labels }),
        endpoints: list(
          object({
            ...{ port: text, path: text, interval: text, scrapeTimeout: text },
            ...{ relabelings: list(relabeling), metricRelabelings: list(relabeling) },
          }),
        ),
      },
      ["selector", "endpoints"],
    ),
  ),
  definition(
    "monitoring.coreos.com",
    "PrometheusRule",
    object({
      groups: list(
        object(
          {
            name: text,
            rules: list(object({ alert: text, expr: text, for: text, labels, annotations: labels }, ["expr"])),
          },
          ["name"],
        ),
      ),
    }),
  ),
];

function definition(group: string, kind: string, spec: Schema): KubeObject {
  const schema = object({ apiVersion: text, kind: text, metadata: { type: "object" }, spec });
  return definitionOf(`${group}/v1`, kind, schema);
}
