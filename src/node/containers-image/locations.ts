import { FileProblem } from "../containerd/host-entry.js";
import { isSearchRegistry } from "./names.js";

/** A location without the slashes at its end, or the complaint about a scheme. */
export function withoutSlashes(written: string): string | FileProblem {
  if (written.startsWith("http://") || written.startsWith("https://")) {
    return new FileProblem(`invalid location '${shown(written)}': URI schemes are not supported`);
  }
  let end = written.length;
  while (written.charAt(end - 1) === "/") end -= 1;
  return written.slice(0, end);
}

/** A URL may carry a password. */
function shown(written: string): string {
  return written.replace(/\/\/[^/]*@/, "//").slice(0, 100);
}

/** The entries of a list of search registries. */
export function searchRegistries(written: readonly string[]): readonly string[] | FileProblem {
  const registries: string[] = [];
  for (const entry of written) {
    const registry = withoutSlashes(entry);
    if (registry instanceof FileProblem) return registry;
    if (!isSearchRegistry(registry)) return new FileProblem(`invalid unqualified-search-registries entry ${registry}`);
    registries.push(registry);
  }
  return registries;
}
