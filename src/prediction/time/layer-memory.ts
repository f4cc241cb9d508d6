import { LRUCache } from "lru-cache";
import type { CacheRegister } from "../../core/index.js";
import type { NodeState } from "../../node/index.js";
import { type ImageReference, parseReference, repositoryName, runtimeReference } from "../../reference/index.js";
import type { PulledAttempt } from "../types.js";

/** Which layers images have that were looked at before, so that those on a node are known to be there. */
export interface LayerMemory {
  remember(reference: ImageReference, attempt: PulledAttempt): void;
  /** Digests of layers that the node's images have, as far as these are known here. */
  layersOn(node: NodeState): ReadonlySet<string>;
  /** Compressed bytes of an image as a Pod has it, by what its name meant when it was last looked at; undefined: it was not. */
  sizeOf(image: string): number | undefined;
}

/** What the cache takes for an entry beside its key. */
const entryBytes = 120;

/**
 * Remembers by `repository@digest`, of index and manifest, as nodes list images. A tag is not remembered: it may have moved
 * since a node pulled it. For the size alone the tag will do.
 * @param maxBytes  memory for it, as far as that can be estimated
 */
export function createLayerMemory(maxBytes: number, caches?: CacheRegister): LayerMemory {
  const layers = new LRUCache<string, readonly string[]>({
    maxSize: Math.ceil(maxBytes * 0.8),
    // The digests themselves are those of the remembered attempt, as long as that is.
    sizeCalculation: (digests, key) => entryBytes + key.length + 100 * digests.length,
  });
  const sizes = new LRUCache<string, number>({
    maxSize: Math.ceil(maxBytes * 0.2),
    sizeCalculation: (_size, key) => entryBytes + key.length,
  });
  caches?.add("layers", layers);
  caches?.add("image_sizes", sizes);
  // Most admissions are answered from memory, with the same attempt again and again.
  const remembered = new WeakSet<PulledAttempt>();
  return {
    remember(reference, attempt) {
      const { digest, image } = attempt;
      if (image === undefined) return;
      const bytes = image.layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      sizes.set(runtimeReference(reference), bytes);
      if (remembered.has(attempt)) return;
      remembered.add(attempt);
      const digests = image.layers.map((layer) => layer.digest);
      for (const known of new Set([digest, image.manifestDigest])) {
        layers.set(`${repositoryName(reference)}@${known}`, digests);
      }
    },
    layersOn({ images }) {
      const found = new Set<string>();
      for (const name of images.flatMap(({ names }) => names)) {
        if (!name.includes("@")) continue;
        const parsed = parseReference(name, "current");
        if (parsed.kind !== "reference") continue;
        for (const digest of layers.get(runtimeReference(parsed.reference)) ?? []) found.add(digest);
      }
      return found;
    },
    sizeOf(image) {
      const parsed = parseReference(image, "current");
      return parsed.kind === "reference" ? sizes.get(runtimeReference(parsed.reference)) : undefined;
    },
  };
}
