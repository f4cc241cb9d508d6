import {
  type ClusterAccess,
  clusterPullSecrets,
  clusterSecretSource,
  loadCluster,
  type NodesEvent,
  type PullsEvent,
  type WatchEvent,
  type WatchedNodes,
  type WatchedPulls,
  watchNodes,
  watchPulls,
  watchServiceAccounts,
} from "../cluster/index.js";
import type { ServeConfig } from "../config/index.js";
import { type CacheRegister, type Clock, PullguardError } from "../core/index.js";
import { inMemorySecretSource, type SecretSource } from "../credentials/index.js";
import type { ListPullSecrets } from "../mutation/index.js";
import type { ReadinessCheck } from "../server/index.js";
import type { Status } from "../status/index.js";
import type { Log } from "../telemetry/index.js";
import type { AssemblyOrder } from "./assemble.js";
import { createWatchLedger, type WatchLedger } from "./watch-ledger.js";

/** What a cluster tells while the webhook runs. */
export interface ClusterView extends Pick<AssemblyOrder, "secrets" | "openNodes" | "openPulls"> {
  readonly secrets: SecretSource;
  /** The pull secrets of a namespace, for mutations. */
  readonly listPullSecrets: ListPullSecrets;
  /** How well the cluster is followed, for people. */
  watches(): Status["watches"];
  nodes(): Status["nodes"];
  /** The cluster itself and its nodes once they are opened, for who asks about what runs; absent without a cluster. */
  readonly followed?: { readonly access: ClusterAccess; readonly nodes: () => WatchedNodes | undefined };
  /** Conditions for being sent requests; asked for once the nodes are opened. */
  readiness(): readonly ReadinessCheck[];
  stop(): void;
}

/** Who hears of the watches and of what is remembered. */
export interface ClusterTelling {
  readonly watches?: WatchLedger;
  readonly caches?: CacheRegister;
}

/**
 * Opens the cluster that the webhook is to ask, if any.
 * @throws PullguardError `ConfigInvalid` where none is configured, `InputInvalid` for a kubeconfig that cannot be used
 */
export function openClusterView(
  config: Pick<ServeConfig, "noCluster" | "kubeconfig" | "agentNamespace" | "watchPulls">,
  clock: Clock,
  logger: Log,
  told: ClusterTelling = {},
): ClusterView {
  if (config.noCluster) {
    const absent = { kind: "unreadable", reason: "Pullguard was told to read nothing from the cluster" } as const;
    const secrets = inMemorySecretSource({ secrets: [], serviceAccounts: [], absent });
    return {
      secrets,
      listPullSecrets: () => Promise.resolve(absent),
      watches: () => [],
      nodes: () => undefined,
      readiness: () => [],
      stop: () => undefined,
    };
  }
  const target = config.kubeconfig === undefined ? undefined : ({ kind: "file", path: config.kubeconfig } as const);
  const access = loadCluster(target ?? { kind: "default" });
  if (access === undefined) {
    throw new PullguardError("ConfigInvalid", "no cluster is configured; give --kubeconfig FILE or --no-cluster");
  }
  return followCluster(access, config, clock, { ...told, logger });
}

function followCluster(
  access: ClusterAccess,
  { agentNamespace, watchPulls: withPulls }: Pick<ServeConfig, "agentNamespace" | "watchPulls">,
  clock: Clock,
  { logger, caches, watches = createWatchLedger(clock, undefined) }: ClusterTelling & { readonly logger: Log },
): ClusterView {
  const lookups = { access, clock, ...(caches === undefined ? {} : { caches }) };
  const accounts = watchServiceAccounts({
    access,
    clock,
    source: clusterSecretSource(lookups),
    onEvent: (event) => {
      watches.note("serviceaccounts", event);
      reportAccounts(logger, event);
    },
  });
  let nodes: WatchedNodes | undefined;
  let pulls: WatchedPulls | undefined;
  const reportPulls = pullsReporter(logger);
  const openPulls: AssemblyOrder["openPulls"] = ({ durations, layers }) => {
    pulls = watchPulls({
      access,
      clock,
      durations,
      // What a registry told is exact; nodes tell of images too that were never asked for here.
      sizeOf: (image) => layers.sizeOf(image) ?? nodes?.sizeOf(image),
      nodeNamed: (name) => nodes?.nodeNamed(name),
      onEvent: (event) => {
        watches.note(event.resource, event);
        reportPulls(event);
      },
    });
    return pulls.queue;
  };
  return {
    secrets: accounts.secrets,
    listPullSecrets: clusterPullSecrets(lookups),
    openNodes: (profiles) => {
      const onEvent = (event: NodesEvent): void => {
        if ("resource" in event) watches.note(event.resource, event);
        reportNodes(logger, event);
      };
      nodes = watchNodes({ ...profiles, access, clock, agentNamespace, onEvent });
      return nodes.nodes;
    },
    ...(withPulls ? { openPulls } : {}),
    watches: watches.list,
    nodes: () => nodes?.usage(),
    followed: { access, nodes: () => nodes },
    readiness: () => [
      { name: "service accounts", reason: accounts.notReady },
      ...(nodes === undefined ? [] : [{ name: "nodes", reason: nodes.notReady }]),
    ],
    stop: () => {
      accounts.stop();
      pulls?.stop();
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

const withoutPulls = {
  pods: "Pods are not watched, nothing is said of images that wait on nodes",
  events: "events are not watched, how fast nodes pull is not known",
} as const;

/** Advice is all that rests on these: one line for as long as the reason is the same. */
function pullsReporter(logger: Log): (event: PullsEvent) => void {
  const told = new Map<PullsEvent["resource"], string>();
  return (event) => {
    const { resource } = event;
    const now = event.kind === "synced" ? "" : event.reason;
    if (told.get(resource) === now) return;
    told.set(resource, now);
    if (event.kind === "synced") logger.info({ objects: event.objects }, `${resource} are watched`);
    else logger.warn({ reason: event.reason }, withoutPulls[resource]);
  };
}
