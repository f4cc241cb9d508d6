import type { NodeFiles } from "../types.js";

/** A node's file system with its folders, as an agent walks it. */
export interface NodeTree extends NodeFiles {
  /** Names of the folders in a folder, sorted; none where there is no such folder. */
  folders(path: string): readonly string[];
}

/** Which paths were asked about. */
export interface AskedPaths {
  readonly reads: ReadonlySet<string>;
  readonly lists: ReadonlySet<string>;
  readonly tests: ReadonlySet<string>;
}

/** The same files, with a record of what is asked of them: a runtime's own reader tells in this way which files matter. */
export function recordFiles(files: NodeFiles): { readonly files: NodeFiles; readonly asked: AskedPaths } {
  const [reads, lists, tests] = [new Set<string>(), new Set<string>(), new Set<string>()];
  return {
    asked: { reads, lists, tests },
    files: {
      read: (path) => {
        reads.add(path);
        return files.read(path);
      },
      list: (path) => {
        lists.add(path);
        return files.list(path);
      },
      exists: (path) => {
        tests.add(path);
        return files.exists(path);
      },
    },
  };
}
