import { X509Certificate } from "node:crypto";
import type { AdmissionDeps, MutateDeps } from "../admission/index.js";
import type { Check } from "../check/index.js";
import type { ServeConfig } from "../config/index.js";
import { type Clock, steadyClock } from "../core/index.js";
import type { Finding } from "../findings/index.js";
import {
  createApp,
  createMetricsApp,
  Readiness,
  type ReadinessCheck,
  type StartTimer,
  type StatusSource,
  startPlainServer,
  startServer,
} from "../server/index.js";
import { createAdmissionTelemetry, type Log, type Metrics } from "../telemetry/index.js";
import { type OpenCertificates, openClientCheck, openFileCertificates } from "./certificates.js";
import type { ServerFacts } from "./status.js";
import type { Following } from "./tracing.js";

/** What the webhook server is put together from; `decide` has the policy bound already. */
export interface ServeDeps {
  readonly config: Pick<ServeConfig, "port" | "metricsPort" | "certDir" | "clientCa" | "clientName">;
  readonly check: Check;
  readonly decide: AdmissionDeps["decide"];
  /** What the configuration in force says of requests. */
  readonly scope?: AdmissionDeps["scope"];
  /** Absent: no Events are written. */
  readonly events?: AdmissionDeps["events"];
  /** What the configuration in force wants changed, and where Secrets are found; absent: nothing is changed. */
  readonly mutation?: Pick<MutateDeps, "order" | "isOn" | "secrets" | "listPullSecrets">;
  /** Where the certificate comes from; the files in `certDir` where absent. */
  readonly certificates?: OpenCertificates;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Log;
  /** Traces and what else follows reviews; absent: nothing does. */
  readonly following?: Pick<Following, "tracer" | "within">;
  /** What `/audit` tells; absent: there is no such page. */
  readonly auditPage?: StatusSource;
  /** What `/statusz` tells, and who hears of findings for it; absent: there is no such page. */
  readonly status?: {
    finding(finding: Finding): void;
    source(facts: () => ServerFacts): StatusSource;
  };
  /** Conditions beyond the certificate's validity, such as informers that have synced. */
  readonly readiness?: readonly ReadinessCheck[];
  /** How late the event loop is, in milliseconds; as if never where absent. */
  readonly lagMs?: () => number;
  /** Address to listen on; every one where absent. */
  readonly host?: string;
  /** How long the server goes on after it has stopped being ready, for endpoints to forget it. 3 s where absent. */
  readonly drainMs?: number;
  /** How long requests in flight may take after that. 10 s where absent. */
  readonly patienceMs?: number;
}

/** The server while it runs. */
export interface Serving {
  readonly port: number;
  readonly metricsPort: number;
  /** Stops being ready, waits, finishes what is in flight, closes both ports. */
  stop(): Promise<void>;
}

const defaultDrainMs = 3_000;
const defaultPatienceMs = 10_000;

/**
 * Starts the webhook over https and the metrics over http.
 * @throws PullguardError `CertificateInvalid` if there is no pair to serve; the socket's error if a port cannot be had
 */
export async function serve(deps: ServeDeps): Promise<Serving> {
  const { config, clock, logger, metrics } = deps;
  // Deadlines and durations; certificates and configurations have dates.
  const steady = steadyClock(clock);
  const certificates = deps.certificates ?? (await openFileCertificates(config.certDir, deps));
  const clients = await openClientCheck(config, deps).catch(async (error: unknown) => {
    await certificates.stop();
    throw error;
  });
  const readiness = new Readiness([certificates.readiness, ...(deps.readiness ?? [])]);
  metrics.observe({
    ready: () => readiness.faults().length === 0,
    certificateExpiryMs: () => certificates.notAfterMs(),
  });
  const onFault = (error: unknown): void => {
    metrics.fault("handler");
    logger.error({ err: error }, "unexpected fault in a handler");
  };
  const scope = deps.scope === undefined ? {} : { scope: deps.scope };
  const events = deps.events === undefined ? {} : { events: deps.events };
  const { tracer, within } = deps.following ?? {};
  const telemetry = createAdmissionTelemetry({ metrics, logger, ...(tracer === undefined ? {} : { tracer }) });
  const app = createApp({
    admission: {
      check: counted(deps),
      decide: deps.decide,
      ...scope,
      ...events,
      clock: steady,
      observer: telemetry.admission,
    },
    // What is tried on the way to a change is no admission's finding.
    ...(deps.mutation === undefined
      ? {}
      : { mutation: { ...deps.mutation, ...scope, check: deps.check, clock: steady, observer: telemetry.mutation } }),
    dateMs: () => clock.nowMs(),
    readiness,
    metrics,
    startTimer,
    ...(deps.lagMs === undefined ? {} : { lagMs: deps.lagMs }),
    ...(within === undefined ? {} : { within }),
    onFault,
    ...(clients === undefined ? {} : { callers: clients.callers }),
    onShed: (reason) => metrics.shed(reason),
  });
  const auditPage = deps.auditPage === undefined ? {} : { audit: deps.auditPage };
  const status =
    deps.status === undefined ? {} : { status: deps.status.source(() => serverFacts(readiness, certificates)) };
  const host = deps.host === undefined ? {} : { host: deps.host };
  const authorities = clients === undefined ? {} : { clientAuthorities: clients.authorities };
  const stopWatching = async (error: unknown): Promise<never> => {
    clients?.authorities.stop();
    await certificates.stop();
    throw error;
  };
  const webhook = await startServer(
    { certificates: certificates.source, ...authorities, startTimer },
    { app, port: config.port, ...host },
  ).catch(stopWatching);
  const exposition = await startPlainServer(
    { startTimer },
    {
      app: createMetricsApp({ readiness, metrics, onFault, ...status, ...auditPage }),
      port: config.metricsPort,
      ...host,
    },
  ).catch(async (error: unknown) => {
    await webhook.close(0);
    return await stopWatching(error);
  });
  logger.info({ port: webhook.port, metricsPort: exposition.port }, "listening");
  return {
    port: webhook.port,
    metricsPort: exposition.port,
    stop: async () => {
      readiness.drain();
      logger.info("draining");
      const resigned = certificates.resign();
      await clock.sleep(deps.drainMs ?? defaultDrainMs);
      await webhook.close(deps.patienceMs ?? defaultPatienceMs);
      await exposition.close(0);
      await resigned;
      clients?.authorities.stop();
      await certificates.stop();
    },
  };
}

/** The machine's timers. */
export const startTimer: StartTimer = (delayMs, run) => {
  // Deadlines outlive their requests; only open sockets may keep the process alive.
  const timer = setTimeout(run, delayMs).unref();
  return () => clearTimeout(timer);
};

function serverFacts(readiness: Readiness, { notAfterMs, source }: OpenCertificates): ServerFacts {
  const notReady = readiness.faults();
  const expiryMs = notAfterMs();
  if (expiryMs === undefined) return { notReady };
  const { fingerprint256, subjectAltName } = new X509Certificate(source.current().certificatePem);
  return { notReady, certificate: { notAfterMs: expiryMs, fingerprint256, names: subjectAltName ?? "" } };
}

/** Counts what is handed over in time; what a check finds out later, it finds out for the cache. */
function counted({ check, metrics, status }: ServeDeps): Check {
  return async (input, signal) => {
    const report = await check(input, signal);
    for (const finding of report.findings) {
      metrics.imageCheck(finding);
      status?.finding(finding);
    }
    return report;
  };
}
