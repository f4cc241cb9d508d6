import type { AdmissionDeps, AdmissionScope, MutateDeps, WorkloadEvents } from "../admission/index.js";
import {
  clusterNamespaces,
  createEventRecorder,
  loadCluster,
  readServiceRanges,
  watchConfig,
} from "../cluster/index.js";
import { apiServiceAddress, likelyServiceRange, type ServeConfig } from "../config/index.js";
import { type CacheRegister, type Clock, PullguardError, steadyClock } from "../core/index.js";
import {
  addressRules,
  type ConfigOutcome,
  configName,
  configStatus,
  decideByPolicy,
  faultLines,
  findingEvents,
  isOff,
  mutationOrder,
  PolicyInForce,
} from "../policy/index.js";
import {
  type AddressRules,
  type ForbiddenRange,
  linkLocalRanges,
  loopbackRanges,
  parseAddressRange,
} from "../registry/index.js";
import type { ReadinessCheck } from "../server/index.js";
import type { ConfigurationStatus } from "../status/index.js";
import type { Log, Metrics } from "../telemetry/index.js";
import { type ConfigLedger, createConfigLedger } from "./config-ledger.js";
import type { WatchLedger } from "./watch-ledger.js";

export interface PolicyDeps {
  readonly clock: Clock;
  readonly logger: Log;
  readonly metrics: Metrics;
  /** The PullguardConfig in a file, undefined for none, null for an empty file. Throws PullguardError `InputInvalid`. */
  readonly readPolicy: (path: string) => unknown;
  /** Tells whether this is a Pod. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Hears how the configuration's watch fares. */
  readonly watches?: Pick<WatchLedger, "note">;
  readonly caches?: CacheRegister;
}

/** The policy while the webhook runs. */
export interface OpenPolicy {
  readonly decide: AdmissionDeps["decide"];
  readonly scope: AdmissionScope;
  /** Absent without a cluster. */
  readonly events?: WorkloadEvents;
  readonly mutation: Pick<MutateDeps, "order" | "isOn">;
  readonly addressRules: () => AddressRules;
  /** Which configuration counts, for people. */
  readonly status: () => ConfigurationStatus;
  readonly readiness: readonly ReadinessCheck[];
  stop(): void;
}

/** How long a changed file may stay unnoticed. */
const fileIntervalMs = 5_000;
const serviceRangesMs = 10_000;

/**
 * Puts the policy in force together from mode, file and cluster, and follows both.
 * @throws PullguardError `ConfigInvalid` for a file that is not valid now; later such a file changes nothing
 */
export function openPolicy(config: ServeConfig, deps: PolicyDeps): OpenPolicy {
  const { clock, logger } = deps;
  const inForce = new PolicyInForce(config.mode);
  const stopping = new AbortController();
  const ledger = createConfigLedger(clock, inForce);
  if (config.configFile !== undefined) followFile(config.configFile, { inForce, ledger }, deps, stopping.signal);
  const cluster = config.noCluster ? undefined : openCluster(config, { inForce, ledger }, deps);
  const onNamespaceFault = (reason: string): void =>
    logger.warn({ reason }, "labels of namespaces cannot be read: rules that need them never deny");
  return {
    decide: (findings, subject) => decideByPolicy(inForce.current(), findings, subject, clock.nowMs()),
    scope: {
      ...(cluster === undefined
        ? {}
        : {
            namespaces: clusterNamespaces({
              access: cluster.access,
              clock: steadyClock(clock),
              onFault: onNamespaceFault,
              ...(deps.caches === undefined ? {} : { caches: deps.caches }),
            }),
          }),
      isOff: (subject) => isOff(inForce.current(), subject),
      checkMs: () => inForce.current().config.deadlines.checkMs,
      podTemplates: () => inForce.current().config.podTemplates,
    },
    ...(cluster === undefined
      ? {}
      : {
          events: {
            of: (findings, subject) => findingEvents(inForce.current(), findings, subject, clock.nowMs()),
            record: (target, events, uid) => {
              const { kind, namespace, name } = target;
              logger.debug(
                { uid, kind, namespace, name, causes: events.map(({ cause }) => cause) },
                "recording events",
              );
              cluster.recorder.record(target, events);
            },
          },
        }),
    mutation: {
      order: (object) => mutationOrder(inForce.current(), object),
      isOn: () => Object.keys(inForce.current().config.mutations).length > 0,
    },
    status: ledger.status,
    addressRules: rulesInForce(inForce, forbiddenHere(deps, cluster, stopping.signal)),
    readiness: cluster === undefined ? [] : [{ name: "configuration", reason: cluster.watch.notReady }],
    stop: () => {
      stopping.abort(new Error("stopped"));
      cluster?.watch.stop();
      cluster?.recorder.stop();
    },
  };
}

interface Configured {
  readonly inForce: PolicyInForce;
  readonly ledger: ConfigLedger;
}

function openCluster(config: ServeConfig, { inForce, ledger }: Configured, deps: PolicyDeps) {
  const { clock, logger } = deps;
  const access = loadCluster(
    config.kubeconfig === undefined ? { kind: "default" } : { kind: "file", path: config.kubeconfig },
  );
  // Who opens the Secrets tells the operator that no cluster is configured.
  if (access === undefined) return undefined;
  let last = "";
  const watch = watchConfig({
    access,
    clock: steadyClock(clock),
    name: configName,
    onConfig: (object) => {
      const outcome = inForce.offer("resource", object);
      ledger.note(outcome, object);
      // Every list and every status that is written comes by here; only what changed is worth a line.
      const described = describe(outcome, object);
      if (described !== last) report(deps, outcome);
      last = described;
      return configStatus(outcome, object, clock.nowMs());
    },
    onEvent: (event) => {
      // A status that cannot be written is no fault of the watch.
      if (event.kind !== "status-fault") deps.watches?.note("configuration", event);
      if (event.kind !== "synced")
        logger.warn(event, "the PullguardConfig is not followed, the last one heard of stays");
    },
  });
  const recorder = createEventRecorder({
    access,
    clock,
    instance: (deps.env.HOSTNAME ?? "").slice(0, 128) || "pullguard",
    onFault: (reason) => logger.warn({ reason }, "events about workloads cannot be written"),
  });
  return { access, watch, recorder };
}

function describe(outcome: ConfigOutcome, object: unknown): string {
  const spec = typeof object === "object" && object !== null && "spec" in object ? object.spec : undefined;
  return JSON.stringify([outcome.kind, spec]);
}

/** Reads the file now and then; the content decides, for a mounted ConfigMap changes by a link. */
function followFile(path: string, { inForce, ledger }: Configured, deps: PolicyDeps, signal: AbortSignal): void {
  const first = deps.readPolicy(path) ?? undefined;
  if (first !== undefined) {
    const outcome = inForce.offer("file", first);
    ledger.note(outcome);
    if (outcome.kind === "refused") {
      throw new PullguardError(
        "ConfigInvalid",
        faultLines(outcome.faults)
          .map((line) => `${path}: ${line}`)
          .join("; "),
      );
    }
  }
  let last = JSON.stringify(first);
  const look = (): void => {
    let text: string | undefined;
    try {
      const document = deps.readPolicy(path);
      if (document === null) throw new PullguardError("InputInvalid", `${path}: is empty`);
      text = JSON.stringify(document);
      if (text === last) return;
      const outcome = inForce.offer("file", document);
      ledger.note(outcome);
      report(deps, outcome);
    } catch (error) {
      text = `fault: ${error instanceof Error ? error.message : ""}`;
      if (text === last) return;
      ledger.fault(error instanceof Error ? error.message : "the file cannot be read");
      deps.metrics.configReload("failure");
      deps.logger.warn({ err: error, file: path }, "the configuration cannot be read, the last one stays");
    }
    last = text;
  };
  const follow = async (): Promise<void> => {
    while (!signal.aborted) {
      await deps.clock.sleep(fileIntervalMs, signal);
      look();
    }
  };
  follow().catch(() => undefined);
}

function report({ logger, metrics }: PolicyDeps, outcome: ConfigOutcome): void {
  const { origin } = outcome;
  switch (outcome.kind) {
    case "accepted":
      metrics.configReload("success");
      logger.info({ origin, rules: outcome.config.rules.length }, "the PullguardConfig is in force");
      return;
    case "refused":
      metrics.configReload("failure");
      logger.warn(
        { origin, faults: faultLines(outcome.faults) },
        "the PullguardConfig is not valid, the last one stays",
      );
      return;
    case "withdrawn":
      logger.info({ origin }, "there is no PullguardConfig");
  }
}

/** Made anew only when the policy changes: every connection asks. */
function rulesInForce(inForce: PolicyInForce, forbidden: () => readonly ForbiddenRange[]): () => AddressRules {
  let dial = inForce.current().config.registries.dial;
  let ranges = forbidden();
  let rules = addressRules(dial, ranges);
  return () => {
    const now = inForce.current().config.registries.dial;
    if (now === dial && forbidden() === ranges) return rules;
    dial = now;
    ranges = forbidden();
    rules = addressRules(dial, ranges);
    return rules;
  };
}

/**
 * What nobody may have a webhook dial: link-local addresses everywhere; in a Pod its own loopback, where no node's registry
 * is, and the addresses of Services. Outside of a Pod the loopback is the operator's own machine.
 */
function forbiddenHere(
  { env }: PolicyDeps,
  cluster: ReturnType<typeof openCluster>,
  signal: AbortSignal,
): () => readonly ForbiddenRange[] {
  const own = apiServiceAddress(env);
  const inPod = own === undefined ? [] : [...loopbackRanges, ...services([own, likelyServiceRange(own)])];
  let ranges: readonly ForbiddenRange[] = [...linkLocalRanges, ...inPod];
  if (cluster !== undefined) {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(serviceRangesMs)]);
    void readServiceRanges(cluster.access, patience).then((known) => {
      if (known === undefined) return;
      const others = own === undefined ? [] : [...loopbackRanges, ...services([own])];
      ranges = [...linkLocalRanges, ...others, ...services(known)];
    });
  }
  return () => ranges;
}

function services(texts: readonly string[]): readonly ForbiddenRange[] {
  return texts.flatMap((text) => {
    const range = parseAddressRange(text);
    return range === undefined ? [] : [{ range, kind: "service" as const }];
  });
}
