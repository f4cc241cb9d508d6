import { LRUCache } from "lru-cache";
import type { NodeCandidates, NodeProfile, NodeSource, NodeState } from "../node/index.js";
import type { PodPullSpec } from "../workload/index.js";
import { fitsNode, mayFitPool, type Placement } from "./fits.js";
import type { NodePool, NodeSet } from "./types.js";
import { whereOf } from "./where.js";

/** Memory for placements whose nodes are remembered; clusters have some dozens, of some hundred bytes each. */
const maxPlacementBytes = 4 * 1024 * 1024;
/** What is longer was written to be long. */
const longestPlacementBytes = 128 * 1024;

/**
 * The nodes of one moment, asked where Pods may land. An answer is worked out once for all Pods that ask for the same.
 *
 * Pools that may be filled count beside the nodes that are there. Where nothing fits, a node that does is still to come,
 * and nothing is known of it but what `otherwise` holds.
 * @param otherwise profiles of nodes that nobody listed; at least one
 */
export function placeOn(set: NodeSet, otherwise: readonly NodeProfile[]): NodeSource {
  const known = new LRUCache<string, readonly NodeCandidates[]>({
    maxSize: maxPlacementBytes,
    maxEntrySize: longestPlacementBytes,
    sizeCalculation: (groups, key) =>
      200 + key.length + groups.reduce((bytes, { nodes = [] }) => bytes + 100 + 8 * nodes.length, 0),
  });
  return {
    candidatesFor: (pod) => {
      const key = placementKey(pod);
      const before = known.get(key);
      if (before !== undefined) return before;
      const candidates = candidatesOf(pod, set, otherwise);
      known.set(key, candidates);
      return candidates;
    },
  };
}

function candidatesOf(pod: Placement, set: NodeSet, otherwise: readonly NodeProfile[]): readonly NodeCandidates[] {
  const byProfile = new Map<NodeProfile, NodeState[]>();
  for (const node of set.nodes) {
    if (!fitsNode(pod, node)) continue;
    for (const profile of node.profiles) {
      const group = byProfile.get(profile);
      if (group === undefined) byProfile.set(profile, [node.state]);
      else group.push(node.state);
    }
  }
  const groups: NodeCandidates[] = [...byProfile]
    .map(([profile, nodes]) => ({ profile, nodes, where: whereOf(nodes) }))
    .sort((a, b) => b.nodes.length - a.nodes.length);
  for (const pool of set.pools) {
    if (!mayFitPool(pod, pool)) continue;
    for (const profile of pool.profiles) groups.push({ profile, where: pool.name });
    // Where the Pod only lands on nodes of this pool, what was said of nodes in general is not about them.
    if (isDecided(pod, pool)) break;
  }
  return groups.length > 0 ? groups : otherwise.map((profile) => ({ profile, where: profile.name }));
}

function isDecided({ nodeSelector }: Placement, { decidedBy }: NodePool): boolean {
  return decidedBy !== undefined && Object.entries(decidedBy).every(([key, value]) => nodeSelector[key] === value);
}

/** Two Pods with equal keys land on the same nodes. */
function placementKey({ nodeName, nodeSelector, nodeAffinity, tolerations, os }: PodPullSpec): string {
  return JSON.stringify([nodeName, Object.entries(nodeSelector).sort(), nodeAffinity, tolerations, os]);
}
