import { followNodeCredentials, type NodeView, nodeFilesBelow, type ServeFlags } from "../cli/index.js";
import { currentEnvironment, loadServeConfig, type ServeConfig } from "../config/index.js";
import { type Clock, PullguardError } from "../core/index.js";
import { createLogger, createMetrics, type Log, type Metrics } from "../telemetry/index.js";
import { type Assembly, type AssemblyOrder, assembleCheck } from "./assemble.js";
import { type ClusterView, openClusterView } from "./cluster-view.js";
import { type OpenPolicy, openPolicy } from "./policy.js";
import { type ServeDeps, serve } from "./serve.js";
import { createStatusKeeper, type StatusKeeper } from "./status.js";
import { type Following, openFollowing } from "./tracing.js";

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
  const logger = createLogger({ level: config.logLevel });
  const metrics = createMetrics({ version, processMetrics: true });
  const following = await openFollowing(config, { clock, version, logger, metrics });
  const keeper = createStatusKeeper(config, { clock, version });
  const node = nodeView(config, { clock, logger, metrics });
  const policy = openPolicy(config, { clock, logger, metrics, readPolicy: given.readPolicy, env });
  const cluster = openClusterView(config, clock, logger, metrics);
  try {
    const { addressRules } = policy;
    const assembly = assembleWebhookCheck(deps, {
      ...cluster,
      node,
      logger,
      metrics,
      config,
      addressRules,
      following,
      keeper,
    });
    try {
      const serving = await serve({
        config,
        check: following.ports?.check(assembly.check) ?? assembly.check,
        following,
        ...(config.statusz ? { status: statusOf(keeper, { policy, cluster }) } : {}),
        decide: policy.decide,
        scope: policy.scope,
        ...(policy.events === undefined ? {} : { events: policy.events }),
        mutation: { ...policy.mutation, secrets: cluster.secrets, listPullSecrets: cluster.listPullSecrets },
        clock,
        metrics,
        logger,
        readiness: [...cluster.readiness(), ...policy.readiness],
      }).catch(portFault);
      await deps.stopped;
      await serving.stop();
    } finally {
      await assembly.close();
    }
  } finally {
    policy.stop();
    cluster.stop();
    await following.stop();
  }
  return 0;
}

function statusOf(
  keeper: StatusKeeper,
  { policy, cluster }: { readonly policy: OpenPolicy; readonly cluster: ClusterView },
): NonNullable<ServeDeps["status"]> {
  const { watches, nodes } = cluster;
  return {
    finding: keeper.finding,
    source: (facts) => keeper.source({ configuration: policy.status, watches, nodes }, facts),
  };
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
  given: Pick<AssemblyOrder, "secrets" | "node" | "openNodes" | "openPulls"> &
    Pick<OpenPolicy, "addressRules"> & {
      readonly logger: Log;
      readonly metrics: Metrics;
      readonly config: ServeConfig;
      readonly following: Following;
      readonly keeper: StatusKeeper;
    },
): Assembly {
  const { secrets, node, openNodes, openPulls, logger, metrics, config, addressRules, following, keeper } = given;
  const observer: NonNullable<AssemblyOrder["observer"]> = {
    onFault: (error, uid) => {
      metrics.fault("check");
      logger.error({ ...(uid === undefined ? {} : { uid }), err: error }, "a check failed");
    },
    onRequest: (request) => {
      const { registry, method, status, durationMs } = request;
      metrics.registryRequest({ registry, method, code: status ?? "fault", durationMs });
      keeper.registries.request(request, deps.clock.nowMs());
      following.ports?.request(request);
      logger.debug({ uid: following.uid(), ...request }, "registry request");
    },
    onRateLimit: ({ registry, reading }) => {
      keeper.registries.rateLimit(registry, reading, deps.clock.nowMs());
      metrics.rateLimitRemaining(registry, reading.remaining);
    },
    onPullEstimate: (pullMs) => metrics.predictedPull(pullMs),
    onCache: (result) => {
      keeper.cacheRequest(result);
      metrics.cacheRequest(result);
    },
  };
  return assembleCheck({
    clock: deps.clock,
    version: deps.version,
    secrets,
    // Nobody can tell whether a Secret that a live cluster lacks is about to be applied.
    missingSecretsMayAppear: true,
    node,
    ...(openNodes === undefined ? {} : { openNodes }),
    ...(openPulls === undefined ? {} : { openPulls }),
    injectServiceAccount: "templates",
    addressRules,
    lingerMs,
    observer,
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

function nodeView(config: ServeConfig, deps: NodeViewDeps): NodeView {
  const { nodeRoot, runtime, platform, nodeCredentials = "unknown" } = config;
  return {
    ...(runtime === undefined ? {} : { runtime }),
    ...(platform === undefined ? {} : { platform }),
    ...(nodeRoot === undefined ? {} : { root: { path: nodeRoot, files: nodeFilesBelow(nodeRoot) } }),
    credentials:
      nodeCredentials === "none" || nodeCredentials === "unknown"
        ? nodeCredentials
        : followCredentials(nodeCredentials, deps),
  };
}

function followCredentials(path: string, { clock, logger, metrics }: NodeViewDeps) {
  return followNodeCredentials(path, {
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
