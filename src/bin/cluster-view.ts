import {
  type ClusterAccess,
  clusterPullSecrets,
  clusterSecretSource,
  loadCluster,
  type NodesEvent,
  type WatchEvent,
  type WatchedNodes,
  watchNodes,
  watchServiceAccounts,
} from "../cluster/index.js";
import type { ServeConfig } from "../config/index.js";
import { type Clock, PullguardError } from "../core/index.js";
import { inMemorySecretSource, type SecretSource } from "../credentials/index.js";
import type { ListPullSecrets } from "../mutation/index.js";
import type { ReadinessCheck } from "../server/index.js";
import type { Log } from "../telemetry/index.js";
import type { AssemblyOrder } from "./assemble.js";

/** What a cluster tells while the webhook runs. */
export interface ClusterView extends Pick<AssemblyOrder, "secrets" | "openNodes"> {
  readonly secrets: SecretSource;
  /** The pull secrets of a namespace, for mutations. */
  readonly listPullSecrets: ListPullSecrets;
  /** Conditions for being sent requests; asked for once the nodes are opened. */
  readiness(): readonly ReadinessCheck[];
  stop(): void;
}

/**
 * Opens the cluster that the webhook is to ask, if any.
 * @throws PullguardError `ConfigInvalid` where none is configured, `InputInvalid` for a kubeconfig that cannot be used
 */
export function openClusterView(
  config: Pick<ServeConfig, "noCluster" | "kubeconfig" | "agentNamespace">,
  clock: Clock,
  logger: Log,
): ClusterView {
  if (config.noCluster) {
    const absent = { kind: "unreadable", reason: "Pullguard was told to read nothing from the cluster" } as const;
    const secrets = inMemorySecretSource({ secrets: [], serviceAccounts: [], absent });
    return { secrets, listPullSecrets: () => Promise.resolve(absent), readiness: () => [], stop: () => undefined };
  }
  const target = config.kubeconfig === undefined ? undefined : ({ kind: "file", path: config.kubeconfig } as const);
  const access = loadCluster(target ?? { kind: "default" });
  if (access === undefined) {
    throw new PullguardError("ConfigInvalid", "no cluster is configured; give --kubeconfig FILE or --no-cluster");
  }
  return followCluster(access, config.agentNamespace, clock, logger);
}

function followCluster(access: ClusterAccess, agentNamespace: string, clock: Clock, logger: Log): ClusterView {
  const accounts = watchServiceAccounts({
    access,
    clock,
    source: clusterSecretSource({ access, clock }),
    onEvent: (event) => reportAccounts(logger, event),
  });
  let nodes: WatchedNodes | undefined;
  return {
    secrets: accounts.secrets,
    listPullSecrets: clusterPullSecrets({ access, clock }),
    openNodes: (profiles) => {
      nodes = watchNodes({
        ...profiles,
        access,
        clock,
        agentNamespace,
        onEvent: (event) => reportNodes(logger, event),
      });
      return nodes.nodes;
    },
    readiness: () => [
      { name: "service accounts", reason: accounts.notReady },
      ...(nodes === undefined ? [] : [{ name: "nodes", reason: nodes.notReady }]),
    ],
    stop: () => {
      accounts.stop();
      nodes?.stop();
    },
  };
}

function reportAccounts(logger: Log, event: WatchEvent): void {
  if (event.kind === "synced") {
    logger.info({ accounts: event.objects }, "service accounts are watched");
    return;
  }
  const { reason, retryMs } = event;
  logger.warn({ reason, retryMs }, "service accounts are not watched, each is asked for when it is needed");
}

const withoutWatch = {
  nodes: "nodes are not watched, every Pod is taken to land on any node",
  profiles: "node profiles are not watched, what the nodes trust is not known",
  leases: "the node agents are not watched, whether their profiles are still true is not known",
} as const;

function reportNodes(logger: Log, event: NodesEvent): void {
  switch (event.kind) {
    case "synced":
      logger.info({ objects: event.objects }, `${event.resource} are watched`);
      return;
    case "fault":
      logger.warn({ reason: event.reason, retryMs: event.retryMs }, withoutWatch[event.resource]);
      return;
    case "unusable":
      logger.warn({ profile: event.profile, reason: event.reason }, "a NodePullProfile cannot be used");
      return;
    case "aged":
      if (event.profiles.length === 0) logger.info("every node profile in use is confirmed by its agents");
      else logger.warn({ profiles: event.profiles }, "node profiles are used that no agent has confirmed for too long");
      return;
  }
}
