import { type NodeView, nodeFilesBelow, type ServeFlags } from "../cli/index.js";
import { clusterSecretSource, loadCluster } from "../cluster/index.js";
import { currentEnvironment, loadServeConfig, type ServeConfig } from "../config/index.js";
import { type Clock, PullguardError } from "../core/index.js";
import type { SecretSource } from "../credentials/index.js";
import { inMemorySecretSource } from "../credentials/index.js";
import { decide } from "../policy/index.js";
import { createLogger, createMetrics, type Log, type Metrics } from "../telemetry/index.js";
import { type Assembly, type AssemblyOrder, assembleCheck } from "./assemble.js";
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
  const config = loadServeConfig({ flags: given.flags, env: currentEnvironment(), readFile: given.readFile });
  const logger = createLogger({ level: config.logLevel });
  const metrics = createMetrics({ version, processMetrics: true });
  const assembly = assembleWebhookCheck(config, deps, logger, metrics);
  try {
    const serving = await serve({
      config,
      check: assembly.check,
      decide: (findings) => decide(findings, config.mode),
      clock,
      metrics,
      logger,
    }).catch(portFault);
    await deps.stopped;
    await serving.stop();
  } finally {
    await assembly.close();
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

function assembleWebhookCheck(config: ServeConfig, deps: WebhookDeps, logger: Log, metrics: Metrics): Assembly {
  const observer: NonNullable<AssemblyOrder["observer"]> = {
    // serve() counts findings where it hands the report over.
    onFinding: () => undefined,
    onFault: (error) => logger.error({ err: error }, "a check failed"),
    onRequest: ({ registry, method, status, durationMs }) =>
      metrics.registryRequest({ registry, method, code: status ?? "fault", durationMs }),
    onCache: (result) => metrics.cacheRequest(result),
  };
  return assembleCheck({
    clock: deps.clock,
    version: deps.version,
    secrets: secretSource(config, deps.clock),
    // Nobody can tell whether a Secret that a live cluster lacks is about to be applied.
    missingSecretsMayAppear: true,
    node: nodeView(config),
    injectServiceAccount: "templates",
    lingerMs,
    observer,
  });
}

function secretSource(config: ServeConfig, clock: Clock): SecretSource {
  if (config.noCluster) {
    const absent = { kind: "unreadable", reason: "Pullguard was told to read nothing from the cluster" } as const;
    return inMemorySecretSource({ secrets: [], serviceAccounts: [], absent });
  }
  const target = config.kubeconfig === undefined ? undefined : ({ kind: "file", path: config.kubeconfig } as const);
  const access = loadCluster(target ?? { kind: "default" });
  if (access === undefined) {
    throw new PullguardError("ConfigInvalid", "no cluster is configured; give --kubeconfig FILE or --no-cluster");
  }
  return clusterSecretSource({ access, clock });
}

function nodeView(config: ServeConfig): NodeView {
  const { nodeRoot, runtime, platform, nodeCredentials = "unknown" } = config;
  return {
    ...(runtime === undefined ? {} : { runtime }),
    ...(platform === undefined ? {} : { platform }),
    ...(nodeRoot === undefined ? {} : { root: { path: nodeRoot, files: nodeFilesBelow(nodeRoot) } }),
    credentials: nodeCredentials,
  };
}
