import type { NodeProfile, NodeSource, NodeState } from "./types.js";

/**
 * Nodes of which nothing is known but their profiles: any Pod may land on any of them.
 * @param nodes what is known of the nodes beyond that, one list for all profiles; absent: nobody listed them
 */
export function fixedNodes(profiles: readonly NodeProfile[], nodes?: readonly NodeState[]): NodeSource {
  const listed = nodes === undefined ? {} : { nodes };
  const candidates = profiles.map((profile) => ({ profile, where: profile.name, ...listed }));
  return { candidatesFor: () => candidates };
}
