import { posix } from "node:path";
import type { NodeTree } from "./snapshot/recorder.js";

/**
 * A node's files held in memory.
 * @param record  text by absolute path; a path that ends in `/` is an empty folder, an `{ unreadable }` value a file that is
 *                there but cannot be read
 */
export function nodeFilesFromMap(record: Readonly<Record<string, string | { readonly unreadable: string }>>): NodeTree {
  const contents = new Map<string, string | { readonly unreadable: string }>();
  const folders = new Map<string, string[]>([["/", []]]);
  for (const [path, content] of Object.entries(record)) {
    const clean = cleanPath(path);
    addFolders(folders, path.endsWith("/") ? clean : posix.dirname(clean));
    if (path.endsWith("/")) continue;
    contents.set(clean, content);
    folders.get(posix.dirname(clean))?.push(posix.basename(clean));
  }
  for (const names of folders.values()) names.sort();

  return {
    read(path) {
      const content = contents.get(cleanPath(path));
      if (typeof content === "string") return { kind: "text", text: content };
      return content === undefined ? { kind: "missing" } : { kind: "unreadable", reason: content.unreadable };
    },
    list: (path) => folders.get(cleanPath(path)),
    folders: (path) => {
      const parent = cleanPath(path);
      const below = [...folders.keys()].filter((folder) => folder !== "/" && posix.dirname(folder) === parent);
      return below.map((folder) => posix.basename(folder)).sort();
    },
    exists: (path) => contents.has(cleanPath(path)) || folders.has(cleanPath(path)),
  };
}

function addFolders(folders: Map<string, string[]>, folder: string): void {
  for (let at = folder; !folders.has(at); at = posix.dirname(at)) folders.set(at, []);
}

function cleanPath(path: string): string {
  return posix.normalize(`/${path}`).replace(/(?<=.)\/$/, "");
}
