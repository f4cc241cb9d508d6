import { definitionOf } from "../support/kube/index.js";

const text = { type: "string" };
const integer = { type: "integer" };
const outcomes = ["pass", "fail", "warn", "error", "skip"];
const labelSelector = {
  type: "object",
  properties: {
    matchLabels: { type: "object", additionalProperties: text },
    matchExpressions: {
      type: "array",
      items: {
        type: "object",
        required: ["key", "operator"],
        properties: { key: text, operator: text, values: { type: "array", items: text } },
      },
    },
  },
};
const reference = {
  type: "object",
  properties: Object.fromEntries(
    ["apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid"].map((field) => [field, text]),
  ),
};
const result = {
  type: "object",
  required: ["policy"],
  properties: {
    ...{ source: text, policy: text, rule: text, category: text, message: text },
    severity: { type: "string", enum: ["critical", "high", "low", "medium", "info"] },
    result: { type: "string", enum: outcomes },
    scored: { type: "boolean" },
    timestamp: {
      type: "object",
      required: ["nanos", "seconds"],
      properties: { nanos: { ...integer, format: "int32" }, seconds: { ...integer, format: "int64" } },
    },
    resources: { type: "array", items: reference },
    resourceSelector: labelSelector,
    properties: { type: "object", additionalProperties: text },
  },
};
const report = {
  apiVersion: text,
  kind: text,
  metadata: { type: "object" },
  scope: reference,
  scopeSelector: labelSelector,
  summary: { type: "object", properties: Object.fromEntries(outcomes.map((each) => [each, integer])) },
  results: { type: "array", items: result },
};
const limits = {
  type: "object",
  properties: { maxResults: integer, statusFilter: { type: "array", items: { type: "string", enum: outcomes } } },
};
/** What openreports has beside. */
const openReport = {
  ...report,
  source: text,
  configuration: { type: "object", required: ["limits"], properties: { limits } },
};

/**
 * The kinds of reports with every constraint that theirs have: a field that is not among these is dropped, or refused where
 * the request is strict.
 * Source: kyverno v1.13.4 config/crds/policyreport; openreports/reports-api v0.2.1 config/crd.
 */
export const policyReports = ["PolicyReport", "ClusterPolicyReport"].map((kind) =>
  definitionOf("wgpolicyk8s.io/v1alpha2", kind, { type: "object", properties: report }),
);
export const openReports = ["Report", "ClusterReport"].map((kind) =>
  definitionOf("openreports.io/v1alpha1", kind, { type: "object", properties: openReport }),
);
