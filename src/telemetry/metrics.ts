import { collectDefaultMetrics, Registry } from "prom-client";
import type { Finding } from "../findings/index.js";
import { imageVerdict } from "./image-verdicts.js";
import { oneOf, RegistryLabels } from "./labels.js";
import { createMeters, type Meters } from "./meters.js";
import {
  circuitStates,
  codes,
  type decisions,
  type faultParts,
  kinds,
  methods,
  operations,
  refusals,
  shedReasons,
  watchedResources,
} from "./metric-definitions.js";
import { createViews, type MetricsView } from "./metrics-view.js";

/** What a server exposes and what the rest reports. Nothing here takes an image, a Pod or a namespace as a label. */
export interface Metrics {
  readonly contentType: string;
  /** The exposition text. */
  text(): Promise<string>;
  admission(event: {
    readonly operation: string;
    readonly kind: string;
    readonly decision: (typeof decisions)[number];
    readonly durationMs: number;
  }): void;
  /** A request was allowed unchecked, for want of capacity. Reasons that the definitions do not know count as `other`. */
  shed(reason: string): void;
  mutation(event: { readonly kind: string; readonly result: "changed" | "unchanged" }): void;
  imageCheck(finding: Pick<Finding, "reference" | "verdict" | "cause">): void;
  /** A fault of Pullguard's own. */
  fault(part: (typeof faultParts)[number]): void;
  /** @param request.code  HTTP status, or `fault` where no answer came */
  registryRequest(request: {
    readonly registry: string;
    readonly method: string;
    readonly code: number | "fault";
    readonly durationMs: number;
  }): void;
  /** A request was not sent, though somebody wanted it. */
  registryRefusal(registry: string, reason: string): void;
  /** What a registry last said of the pulls that are left to whoever asked. */
  rateLimitRemaining(registry: string, remaining: number): void;
  /** How long a node takes to pull one workload's images; Infinity: more than a day, which it is counted as. */
  predictedPull(pullMs: number): void;
  cacheRequest(result: "hit" | "miss" | "shared"): void;
  configReload(result: "success" | "failure"): void;
  /** One layer that was read as a whole, or that there was no time for. */
  layerVerification(result: "sound" | "damaged" | "unread" | "dropped"): void;
  /** A kind of object was listed and is followed from then on. */
  watchSynced(resource: string, atMs: number): void;
  /** What is known of a kind of object may be old from now on. */
  watchFault(resource: string): void;
  traceSpans(result: "sent" | "lost", spans: number): void;
  /** Gauges that are read when somebody scrapes, for as long as the process lives. */
  observe(view: MetricsView): void;
}

/** Places for `maxRegistries` registries beside the well-known ones (100 where absent), all later ones share `other`. */
export interface MetricsOptions {
  readonly version: string;
  readonly maxRegistries?: number;
  /** Also exposes memory, event loop and garbage collection of the process. */
  readonly processMetrics?: boolean;
}

const known = {
  operations: new Set<string>(operations),
  kinds: new Set<string>(kinds),
  methods: new Set<string>(methods),
  codes: new Set<string>(codes),
  shedReasons: new Set<string>(shedReasons),
  refusals: new Set<string>(refusals),
  circuitStates: new Set<string>(circuitStates),
  resources: new Set<string>(watchedResources),
};
const daySeconds = 86_400;

/**
 * A registry of its own with all of Pullguard's metrics; label values are closed sets or bounded, as whoever may create
 * a Pod chooses its registries and kinds.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const registries = new RegistryLabels(options.maxRegistries ?? 100);
  const meters = createMeters(registry);
  const { version } = options;
  meters.buildInfo.set({ version, nodejs_version: process.version }, 1);
  if (options.processMetrics === true) {
    collectDefaultMetrics({ register: registry });
    // Gauges that are named like counters, which lints of expositions refuse; the same numbers are there by type without it.
    for (const kind of ["handles", "requests", "resources"]) registry.removeSingleMetric(`nodejs_active_${kind}_total`);
  }
  const views = createViews(meters, registries);
  return {
    contentType: registry.contentType,
    text: () => {
      views.read();
      return registry.metrics();
    },
    observe: views.add,
    ...admissionMethods(meters, registries),
    ...registryMethods(meters, registries),
    configReload: (result) => meters.configReloads.inc({ result }),
    layerVerification: (result) => meters.layerVerifications.inc({ result }),
    watchSynced: (name, atMs) => {
      const resource = oneOf(known.resources, name);
      meters.watchUp.set({ resource }, 1);
      meters.watchSynced.set({ resource }, atMs / 1000);
    },
    watchFault: (name) => {
      const resource = oneOf(known.resources, name);
      meters.watchUp.set({ resource }, 0);
      meters.watchFaults.inc({ resource });
    },
    traceSpans: (result, spans) => meters.traceSpans.inc({ result }, spans),
  };
}

type AdmissionMethods = "admission" | "shed" | "mutation" | "imageCheck" | "fault" | "predictedPull" | "cacheRequest";

function admissionMethods(meters: Meters, registries: RegistryLabels): Pick<Metrics, AdmissionMethods> {
  return {
    admission: ({ operation, kind, decision, durationMs }) => {
      const labels = { operation: oneOf(known.operations, operation), kind: oneOf(known.kinds, kind), decision };
      meters.admissions.inc(labels);
      meters.admissionSeconds.observe({ decision }, durationMs / 1000);
    },
    shed: (reason) => meters.admissionsShed.inc({ reason: oneOf(known.shedReasons, reason) }),
    mutation: ({ kind, result }) => meters.mutations.inc({ kind: oneOf(known.kinds, kind), result }),
    imageCheck: (finding) => {
      const { reference } = finding;
      const registry = reference === null ? "none" : registries.of(domainOf(reference));
      meters.imageChecks.inc({ registry, verdict: imageVerdict(finding) });
    },
    fault: (part) => meters.faults.inc({ part }),
    // One infinite observation would make the sum useless for good.
    predictedPull: (pullMs) => meters.predictedPullSeconds.observe(Math.min(pullMs / 1000, daySeconds)),
    cacheRequest: (result) => meters.cacheRequests.inc({ result }),
  };
}

type RegistryMethods = "registryRequest" | "registryRefusal" | "rateLimitRemaining";

function registryMethods(meters: Meters, registries: RegistryLabels): Pick<Metrics, RegistryMethods> {
  return {
    registryRequest: ({ registry: domain, method, code, durationMs }) => {
      if (code !== "fault" && code < 400) registries.prove(domain);
      const labels = { registry: registries.of(domain), method: oneOf(known.methods, method) };
      meters.registryRequests.inc({ ...labels, code: codeLabel(code) });
      meters.registrySeconds.observe(labels, durationMs / 1000);
    },
    registryRefusal: (domain, reason) => {
      meters.registryRefusals.inc({ registry: registries.of(domain), reason: oneOf(known.refusals, reason) });
    },
    rateLimitRemaining: (domain, remaining) => {
      const registry = registries.of(domain);
      // The last of many unknown ones would say nothing of any of them.
      if (registry !== "other") meters.rateLimitRemaining.set({ registry }, remaining);
    },
  };
}

/** A normalised reference always starts with its domain. */
function domainOf(reference: string): string {
  const slash = reference.indexOf("/");
  return slash === -1 ? reference : reference.slice(0, slash);
}

/** A status of its own where it is a usual one, else its class. */
function codeLabel(code: number | "fault"): string {
  const text = String(code);
  if (known.codes.has(text)) return text;
  return typeof code === "number" && Number.isInteger(code) && code >= 100 && code <= 599
    ? `${Math.floor(code / 100)}xx`
    : "other";
}
