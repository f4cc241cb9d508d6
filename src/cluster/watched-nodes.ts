import { CoordinationV1Api, CustomObjectsApi } from "@kubernetes/client-node";
import type { Clock } from "../core/index.js";
import type { NodeSource, NodeState } from "../node/index.js";
import { type ProfileMaker, type ProfileUsage, type PublishedProfile, profileUsage } from "../placement/index.js";
import { createImageSizes } from "./image-sizes.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { type HeardSign, type NodeRecord, noteLease, noteNode } from "./node-records.js";
import { type AgedProfile, createNodesView } from "./nodes-view.js";
import { type WatchEvent, watchObjects } from "./object-watch.js";
import { leaseResource } from "./watched-lease.js";
import { nodeResource } from "./watched-node.js";
import { profileResource } from "./watched-profile.js";

/** What became of one of the watches, or of a profile that cannot be used; for a log. */
export type NodesEvent =
  | (WatchEvent & { readonly resource: "nodes" | "profiles" | "leases" })
  | { readonly kind: "unusable"; readonly profile: string; readonly reason: string }
  /** Profiles that are used although no agent has confirmed them for too long; none: all are confirmed again. */
  | { readonly kind: "aged"; readonly profiles: readonly AgedProfile[] };

export interface WatchedNodesDeps extends ProfileMaker {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Namespace of the node agents' Leases. */
  readonly agentNamespace: string;
  readonly onEvent?: (event: NodesEvent) => void;
  readonly random?: () => number;
}

/** Nodes as watches tell them. */
export interface WatchedNodes {
  readonly nodes: NodeSource;
  /** Every node as it is told of at the moment. */
  states(): readonly NodeState[];
  /** One node as it is told of at the moment. */
  nodeNamed(name: string): NodeState | undefined;
  /** Bytes of an image as a Pod has it, by what nodes tell that hold it; see {@link ImageSizes}. */
  sizeOf(image: string): number | undefined;
  /** Which profiles the nodes have at the moment, for people; undefined before nodes were told of. */
  usage(): ProfileUsage | undefined;
  /** Why a server should not be sent requests yet; undefined for good soon after the start, whatever the API server does. */
  notReady(): string | undefined;
  stop(): void;
}

/**
 * Follows Nodes, NodePullProfiles and the agents' Leases, and answers from memory where Pods may land. Without Nodes
 * (no right to list them, say) it answers as if nobody had listed any; without profiles or Leases of nodes whose files
 * nobody showed, or that nobody confirms any more.
 */
export function watchNodes(deps: WatchedNodesDeps): WatchedNodes {
  const { access, clock, onEvent } = deps;
  const shared = { access, clock, ...(deps.random === undefined ? {} : { random: deps.random }) };
  const report = (resource: "nodes" | "profiles" | "leases") => (event: WatchEvent) => {
    view.invalidate();
    onEvent?.({ ...event, resource });
  };
  const signs = new Map<string, HeardSign>();
  const records = new Map<string, NodeRecord>();
  const sizes = createImageSizes();
  const nodes = watchObjects({
    ...shared,
    resource: nodeResource(access.core),
    onEvent: report("nodes"),
    onObject: (node, gone) => {
      if (!gone) sizes.note(node.images);
      if (noteNode(records, node, gone)) view.invalidate();
    },
  });
  const profiles = watchObjects({
    ...shared,
    resource: profileResource(access.config.makeApiClient(CustomObjectsApi)),
    onEvent: report("profiles"),
    onObject: ({ reading }, gone) => {
      view.invalidate();
      if (reading.kind === "invalid" && !gone) {
        onEvent?.({ kind: "unusable", profile: reading.name, reason: reading.message });
      }
    },
  });
  const leases = watchObjects({
    ...shared,
    resource: leaseResource(access.config.makeApiClient(CoordinationV1Api), deps.agentNamespace),
    onEvent: report("leases"),
    onObject: (lease, gone) => {
      if (noteLease(signs, lease, gone, clock.nowMs())) view.invalidate();
    },
  });
  const usable = (): readonly PublishedProfile[] =>
    profiles.list().flatMap(({ reading }) => (reading.kind === "profile" ? [reading.profile] : []));
  const view = createNodesView({ ...deps, onAged: (aged) => onEvent?.({ kind: "aged", profiles: aged }) }, () =>
    nodes.hasSynced() ? { nodes: [...records.values()].map(({ node }) => node), profiles: usable(), signs } : undefined,
  );
  return {
    nodes: view,
    states: () => [...records.values()].map(({ node }) => node.state),
    nodeNamed: (name) => records.get(name)?.node.state,
    sizeOf: (image) => sizes.sizeOf(image),
    usage: () =>
      nodes.hasSynced()
        ? profileUsage(
            [...records.values()].map(({ node }) => node),
            usable(),
            signs,
            clock.nowMs(),
          )
        : undefined,
    ...together([nodes, profiles, leases]),
  };
}

/** Ready once all are. */
function together(
  watches: readonly Pick<WatchedNodes, "notReady" | "stop">[],
): Pick<WatchedNodes, "notReady" | "stop"> {
  return {
    notReady: () => watches.map((watch) => watch.notReady()).find((reason) => reason !== undefined),
    stop: () => {
      for (const watch of watches) watch.stop();
    },
  };
}
