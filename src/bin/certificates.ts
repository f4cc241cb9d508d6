import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  type CertificateLives,
  type ClientAuthorities,
  openSelfManaged,
  type ReloadOutcome,
  type SelfManagedEvent,
  watchClientAuthorities,
  watchServingPair,
} from "../certs/index.js";
import {
  clusterLeaseStore,
  type ElectionEvent,
  electLeader,
  followSecret,
  followWebhookBundles,
  loadCluster,
  type WatchEvent,
} from "../cluster/index.js";
import type { ServeConfig } from "../config/index.js";
import { type Clock, PullguardError, steadyClock } from "../core/index.js";
import { type AppDeps, type CertificateSource, createCallerCheck, type ReadinessCheck } from "../server/index.js";
import type { Log, Metrics } from "../telemetry/index.js";
import { steadyMs } from "./system.js";

/** The certificate of a server while it runs. */
export interface OpenCertificates {
  readonly source: CertificateSource;
  /** When what is served expires, in milliseconds since 1970; undefined while there is nothing to serve. */
  notAfterMs(): number | undefined;
  readonly readiness: ReadinessCheck;
  /** Which Lease decides who keeps the certificates, and whether this replica holds it; absent: nobody competes. */
  readonly leases?: () => readonly { readonly lease: string; readonly isHeld: boolean }[];
  /** Leaves it to other replicas to keep the certificates, and goes on serving. Never rejects. */
  resign(): Promise<void>;
  stop(): Promise<void>;
}

export interface CertificateDeps {
  readonly clock: Clock;
  readonly logger: Log;
  readonly metrics: Metrics;
}

const fileIntervalMs = 10_000;
const refusalLogMs = 60_000;
/** Where a Pod finds the name of its namespace. */
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/**
 * The pair in a folder, followed as it changes.
 * @throws PullguardError `CertificateInvalid` if there is no pair to serve
 */
export async function openFileCertificates(certDir: string, deps: CertificateDeps): Promise<OpenCertificates> {
  const { clock } = deps;
  const pair = await watchServingPair({
    directory: certDir,
    intervalMs: fileIntervalMs,
    clock,
    onReload: (outcome) => reportReload(deps, outcome),
  });
  const notAfterMs = (): number => pair.current().notAfterMs;
  return {
    source: pair,
    notAfterMs,
    readiness: {
      name: "certificate",
      reason: () => (clock.nowMs() > notAfterMs() ? "the serving certificate has expired" : undefined),
    },
    resign: () => Promise.resolve(),
    stop: async () => pair.stop(),
  };
}

/** What of the configuration decides where certificates are kept, and for whom they are. */
export type SelfManagedConfig = Pick<
  ServeConfig,
  "kubeconfig" | "certificateSecret" | "serviceName" | "webhookConfiguration" | "namespace"
>;

/**
 * A pair that the replicas make and rotate themselves, in a Secret of their namespace.
 * @throws PullguardError `ConfigInvalid` where neither a cluster nor a namespace is known
 */
export async function openClusterCertificates(
  config: SelfManagedConfig,
  env: Readonly<Record<string, string | undefined>>,
  deps: CertificateDeps & { readonly lives?: CertificateLives },
): Promise<OpenCertificates> {
  const { clock, logger, lives } = deps;
  const { kubeconfig, serviceName } = config;
  const access = loadCluster(kubeconfig === undefined ? { kind: "default" } : { kind: "file", path: kubeconfig });
  if (access === undefined) throw new PullguardError("ConfigInvalid", "self-managed certificates need a cluster");
  const namespace = ownNamespace(config.namespace, env);
  const shared = { access, clock: steadyClock(clock) };
  const secret = followSecret({
    ...{ ...shared, namespace, name: config.certificateSecret },
    onEvent: watchReporter(logger, "the certificates' Secret"),
  });
  const reportConfiguration = {
    ValidatingWebhookConfiguration: watchReporter(logger, "the ValidatingWebhookConfiguration"),
    MutatingWebhookConfiguration: watchReporter(logger, "the MutatingWebhookConfiguration"),
  };
  const bundles = followWebhookBundles({
    ...{ ...shared, name: config.webhookConfiguration },
    onEvent: (kind, event) => reportConfiguration[kind](event),
  });
  const election = electLeader({
    store: clusterLeaseStore(access, namespace, `${serviceName}-certificates`),
    identity: `${(env.HOSTNAME ?? "pullguard").slice(0, 128)}_${randomBytes(6).toString("hex")}`,
    ...{ clock, steadyMs, server: access.server },
    onEvent: (event) => reportElection(logger, event),
  });
  const self = await openSelfManaged({
    ...{ secret, bundles, leadership: election, names: serviceNames(serviceName, namespace), clock, steadyMs },
    ...(lives === undefined ? {} : { lives }),
    onEvent: (event) => report(deps, event),
  });
  return {
    source: self,
    notAfterMs: self.notAfterMs,
    readiness: { name: "certificate", reason: self.notReady },
    leases: () => [{ lease: "certificates", isHeld: election.isLeader() }],
    resign: () => election.stop(),
    stop: async () => {
      self.stop();
      await election.stop();
      secret.stop();
      bundles.stop();
    },
  };
}

/** Who may ask for reviews, by the certificates that clients show. */
export interface OpenClientCheck {
  readonly authorities: ClientAuthorities;
  readonly callers: NonNullable<AppDeps["callers"]>;
}

/**
 * What `--client-ca` and `--client-name` ask for; undefined where clients are not asked for certificates.
 * @throws PullguardError `CertificateInvalid` for a file without a CA certificate
 */
export async function openClientCheck(
  { clientCa, clientName }: Pick<ServeConfig, "clientCa" | "clientName">,
  { clock, logger, metrics }: CertificateDeps,
): Promise<OpenClientCheck | undefined> {
  if (clientCa === undefined) return undefined;
  const authorities = await watchClientAuthorities({
    path: clientCa,
    intervalMs: fileIntervalMs,
    clock,
    onReload: (outcome) => {
      metrics.configReload(outcome.kind === "reloaded" ? "success" : "failure");
      if (outcome.kind === "reloaded") logger.info({ file: clientCa }, "client CAs reloaded");
      else logger.warn({ err: outcome.error, file: clientCa }, "client CAs not reloaded, the old ones stay");
    },
  });
  let toldMs = Number.NEGATIVE_INFINITY;
  const onRefusal = (reason: string): void => {
    // Whoever may not ask can ask as often as they like.
    if (steadyMs() - toldMs < refusalLogMs) return;
    toldMs = steadyMs();
    logger.warn({ reason }, "a review was refused to a client; more of these are not logged for a minute");
  };
  return { authorities, callers: { check: createCallerCheck(clientName ?? []), onRefusal } };
}

/** The API server uses the first; the others are for people and probes. */
function serviceNames(service: string, namespace: string): readonly string[] {
  const inCluster = `${service}.${namespace}.svc`;
  return [inCluster, `${inCluster}.cluster.local`, `${service}.${namespace}`, service];
}

function ownNamespace(said: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  if (said !== undefined) return said;
  if (env.POD_NAMESPACE) return env.POD_NAMESPACE;
  try {
    return readFileSync(namespaceFile, "utf8").trim();
  } catch (error) {
    const message = "self-managed certificates need to know where Pullguard runs: give --namespace NAMESPACE";
    throw new PullguardError("ConfigInvalid", message, { cause: error });
  }
}

/** One line for as long as the reason is the same. */
function watchReporter(logger: Log, what: string): (event: WatchEvent) => void {
  let told: string | undefined;
  return (event) => {
    const now = event.kind === "synced" ? "" : event.reason;
    if (now === told) return;
    told = now;
    if (event.kind === "synced") logger.info(`${what} is followed`);
    else logger.warn({ reason: now }, `${what} is not followed, what was read last stays`);
  };
}

function reportElection(logger: Log, event: ElectionEvent): void {
  switch (event.kind) {
    case "leading":
      logger.info("this replica keeps the certificates");
      return;
    case "following":
      logger.info({ holder: event.holder }, "another replica keeps the certificates");
      return;
    case "fault":
      logger.warn({ reason: event.reason }, "it cannot be settled which replica keeps the certificates");
  }
}

function report({ metrics, logger }: CertificateDeps, event: SelfManagedEvent): void {
  switch (event.kind) {
    case "serving": {
      metrics.configReload("success");
      const notAfter = new Date(event.notAfterMs).toISOString();
      logger.info({ fingerprint256: event.fingerprint256, notAfter }, "serving certificate loaded");
      return;
    }
    case "unusable":
      metrics.configReload("failure");
      logger.warn({ reason: event.reason }, "the certificates' Secret cannot be served from, the last pair stays");
      return;
    case "written":
      logger.info({ reason: event.reason }, "the certificates' Secret was written");
      return;
    case "trusted":
      logger.info({ configuration: event.holder }, "the caBundle was written");
      return;
    case "lost":
      logger.info({ object: event.holder }, "somebody else has changed it first");
      return;
    case "disputed":
      logger.warn(
        { configuration: event.holder },
        "something else keeps changing the caBundle, it is put right less often from now on",
      );
      return;
    case "fault":
      logger.warn({ reason: event.reason, retryMs: event.retryMs }, "the certificates cannot be kept");
  }
}

function reportReload({ metrics, logger }: CertificateDeps, outcome: ReloadOutcome): void {
  if (outcome.kind === "reloaded") {
    metrics.configReload("success");
    logger.info({ fingerprint256: outcome.pair.fingerprint256 }, "serving certificate reloaded");
    return;
  }
  metrics.configReload("failure");
  logger.warn({ err: outcome.error }, "serving certificate not reloaded, the old one stays");
}
