import type { NodeCandidates, NodeProfile, NodeSource } from "./types.js";

/**
 * Nodes of which nothing is known but their profiles: any Pod may land on any of them.
 * @param listed what is known of the nodes beyond that, one list for all profiles; absent: nobody listed them
 */
export function fixedNodes(
  profiles: readonly NodeProfile[],
  listed: Pick<NodeCandidates, "nodes" | "nodesAreSample"> = {},
): NodeSource {
  const candidates = profiles.map((profile) => ({ profile, where: profile.name, ...listed }));
  return { candidatesFor: () => candidates };
}
