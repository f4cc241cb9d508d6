import type { NodeTree } from "../node/index.js";
import type { HostView } from "./types.js";

/** A file system that remembers what was looked at, as it was just before. */
export interface TrackedTree {
  readonly tree: NodeTree;
  /** Whether everything that was looked at is still the same. */
  isUnchanged(): boolean;
}

/** Tracks a node's files from now on. What changes while it is being read shows as changed. */
export function trackTree({ tree, signature }: HostView): TrackedTree {
  const seen = new Map<string, string>();
  const note = (path: string): string => {
    if (!seen.has(path)) seen.set(path, signature(path));
    return path;
  };
  return {
    isUnchanged: () => [...seen].every(([path, before]) => signature(path) === before),
    tree: {
      read: (path) => tree.read(note(path)),
      list: (path) => tree.list(note(path)),
      exists: (path) => tree.exists(note(path)),
      folders: (path) => tree.folders(note(path)),
    },
  };
}
