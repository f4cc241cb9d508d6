import { CoordinationV1Api, CustomObjectsApi } from "@kubernetes/client-node";
import type { Clock } from "../core/index.js";
import type { NodeSource, NodeState } from "../node/index.js";
import type { ProfileMaker } from "../placement/index.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { type HeardSign, type NodeRecord, noteLease, noteNode } from "./node-records.js";
import { createNodesView } from "./nodes-view.js";
import { faultOf } from "./object-watch.js";
import { listResource, type PrunedObject, type Resource } from "./resource.js";
import { leaseResource } from "./watched-lease.js";
import { nodeResource } from "./watched-node.js";
import { profileResource } from "./watched-profile.js";

export interface ListedNodesDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Namespace of the node agents' Leases. */
  readonly agentNamespace: string;
}

/**
 * Nodes, NodePullProfiles and Leases as they are now, for one command; `missing` names those of the latter two that could
 * not be listed and count as if there were none. Never rejects: `problem` is why there are no Nodes.
 */
export async function listNodes(
  { access, clock, agentNamespace }: ListedNodesDeps,
  signal: AbortSignal,
): Promise<
  | {
      readonly open: (maker: ProfileMaker) => NodeSource;
      readonly states: readonly NodeState[];
      readonly missing: readonly string[];
    }
  | { readonly problem: string }
> {
  const missing: string[] = [];
  const listed = async <T extends PrunedObject>(resource: Resource<T>): Promise<readonly T[]> => {
    try {
      return (await listResource(resource, signal, clock)).items;
    } catch {
      missing.push(resource.plural);
      return [];
    }
  };
  const records = new Map<string, NodeRecord>();
  try {
    const { items } = await listResource(nodeResource(access.core), signal, clock);
    for (const node of items) noteNode(records, node, false);
  } catch (error) {
    return { problem: faultOf(error, access.server, "nodes").reason };
  }
  const [profiles, leases] = await Promise.all([
    listed(profileResource(access.config.makeApiClient(CustomObjectsApi))),
    listed(leaseResource(access.config.makeApiClient(CoordinationV1Api), agentNamespace)),
  ]);
  const signs = new Map<string, HeardSign>();
  for (const lease of leases) noteLease(signs, lease, false, clock.nowMs());
  const told = {
    nodes: [...records.values()].map(({ node }) => node),
    profiles: profiles.flatMap(({ reading }) => (reading.kind === "profile" ? [reading.profile] : [])),
    signs,
  };
  const states = told.nodes.map(({ state }) => state);
  return { missing: missing.sort(), states, open: (maker) => createNodesView({ ...maker, clock }, () => told) };
}
