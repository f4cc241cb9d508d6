import { workloadKindNames } from "../workload/index.js";
import { imageVerdicts } from "./image-verdicts.js";

/** The values that a label may have: a closed list, or a text that says how they are bounded. */
export type LabelValues = readonly string[] | string;

/** One published metric. Names, labels and values are API: dashboards and alerts hang on them. */
export interface MetricDefinition {
  readonly name: `pullguard_${string}`;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelValues>>;
  /** What must have happened before there is a series; absent: there is one from the start. */
  readonly appears?: string;
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[];
}

export const operations = ["CREATE", "UPDATE", "DELETE", "CONNECT", "other"] as const;
export const kinds = [...workloadKindNames, "other"] as const;
export const decisions = ["allow", "warn", "deny", "audit", "skip"] as const;
export const methods = ["GET", "HEAD", "POST", "other"] as const;
export const shedReasons = ["full", "late", "memory", "other"] as const;
export const circuitStates = ["closed", "open", "half-open", "other"] as const;
export const refusals = ["open", "budget", "paused", "other"] as const;
export const faultParts = ["admission", "mutation", "check", "handler"] as const;
export const watchedResources = [
  "nodes",
  "profiles",
  "leases",
  "serviceaccounts",
  "pods",
  "events",
  "configuration",
  "other",
] as const;
/** Statuses that registries give in the course of things; any other one counts by its class. */
export const codes = [
  ...["200", "201", "204", "206", "301", "302", "303", "304", "307", "308"],
  ...["400", "401", "403", "404", "405", "406", "407", "408", "410", "416", "429", "451"],
  ...["500", "501", "502", "503", "504", "1xx", "2xx", "3xx", "4xx", "5xx", "fault", "other"],
] as const;

const registry = "registries: a dozen public ones, at most 100 more, then `other`";
const registryOrNone = `${registry}; \`none\` for an invalid name`;
const admissionBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const pullBuckets = [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];
const registryBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const ofWorkload = "bounded: 1000 series in all";

/** All metrics, by what the code calls them. */
export const metricDefinitions = {
  admissions: {
    name: "pullguard_admission_requests_total",
    type: "counter",
    help: "Admission requests answered, by decision (audit: recorded only; skip: nothing to check).",
    appears: "with the first request",
    labels: { operation: operations, kind: kinds, decision: decisions },
  },
  admissionSeconds: {
    name: "pullguard_admission_duration_seconds",
    type: "histogram",
    help: "Time from a parsed admission request to its answer.",
    appears: "with the first request",
    labels: { decision: decisions },
    buckets: admissionBuckets,
  },
  admissionsShed: {
    name: "pullguard_admission_shed_total",
    type: "counter",
    help: "Requests allowed unchecked for want of capacity (full: too many waited; late: its turn did not come in time; memory: none was left).",
    labels: { reason: shedReasons },
  },
  admissionsInFlight: {
    name: "pullguard_admission_in_flight",
    type: "gauge",
    help: "Requests that are being checked now.",
    labels: {},
  },
  admissionsQueued: {
    name: "pullguard_admission_queued",
    type: "gauge",
    help: "Requests that wait for their turn to be checked.",
    labels: {},
  },
  mutations: {
    name: "pullguard_mutation_requests_total",
    type: "counter",
    help: "Requests to change an object answered without a fault, by result.",
    appears: "with the first request to change an object, where a PullguardConfig wants changes",
    labels: { kind: kinds, result: ["changed", "unchanged"] },
  },
  imageChecks: {
    name: "pullguard_image_checks_total",
    type: "counter",
    help: "Images judged for admissions, by registry and by what was found.",
    appears: "with the first image",
    labels: { registry: registryOrNone, verdict: imageVerdicts },
  },
  workloadUnpullable: {
    name: "pullguard_workload_image_unpullable",
    type: "gauge",
    help: "Always 1: what runs and a new node could not pull, as the audit of this replica found it; only bad ones are there.",
    appears: "when the audit (`--audit`) finds such an image",
    labels: {
      namespace: ofWorkload,
      kind: ofWorkload,
      name: ofWorkload,
      container: ofWorkload,
      image: ofWorkload,
      reason: "cause codes",
    },
  },
  faults: {
    name: "pullguard_faults_total",
    type: "counter",
    help: "Faults of Pullguard's own; what was asked was allowed or unknown all the same.",
    labels: { part: faultParts },
  },
  registryRequests: {
    name: "pullguard_registry_requests_total",
    type: "counter",
    help: "Requests sent to registries and their token servers, by HTTP status (fault: no answer).",
    appears: "with the first request to a registry",
    labels: { registry, method: methods, code: codes },
  },
  registrySeconds: {
    name: "pullguard_registry_request_duration_seconds",
    type: "histogram",
    help: "Time of requests to registries, to the head of the answer.",
    appears: "with the first request to a registry",
    labels: { registry, method: methods },
    buckets: registryBuckets,
  },
  registryRefusals: {
    name: "pullguard_registry_refused_requests_total",
    type: "counter",
    help: "Requests to registries that were not sent (open: the circuit breaker; budget: too many at once; paused: the registry asked for it).",
    appears: "when a request was held back",
    labels: { registry, reason: refusals },
  },
  registryState: {
    name: "pullguard_registry_circuit_state",
    type: "gauge",
    help: "1 for the state that the circuit breaker of a registry is in, 0 for the others.",
    appears: "with the first request to a registry",
    labels: { registry, state: circuitStates },
  },
  registryInFlight: {
    name: "pullguard_registry_in_flight",
    type: "gauge",
    help: "Requests to a registry that have no answer yet.",
    appears: "with the first request to a registry",
    labels: { registry },
  },
  registryQueued: {
    name: "pullguard_registry_queued",
    type: "gauge",
    help: "Requests to a registry that wait for its budget.",
    appears: "with the first request to a registry",
    labels: { registry },
  },
  rateLimitRemaining: {
    name: "pullguard_registry_ratelimit_remaining",
    type: "gauge",
    help: "Pulls that a registry last said are left, for the credentials that asked last.",
    appears: "when a registry has told",
    labels: { registry },
  },
  predictedPullSeconds: {
    name: "pullguard_predicted_pull_seconds",
    type: "histogram",
    help: "Time that a node is predicted to take for the images of one admitted workload's Pod, queue included.",
    labels: {},
    buckets: pullBuckets,
  },
  cacheRequests: {
    name: "pullguard_cache_requests_total",
    type: "counter",
    help: "Predictions looked up in the cache (shared: joined one under way).",
    labels: { result: ["hit", "miss", "shared"] },
  },
  cacheEntries: {
    name: "pullguard_cache_entries",
    type: "gauge",
    help: "Entries that a cache holds.",
    labels: { cache: "caches of this program, some ten" },
  },
  cacheBytes: {
    name: "pullguard_cache_bytes",
    type: "gauge",
    help: "Bytes that a cache holds, as estimated.",
    labels: { cache: "caches of this program, some ten" },
  },
  configReloads: {
    name: "pullguard_config_reloads_total",
    type: "counter",
    help: "Changes of certificates, credentials and configuration that were taken over, or could not be.",
    labels: { result: ["success", "failure"] },
  },
  layerVerifications: {
    name: "pullguard_layer_verifications_total",
    type: "counter",
    help: "Layers read as a whole after admissions (dropped: too many were waiting).",
    labels: { result: ["sound", "damaged", "unread", "dropped"] },
  },
  certificateExpiry: {
    name: "pullguard_certificate_expiry_timestamp_seconds",
    type: "gauge",
    help: "When the serving certificate expires, in seconds since 1970.",
    labels: {},
  },
  watchUp: {
    name: "pullguard_watch_up",
    type: "gauge",
    help: "1 while a kind of object of the cluster is followed, 0 while what is known of it may be old.",
    appears: "once the kind was listed for the first time, or could not be",
    labels: { resource: watchedResources },
  },
  watchSynced: {
    name: "pullguard_watch_last_sync_timestamp_seconds",
    type: "gauge",
    help: "When all objects of a kind were last listed anew, in seconds since 1970.",
    appears: "once the kind was listed for the first time",
    labels: { resource: watchedResources },
  },
  watchFaults: {
    name: "pullguard_watch_faults_total",
    type: "counter",
    help: "Times that a watch broke off or could not be begun.",
    labels: { resource: watchedResources },
  },
  nodes: {
    name: "pullguard_nodes",
    type: "gauge",
    help: "Nodes of the cluster, by whether a profile tells what they trust and use.",
    appears: "once nodes are followed: not with `--no-cluster`",
    labels: { covered: ["true", "false"] },
  },
  ready: {
    name: "pullguard_ready",
    type: "gauge",
    help: "1 while every condition of being ready holds.",
    labels: {},
  },
  leader: {
    name: "pullguard_leader",
    type: "gauge",
    help: "1 while this replica holds a lease, by what it is for (certificates: one replica keeps them; audit: each that takes part has its own).",
    appears: "with `--certificates self-managed` or `--audit`",
    labels: { lease: ["certificates", "audit"] },
  },
  traceSpans: {
    name: "pullguard_trace_spans_total",
    type: "counter",
    help: "Spans handed to the trace receiver, or lost on the way.",
    labels: { result: ["sent", "lost"] },
  },
  buildInfo: {
    name: "pullguard_build_info",
    type: "gauge",
    help: "Always 1; the labels tell the version.",
    labels: { version: "one", nodejs_version: "one" },
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** What the code calls a metric. */
export type MetricKey = keyof typeof metricDefinitions;
