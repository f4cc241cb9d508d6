import { posix } from "node:path";
import type { NodeFiles } from "../types.js";

/** A node's file as its runtime finds it; `unseen`: it may be there, but was not shown. */
export type NodeFileReading =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "absent"; readonly error: string }
  | { readonly kind: "unseen"; readonly reason: string };

/**
 * Reads a file and says in Go's words why there is none. A file outside `roots` whose folder was not shown either is `unseen`,
 * not absent: whoever copied the configuration may have left the rest of the node behind.
 */
export function readNodeFile(files: NodeFiles, roots: readonly string[], path: string): NodeFileReading {
  const clean = posix.normalize(path);
  if (files.list(clean) !== undefined) return { kind: "absent", error: `read ${path}: is a directory` };
  const reading = files.read(clean);
  if (reading.kind === "text") return reading;
  if (reading.kind === "unreadable") return { kind: "unseen", reason: reading.reason };
  const shown = roots.some((root) => clean.startsWith(`${posix.normalize(root).replace(/\/$/, "")}/`));
  if (shown || files.exists(posix.dirname(clean))) {
    return { kind: "absent", error: `open ${path}: no such file or directory` };
  }
  return { kind: "unseen", reason: "it lies outside the part of the node that was shown" };
}
