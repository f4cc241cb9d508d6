import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { PullguardError } from "../core/index.js";
import type { NodeFiles, NodeTree } from "../node/index.js";

const maxFileBytes = 1024 * 1024;
const chunkBytes = 16 * 1024;
// What Linux itself follows for one path.
const maxLinks = 40;

type Located =
  | { readonly kind: "at"; readonly path: string; readonly type: "file" | "folder" | "other" }
  | { readonly kind: "missing" }
  | { readonly kind: "unreadable"; readonly reason: string };

/**
 * A folder that looks like a node's `/` (copied, mounted or made up), read as the node would read it: links are
 * resolved inside the folder, an absolute link from its top, and `..` stops there. A file counts up to 1 MiB.
 * @throws PullguardError `InputInvalid` if `root` is no folder
 */
export function nodeFilesBelow(root: string): NodeTree {
  const top = resolve(root);
  if (!statSync(top, { throwIfNoEntry: false })?.isDirectory()) {
    throw new PullguardError("InputInvalid", `--node-root ${root}: no such folder`);
  }
  return {
    read: (path) => {
      const located = locate(top, path);
      if (located.kind !== "at") return located;
      if (located.type !== "file") return { kind: "unreadable", reason: "is no plain file" };
      return readBounded(located.path);
    },
    list: (path) => {
      const located = locate(top, path);
      if (located.kind !== "at" || located.type !== "folder") return undefined;
      return entriesIn(top, path, located.path, "file");
    },
    folders: (path) => {
      const located = locate(top, path);
      if (located.kind !== "at" || located.type !== "folder") return [];
      return entriesIn(top, path, located.path, "folder");
    },
    exists: (path) => locate(top, path).kind === "at",
  };
}

/**
 * Tells changes below a node's `/` cheaply: a text for each path that changes when a file's content, a folder's names or
 * a link on the way does.
 */
export function signaturesBelow(root: string): (path: string) => string {
  const top = resolve(root);
  return (path) => {
    const located = locate(top, path);
    if (located.kind !== "at") return located.kind;
    const stats = statSync(located.path, { throwIfNoEntry: false, bigint: true });
    return stats === undefined
      ? "missing"
      : [located.path, stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs, stats.mode].join(" ");
  };
}

/** Walks the path part by part, because the operating system would follow a link to the machine's own files. */
function locate(top: string, path: string): Located {
  const pending = path.split("/").filter(isStep).reverse();
  let trail: string[] = [];
  let type: "file" | "folder" | "other" = "folder";
  let links = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (type !== "folder") return { kind: "missing" };
    if (part === "..") {
      trail.pop();
      continue;
    }
    const here = join(top, ...trail, part);
    const found = inspect(here);
    if (found.kind === "fault") return found.located;
    if (found.kind === "link") {
      links += 1;
      if (links > maxLinks) return { kind: "unreadable", reason: "too many levels of symbolic links" };
      if (found.target.startsWith("/")) trail = [];
      pending.push(...found.target.split("/").filter(isStep).reverse());
      continue;
    }
    trail.push(part);
    type = found.kind;
  }
  return { kind: "at", path: join(top, ...trail), type };
}

function isStep(part: string): boolean {
  return part !== "" && part !== ".";
}

type Inspected =
  | { readonly kind: "file" | "folder" | "other" }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "fault"; readonly located: Located };

function inspect(path: string): Inspected {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return { kind: "fault", located: { kind: "missing" } };
    if (stats.isSymbolicLink()) return { kind: "link", target: readlinkSync(path) };
    if (stats.isDirectory()) return { kind: "folder" };
    return { kind: stats.isFile() ? "file" : "other" };
  } catch (error) {
    return { kind: "fault", located: unreadable(error) };
  }
}

function readBounded(path: string): ReturnType<NodeFiles["read"]> {
  try {
    // No link may have come between the walk and this line, nor a pipe that would wait for a writer for ever.
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const chunks: Buffer[] = [];
      for (let length = 0; length <= maxFileBytes; ) {
        // Most files are small, and a certificate folder has hundreds of them.
        const chunk = Buffer.allocUnsafe(chunkBytes);
        const got = readSync(file, chunk, 0, chunkBytes, null);
        if (got === 0) return { kind: "text", text: Buffer.concat(chunks).toString("utf8") };
        chunks.push(chunk.subarray(0, got));
        length += got;
      }
      return { kind: "unreadable", reason: "larger than 1 MiB" };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return unreadable(error);
  }
}

function entriesIn(top: string, path: string, folder: string, type: "file" | "folder"): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => {
        const located = locate(top, `${path}/${name}`);
        return located.kind === "at" && located.type === type;
      })
      .sort();
  } catch {
    // A folder whose names cannot be read holds nothing that could be read either.
    return [];
  }
}

function unreadable(error: unknown): Extract<Located, { kind: "unreadable" }> {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  return { kind: "unreadable", reason: code === "EACCES" ? "permission denied" : `cannot be read (${code})` };
}
