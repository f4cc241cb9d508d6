import { randomBytes } from "node:crypto";
import { createAdmissionGate, type ShedReason } from "../admission/index.js";
import { type NodeView, nodeFilesBelow, openNodeCredentials, type ServeFlags } from "../cli/index.js";
import { currentEnvironment, loadServeConfig, type ServeConfig } from "../config/index.js";
import { type Clock, PullguardError, steadyClock } from "../core/index.js";
import { usualLimits } from "../registry/index.js";
import { createLogger, createMetrics, type Log, type Metrics } from "../telemetry/index.js";
import { type Assembly, type AssemblyOrder, assembleCheck } from "./assemble.js";
import { createAuditPage } from "./audit-page.js";
import { type CertificateDeps, openClusterCertificates } from "./certificates.js";
import { checkObserver } from "./check-observer.js";
import { type ClusterView, openClusterView } from "./cluster-view.js";
import { createLiveFacts, type LiveFacts } from "./live-facts.js";
import { logLines } from "./log-lines.js";
import { followLoopDelay } from "./loop-delay.js";
import { type OpenPolicy, openPolicy } from "./policy.js";
import { type ServeDeps, serve } from "./serve.js";
import { createStatusKeeper, type StatusKeeper } from "./status.js";
import { type Following, openFollowing } from "./tracing.js";
import { createWatchLedger } from "./watch-ledger.js";
import { openWebhookAudit } from "./webhook-audit.js";

/** What the webhook needs beyond its configuration. `stopped` resolves when it shall stop. */
export interface WebhookDeps {
  readonly clock: Clock;
  readonly version: string;
  readonly stopped: Promise<unknown>;
}

/** A check that outlives its request warms the cache for the next try; longer than this nobody tries. */
const lingerMs = 10_000;

/**
 * Runs the webhook from start to stop and resolves with the exit code.
 * @throws PullguardError for a configuration, certificate or cluster that cannot be used
 */
export async function runWebhook(given: ServeFlags, deps: WebhookDeps): Promise<number> {
  const { clock, version } = deps;
  const env = currentEnvironment();
  const config = loadServeConfig({ flags: given.flags, env, readFile: given.readFile });
  const logger = createLogger({ level: config.logLevel, stream: logLines() });
  const metrics = createMetrics({ version, processMetrics: true });
  // For what only asks how long something has lasted; dates are compared with the clock itself.
  const steady = steadyClock(clock);
  const telemetry = { clock, logger, metrics };
  const following = await openFollowing(config, { ...telemetry, version });
  const keeper = createStatusKeeper(config, { clock, version });
  const auditPage = createAuditPage(config);
  const node = await nodeView(config, { ...telemetry, clock: steady });
  const facts = createLiveFacts();
  const told = { watches: createWatchLedger(steady, metrics), caches: facts.register };
  const policy = openPolicy(config, { ...told, clock, logger, metrics, readPolicy: given.readPolicy, env });
  const cluster = openClusterView(config, steady, logger, told);
  try {
    const { addressRules } = policy;
    const delay = followLoopDelay();
    const { maxInFlight, maxQueued } = config;
    const onShed = (reason: ShedReason): void => metrics.shed(reason);
    const gate = createAdmissionGate({ clock: steady, maxInFlight, maxQueued, lagMs: delay.lagMs, onShed });
    const observer = checkObserver({ ...telemetry, following, keeper });
    // Both look at the same nodes: what they make of credentials must be comparable.
    const identityKey = randomBytes(32);
    const engine = {
      ...cluster,
      caches: facts.register,
      node,
      logger,
      metrics,
      config,
      addressRules,
      gate,
      identityKey,
      following,
      observer,
    };
    const assembly = assembleWebhookCheck(deps, engine);
    const health = (): ReturnType<Assembly["registryHealth"]> => assembly.registryHealth();
    const { leases, caches } = facts;
    metrics.observe({ registries: health, nodes: cluster.nodes, admissions: () => gate.view(), leases, caches });
    try {
      const certificates = await certificatesOf(config, env, telemetry, facts);
      const serving = await serve({
        config,
        ...certificates,
        ...stopTimes(config.shutdownGrace),
        check: following.ports?.check(assembly.check) ?? assembly.check,
        following,
        ...(config.statusz ? { status: statusOf(keeper, { policy, cluster, health, facts }) } : {}),
        ...auditPage.served,
        decide: policy.decide,
        scope: policy.scope,
        ...(policy.events === undefined ? {} : { events: policy.events }),
        mutation: { ...policy.mutation, secrets: cluster.secrets, listPullSecrets: cluster.listPullSecrets },
        clock,
        lagMs: delay.lagMs,
        metrics,
        logger,
        readiness: [...cluster.readiness(), ...policy.readiness],
      }).catch(portFault);
      const observed = { logger, metrics, registryHealth: assembly.registryHealth };
      const auditDeps = { ...deps, ...observed, ...told, cluster, node, addressRules, identityKey, env };
      const audit = auditPage.show(openWebhookAudit(config, auditDeps));
      facts.audit(audit);
      await deps.stopped;
      await Promise.all([serving.stop(), audit?.stop()]);
    } finally {
      delay.stop();
      await assembly.close();
    }
  } finally {
    policy.stop();
    cluster.stop();
    await following.stop();
  }
  return 0;
}

async function certificatesOf(
  config: ServeConfig,
  env: ReturnType<typeof currentEnvironment>,
  telemetry: CertificateDeps,
  facts: LiveFacts,
): Promise<Pick<ServeDeps, "certificates">> {
  if (config.certificates === "files") return {};
  const certificates = await openClusterCertificates(config, env, telemetry);
  facts.certificates(certificates);
  return { certificates };
}

function statusOf(
  keeper: StatusKeeper,
  parts: {
    readonly policy: OpenPolicy;
    readonly cluster: ClusterView;
    readonly health: Assembly["registryHealth"];
    readonly facts: LiveFacts;
  },
): NonNullable<ServeDeps["status"]> {
  const { policy, cluster, health } = parts;
  const { leases, caches } = parts.facts;
  const { watches, nodes } = cluster;
  return {
    finding: keeper.finding,
    source: (server) => keeper.source({ configuration: policy.status, watches, nodes, leases, caches, health }, server),
  };
}

/**
 * Endpoints forget a Pod within a second or two, large clusters take longer; the rest of the grace is for requests in flight, less
 * what it takes to give up a Lease.
 */
function stopTimes(graceSeconds: number): { readonly drainMs: number; readonly patienceMs: number } {
  const graceMs = graceSeconds * 1000;
  const drainMs = Math.min(5_000, graceMs / 3);
  return { drainMs, patienceMs: Math.max(0, graceMs - drainMs - Math.min(2_000, graceMs / 3)) };
}

/** A port that cannot be had is the operator's to mend, not a fault of Pullguard. */
function portFault(error: unknown): never {
  if (error instanceof Error && "syscall" in error && error.syscall === "listen") {
    throw new PullguardError("ConfigInvalid", `cannot listen: ${error.message}`, { cause: error });
  }
  throw error;
}

function assembleWebhookCheck(
  deps: WebhookDeps,
  given: Pick<AssemblyOrder, "secrets" | "node" | "openNodes" | "openPulls" | "gate" | "observer" | "caches"> &
    Required<Pick<AssemblyOrder, "identityKey">> &
    Pick<OpenPolicy, "addressRules"> & {
      readonly metrics: Metrics;
      readonly config: ServeConfig;
      readonly following: Following;
    },
): Assembly {
  const { secrets, node, openNodes, openPulls, observer, metrics, config, addressRules, identityKey, following } =
    given;
  return assembleCheck({
    clock: deps.clock,
    version: deps.version,
    identityKey,
    secrets,
    // Nobody can tell whether a Secret that a live cluster lacks is about to be applied.
    missingSecretsMayAppear: true,
    node,
    ...(openNodes === undefined ? {} : { openNodes }),
    ...(openPulls === undefined ? {} : { openPulls }),
    injectServiceAccount: "templates",
    addressRules,
    lingerMs,
    cacheBytes: config.cacheBytes,
    ...(given.gate === undefined ? {} : { gate: given.gate }),
    ...(given.caches === undefined ? {} : { caches: given.caches }),
    limits: { ...usualLimits, ...(config.registryQps === undefined ? {} : { requestsPerSecond: config.registryQps }) },
    ...(observer === undefined ? {} : { observer }),
    ...(following.ports === undefined ? {} : { wrapped: following.ports }),
    layers: config.noLayers ? "skip" : "check",
    ...(config.verifyLayers
      ? { backgroundVerification: { onResult: (result) => metrics.layerVerification(result) } }
      : {}),
  });
}

interface NodeViewDeps {
  readonly clock: Clock;
  readonly logger: Log;
  readonly metrics: Metrics;
}

async function nodeView(config: ServeConfig, deps: NodeViewDeps): Promise<NodeView> {
  const { nodeRoot, runtime, platform, nodeCredentials = "unknown" } = config;
  return {
    ...(runtime === undefined ? {} : { runtime }),
    ...(platform === undefined ? {} : { platform }),
    ...(nodeRoot === undefined ? {} : { root: { path: nodeRoot, files: nodeFilesBelow(nodeRoot) } }),
    credentials:
      nodeCredentials === "none" || nodeCredentials === "unknown"
        ? nodeCredentials
        : await followCredentials(nodeCredentials, deps),
  };
}

function followCredentials(path: string, { clock, logger, metrics }: NodeViewDeps) {
  return openNodeCredentials(path, {
    clock,
    onChange: (outcome) => {
      if (outcome.kind === "reloaded") {
        metrics.configReload("success");
        logger.info({ file: path }, "node credentials reloaded");
        return;
      }
      metrics.configReload("failure");
      logger.warn({ err: outcome.error, file: path }, "node credentials not reloaded, the old ones stay");
    },
  });
}
