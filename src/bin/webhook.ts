import { followNodeCredentials, type NodeView, nodeFilesBelow, type ServeFlags } from "../cli/index.js";
import {
  type AccountWatchEvent,
  clusterPullSecrets,
  clusterSecretSource,
  loadCluster,
  watchServiceAccounts,
} from "../cluster/index.js";
import { currentEnvironment, loadServeConfig, type ServeConfig } from "../config/index.js";
import { type Clock, PullguardError } from "../core/index.js";
import { inMemorySecretSource, type SecretSource } from "../credentials/index.js";
import type { ListPullSecrets } from "../mutation/index.js";
import type { ReadinessCheck } from "../server/index.js";
import { createLogger, createMetrics, type Log, type Metrics } from "../telemetry/index.js";
import { type Assembly, type AssemblyOrder, assembleCheck } from "./assemble.js";
import { type OpenPolicy, openPolicy } from "./policy.js";
import { serve } from "./serve.js";

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
  const node = nodeView(config, { clock, logger, metrics });
  const policy = openPolicy(config, { clock, logger, metrics, readPolicy: given.readPolicy, env });
  const secrets = openSecrets(config, clock, logger);
  try {
    const { addressRules } = policy;
    const assembly = assembleWebhookCheck(deps, {
      secrets: secrets.source,
      node,
      logger,
      metrics,
      config,
      addressRules,
    });
    try {
      const serving = await serve({
        config,
        check: assembly.check,
        decide: policy.decide,
        scope: policy.scope,
        ...(policy.events === undefined ? {} : { events: policy.events }),
        mutation: { ...policy.mutation, secrets: secrets.source, listPullSecrets: secrets.list },
        clock,
        metrics,
        logger,
        readiness: [...secrets.readiness, ...policy.readiness],
      }).catch(portFault);
      await deps.stopped;
      await serving.stop();
    } finally {
      await assembly.close();
    }
  } finally {
    policy.stop();
    secrets.stop();
  }
  return 0;
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
  given: Pick<AssemblyOrder, "secrets" | "node"> &
    Pick<OpenPolicy, "addressRules"> & {
      readonly logger: Log;
      readonly metrics: Metrics;
      readonly config: ServeConfig;
    },
): Assembly {
  const { secrets, node, logger, metrics, config, addressRules } = given;
  const observer: NonNullable<AssemblyOrder["observer"]> = {
    onFault: (error) => logger.error({ err: error }, "a check failed"),
    onRequest: ({ registry, method, status, durationMs }) =>
      metrics.registryRequest({ registry, method, code: status ?? "fault", durationMs }),
    onRateLimit: ({ registry, reading }) => metrics.rateLimitRemaining(registry, reading.remaining),
    onCache: (result) => metrics.cacheRequest(result),
  };
  return assembleCheck({
    clock: deps.clock,
    version: deps.version,
    secrets,
    // Nobody can tell whether a Secret that a live cluster lacks is about to be applied.
    missingSecretsMayAppear: true,
    node,
    injectServiceAccount: "templates",
    addressRules,
    lingerMs,
    observer,
    layers: config.noLayers ? "skip" : "check",
    ...(config.verifyLayers
      ? { backgroundVerification: { onResult: (result) => metrics.layerVerification(result) } }
      : {}),
  });
}

/** Where Secrets and ServiceAccounts come from while the webhook runs. */
interface OpenSecrets {
  readonly source: SecretSource;
  readonly list: ListPullSecrets;
  readonly readiness: readonly ReadinessCheck[];
  stop(): void;
}

function openSecrets(config: ServeConfig, clock: Clock, logger: Log): OpenSecrets {
  if (config.noCluster) {
    const absent = { kind: "unreadable", reason: "Pullguard was told to read nothing from the cluster" } as const;
    const source = inMemorySecretSource({ secrets: [], serviceAccounts: [], absent });
    return { source, list: () => Promise.resolve(absent), readiness: [], stop: () => undefined };
  }
  const target = config.kubeconfig === undefined ? undefined : ({ kind: "file", path: config.kubeconfig } as const);
  const access = loadCluster(target ?? { kind: "default" });
  if (access === undefined) {
    throw new PullguardError("ConfigInvalid", "no cluster is configured; give --kubeconfig FILE or --no-cluster");
  }
  const watched = watchServiceAccounts({
    access,
    clock,
    source: clusterSecretSource({ access, clock }),
    onEvent: (event) => reportWatch(logger, event),
  });
  return {
    source: watched.secrets,
    list: clusterPullSecrets({ access, clock }),
    readiness: [{ name: "service accounts", reason: watched.notReady }],
    stop: watched.stop,
  };
}

function reportWatch(logger: Log, event: AccountWatchEvent): void {
  if (event.kind === "synced") {
    logger.info({ accounts: event.accounts }, "service accounts are watched");
    return;
  }
  const { reason, retryMs } = event;
  logger.warn({ reason, retryMs }, "service accounts are not watched, each is asked for when it is needed");
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
