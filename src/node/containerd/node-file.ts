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
 * @param path  absolute
 */
export function readNodeFile(files: NodeFiles, roots: readonly string[], path: string): NodeFileReading {
  const clean = posix.normalize(path);
  if (files.list(clean) !== undefined) return { kind: "absent", error: `read ${path}: is a directory` };
  const reading = files.read(clean);
  if (reading.kind === "text") return reading;
  if (reading.kind === "unreadable") return { kind: "unseen", reason: reading.reason };
  const shown = roots.some((root) => clean.startsWith(`${posix.normalize(root).replace(/\/$/, "")}/`));
  if (shown || showsFolder(files, posix.dirname(clean))) {
    return { kind: "absent", error: `open ${path}: no such file or directory` };
  }
  return { kind: "unseen", reason: "it lies outside the part of the node that was shown" };
}

/** Whether what is not found in a folder is not there on the node either. A folder may exist just for what lies deeper. */
export function showsFolder(files: NodeFiles, folder: string): boolean {
  return (files.list(folder) ?? []).length > 0 || showsWholeNode(files);
}

/** Whether a file system of a whole node was shown, and not just what was copied from one. */
export function showsWholeNode(files: NodeFiles): boolean {
  return ["/etc/os-release", "/usr/lib/os-release", "/etc/passwd"].some((file) => files.exists(file));
}
