import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Finding } from "../findings/index.js";
import { BoundedLabel, oneOf } from "./labels.js";

/** What a server exposes and what the rest reports. Nothing here takes an image, a Pod or a namespace as a label. */
export interface Metrics {
  readonly contentType: string;
  /** The exposition text. */
  text(): Promise<string>;
  admission(event: {
    readonly operation: string;
    readonly kind: string;
    readonly decision: "allow" | "warn" | "deny" | "audit" | "skip";
    readonly durationMs: number;
  }): void;
  mutation(event: { readonly kind: string; readonly result: "changed" | "unchanged" }): void;
  imageCheck(finding: Pick<Finding, "reference" | "verdict">): void;
  /** @param request.code  HTTP status, or `fault` where no answer came */
  registryRequest(request: {
    readonly registry: string;
    readonly method: string;
    readonly code: number | "fault";
    readonly durationMs: number;
  }): void;
  /** What a registry last said of the pulls that are left to whoever asked. */
  rateLimitRemaining(registry: string, remaining: number): void;
  /** How long a node takes to pull one workload's images; Infinity: more than a day, which it is counted as. */
  predictedPull(pullMs: number): void;
  cacheRequest(result: "hit" | "miss" | "shared"): void;
  configReload(result: "success" | "failure"): void;
  /** One layer that was read as a whole, or that there was no time for. */
  layerVerification(result: "sound" | "damaged" | "unread" | "dropped"): void;
}

/** `maxRegistries` distinct registries get a label of their own (100 where absent), all later ones share `other`. */
export interface MetricsOptions {
  readonly version: string;
  readonly maxRegistries?: number;
  /** Also exposes memory, event loop and garbage collection of the process. */
  readonly processMetrics?: boolean;
}

const operations = new Set(["CREATE", "UPDATE", "DELETE", "CONNECT"]);
const kinds = new Set([
  "Pod",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "ReplicationController",
  "PodTemplate",
]);
const methods = new Set(["GET", "HEAD", "POST"]);
const admissionBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const pullBuckets = [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];
const daySeconds = 86_400;
const registryBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * A registry of its own with all of Pullguard's metrics; label values are closed sets or bounded, as whoever may create
 * a Pod chooses its registries and kinds.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const registries = new BoundedLabel(options.maxRegistries ?? 100);
  const meters = createMeters(registry);
  const { version } = options;
  meters.buildInfo.set({ version, nodejs_version: process.version }, 1);
  if (options.processMetrics === true) {
    collectDefaultMetrics({ register: registry });
  }
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    admission: ({ operation, kind, decision, durationMs }) => {
      meters.admissions.inc({ operation: oneOf(operations, operation), kind: oneOf(kinds, kind), decision });
      meters.admissionSeconds.observe({ decision }, durationMs / 1000);
    },
    mutation: ({ kind, result }) => {
      meters.mutations.inc({ kind: oneOf(kinds, kind), result });
    },
    imageCheck: ({ reference, verdict }) => {
      meters.imageChecks.inc({ registry: reference === null ? "none" : registries.of(domainOf(reference)), verdict });
    },
    registryRequest: ({ registry: domain, method, code, durationMs }) => {
      const labels = { registry: registries.of(domain), method: oneOf(methods, method) };
      meters.registryRequests.inc({ ...labels, code: codeLabel(code) });
      meters.registrySeconds.observe(labels, durationMs / 1000);
    },
    rateLimitRemaining: (domain, remaining) => {
      meters.rateLimitRemaining.set({ registry: registries.of(domain) }, remaining);
    },
    // One infinite observation would make the sum useless for good.
    predictedPull: (pullMs) => meters.predictedPullSeconds.observe(Math.min(pullMs / 1000, daySeconds)),
    cacheRequest: (result) => meters.cacheRequests.inc({ result }),
    configReload: (result) => meters.configReloads.inc({ result }),
    layerVerification: (result) => meters.layerVerifications.inc({ result }),
  };
}

function createMeters(registry: Registry) {
  const registers = [registry];
  return {
    admissions: new Counter({
      name: "pullguard_admission_requests_total",
      help: "Admission requests answered, by decision (audit: recorded only; skip: nothing to check).",
      labelNames: ["operation", "kind", "decision"],
      registers,
    }),
    admissionSeconds: new Histogram({
      name: "pullguard_admission_duration_seconds",
      help: "Time from a parsed admission request to its answer.",
      labelNames: ["decision"],
      buckets: admissionBuckets,
      registers,
    }),
    mutations: new Counter({
      name: "pullguard_mutation_requests_total",
      help: "Requests to change an object answered without a fault, by result.",
      labelNames: ["kind", "result"],
      registers,
    }),
    imageChecks: new Counter({
      name: "pullguard_image_checks_total",
      help: "Images judged, by registry (none: invalid name) and verdict.",
      labelNames: ["registry", "verdict"],
      registers,
    }),
    registryRequests: new Counter({
      name: "pullguard_registry_requests_total",
      help: "Requests sent to registries, by HTTP status (fault: no answer).",
      labelNames: ["registry", "method", "code"],
      registers,
    }),
    registrySeconds: new Histogram({
      name: "pullguard_registry_request_duration_seconds",
      help: "Time of requests to registries.",
      labelNames: ["registry", "method"],
      buckets: registryBuckets,
      registers,
    }),
    rateLimitRemaining: new Gauge({
      name: "pullguard_registry_ratelimit_remaining",
      help: "Pulls that a registry last said are left, for the credentials that asked last.",
      labelNames: ["registry"],
      registers,
    }),
    predictedPullSeconds: new Histogram({
      name: "pullguard_predicted_pull_seconds",
      help: "Time that a node is predicted to take for the images of one admitted workload's Pod, queue included.",
      buckets: pullBuckets,
      registers,
    }),
    cacheRequests: new Counter({
      name: "pullguard_cache_requests_total",
      help: "Predictions looked up in the cache (shared: joined one under way).",
      labelNames: ["result"],
      registers,
    }),
    configReloads: new Counter({
      name: "pullguard_config_reloads_total",
      help: "Reloads of files that changed on disk.",
      labelNames: ["result"],
      registers,
    }),
    layerVerifications: new Counter({
      name: "pullguard_layer_verifications_total",
      help: "Layers read as a whole after admissions (dropped: too many were waiting).",
      labelNames: ["result"],
      registers,
    }),
    buildInfo: new Gauge({
      name: "pullguard_build_info",
      help: "Always 1; the labels tell the version.",
      labelNames: ["version", "nodejs_version"],
      registers,
    }),
  };
}

/** A normalised reference always starts with its domain. */
function domainOf(reference: string): string {
  const slash = reference.indexOf("/");
  return slash === -1 ? reference : reference.slice(0, slash);
}

function codeLabel(code: number | "fault"): string {
  return code === "fault" || (Number.isInteger(code) && code >= 100 && code <= 599) ? String(code) : "other";
}
