import type { NodeProfile, NodeSource } from "./types.js";

/** Nodes of which nothing is known but their profiles: any Pod may land on any of them. */
export function fixedNodes(profiles: readonly NodeProfile[]): NodeSource {
  const candidates = profiles.map((profile) => ({ profile, where: profile.name }));
  return { candidatesFor: () => candidates };
}
