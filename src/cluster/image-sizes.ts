import { LRUCache } from "lru-cache";
import type { NodeImage } from "../node/index.js";
import { parseReference, runtimeReference } from "../reference/index.js";

/** How large images are, as nodes that hold them tell. */
export interface ImageSizes {
  note(images: readonly NodeImage[]): void;
  /**
   * Bytes of an image as a Pod has it: compressed where containerd tells, unpacked where others do. Undefined where no
   * node holds it, or none lists it among its largest.
   */
  sizeOf(image: string): number | undefined;
}

/** Names that are remembered, some hundred bytes each. */
const maxNames = 20_000;

/** Remembers what was noted last of each name. */
export function createImageSizes(): ImageSizes {
  const sizes = new LRUCache<string, number>({ max: maxNames });
  // Nodes are told of all the time, and nearly always with the images that they had before.
  const noted = new WeakSet<NodeImage>();
  return {
    note(images) {
      for (const image of images) {
        if (noted.has(image) || image.sizeBytes <= 0) continue;
        noted.add(image);
        for (const name of image.names) {
          const key = keyOf(name);
          if (key !== undefined) sizes.set(key, image.sizeBytes);
        }
      }
    },
    sizeOf(image) {
      const key = keyOf(image);
      return key === undefined ? undefined : sizes.get(key);
    },
  };
}

function keyOf(name: string): string | undefined {
  const parsed = parseReference(name, "current");
  return parsed.kind === "reference" ? runtimeReference(parsed.reference) : undefined;
}
