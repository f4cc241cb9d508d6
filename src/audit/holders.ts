import type { NodeImage, NodeState } from "../node/index.js";
import { parseReference, runtimeReference } from "../reference/index.js";

/** More nodes than this are not named. */
const maxNamed = 50;

/**
 * Who holds an image, by the names that nodes list. Nodes share what they list, so each image's names are read once; nothing
 * is looked at before the first question. Nodes list the 50 largest of their images, so that absence proves nothing.
 * @returns names of at most 50 nodes
 */
export function imageHolders(nodes: () => Iterable<NodeState>): (names: readonly string[]) => readonly string[] {
  let byName: Map<string, Set<string>> | undefined;
  return (names) => {
    byName ??= indexOf(nodes());
    const found = new Set<string>();
    for (const name of names) for (const node of byName.get(name) ?? []) found.add(node);
    return [...found].slice(0, maxNamed);
  };
}

function indexOf(nodes: Iterable<NodeState>): Map<string, Set<string>> {
  const holders = new Map<NodeImage, string[]>();
  for (const { name, images } of nodes) {
    for (const image of images) {
      const known = holders.get(image);
      if (known === undefined) holders.set(image, [name]);
      else if (known.length < maxNamed) known.push(name);
    }
  }
  const byName = new Map<string, Set<string>>();
  for (const [{ names }, on] of holders) {
    for (const written of names) {
      const name = canonical(written);
      const known = byName.get(name) ?? new Set();
      for (const node of on) known.add(node);
      byName.set(name, known);
    }
  }
  return byName;
}

/** dockerd lists `nginx:1.27`, the others `docker.io/library/nginx:1.27`. */
function canonical(name: string): string {
  const parsed = parseReference(name, "current");
  return parsed.kind === "reference" ? runtimeReference(parsed.reference) : name;
}
