import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { PullguardError } from "../core/index.js";
import type { NodeFiles, NodeTree } from "../node/index.js";

const maxFileBytes = 1024 * 1024;
const chunkBytes = 16 * 1024;
// What Linux itself follows for one path.
const maxLinks = 40;
const unshown = "a link to a file that was not shown";

type Located =
  | { readonly kind: "at"; readonly path: string; readonly type: "file" | "folder" | "other" }
  | { readonly kind: "missing" }
  | { readonly kind: "unreadable"; readonly reason: string };

/**
 * A folder that looks like a node's `/` (copied, mounted or made up), read as the node would read it: links are
 * resolved inside the folder, an absolute link from its top, and `..` stops there. A file counts up to 1 MiB. A link that
 * leads to a part of the node that is not below the folder cannot be read, but is listed: the node has its file.
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
      return entriesIn(located.path, (name) => isListed(locate(top, `${path}/${name}`)));
    },
    folders: (path) => {
      const located = locate(top, path);
      if (located.kind !== "at" || located.type !== "folder") return [];
      return entriesIn(located.path, (name) => {
        const entry = locate(top, `${path}/${name}`);
        return entry.kind === "at" && entry.type === "folder";
      });
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
  let linkFolder: string | undefined;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (type !== "folder") return { kind: "missing" };
    if (part === "..") {
      trail.pop();
      continue;
    }
    const here = join(top, ...trail, part);
    const found = inspect(here);
    if (found.kind === "fault") {
      return behindLink(found.located, top, { folder: join(top, ...trail), linkFolder, isLast: pending.length === 0 });
    }
    if (found.kind === "link") {
      links += 1;
      if (links > maxLinks) return { kind: "unreadable", reason: "too many levels of symbolic links" };
      linkFolder = join(top, ...trail);
      if (found.target.startsWith("/")) trail = [];
      pending.push(...found.target.split("/").filter(isStep).reverse());
      continue;
    }
    trail.push(part);
    type = found.kind;
  }
  return { kind: "at", path: join(top, ...trail), type };
}

/** A step that is missing. `folder`: where; `linkFolder`: where the last link on the way lies. */
interface Gap {
  readonly folder: string;
  readonly linkFolder: string | undefined;
  /** Whether the file itself is missing, and no folder on the way to it. */
  readonly isLast: boolean;
}

/** What is missing behind a link may be there on the node. */
function behindLink(located: Located, top: string, gap: Gap): Located {
  if (located.kind !== "missing" || gap.linkFolder === undefined || isShown(top, gap)) return located;
  return { kind: "unreadable", reason: unshown };
}

/**
 * Whether what is missing is not there on the node either: the link itself lies in the same folder, or other files do, or
 * the whole node is below the top. A folder without files may have been made just for what lies deeper.
 */
function isShown(top: string, { folder, linkFolder, isLast }: Gap): boolean {
  if (folder === linkFolder) return true;
  const whole = ["etc/os-release", "usr/lib/os-release", "etc/passwd"];
  if (whole.some((file) => inspect(join(top, file)).kind === "file")) return true;
  return isLast && entriesIn(folder, (name) => inspect(join(folder, name)).kind === "file").length > 0;
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

function isListed(located: Located): boolean {
  if (located.kind === "at") return located.type === "file";
  return located.kind === "unreadable" && located.reason === unshown;
}

function entriesIn(folder: string, isWanted: (name: string) => boolean): readonly string[] {
  try {
    return readdirSync(folder).filter(isWanted).sort();
  } catch {
    // A folder whose names cannot be read holds nothing that could be read either.
    return [];
  }
}

function unreadable(error: unknown): Extract<Located, { kind: "unreadable" }> {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  return { kind: "unreadable", reason: code === "EACCES" ? "permission denied" : `cannot be read (${code})` };
}
