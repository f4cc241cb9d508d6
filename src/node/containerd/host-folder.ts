import { posix } from "node:path";
import type { NodeFiles } from "../types.js";
import type { HostTraits } from "./traits.js";

/** The folder that configures one registry, and those that would, were it not there. */
export interface HostFolder {
  /** Absent: nothing configures this registry. */
  readonly folder?: string;
  readonly shadowed: readonly string[];
  /** A name before it that may be there as well: it could not be looked at. */
  readonly unseen?: { readonly path: string; readonly reason: string };
}

/**
 * Looks for a registry's folder: in each root `host_port_`, `host:port` (or `host`), `_default`; a root is searched to its end
 * before the next one. A plain file of that name is found as well, as containerd only asks whether the name exists.
 * Source: `hostPaths` and `HostDirFromRoot`, containerd remotes/docker/config 1.6 to 2.3; `hostDirFromRoots` of the CRI plugin.
 */
export function findHostFolder(
  files: NodeFiles,
  roots: readonly string[],
  domain: string,
  traits: HostTraits,
): HostFolder {
  const effective = usableRoots(roots, traits);
  const names = effective.flatMap((root) => candidates(root, domain));
  const existing = names.filter((path) => files.exists(path));
  const [folder, ...shadowed] = existing;
  const before = folder === undefined ? names : names.slice(0, names.indexOf(folder));
  const unseen = firstUnseen(files, before);
  return { shadowed, ...(folder !== undefined && { folder }), ...(unseen !== undefined && { unseen }) };
}

function firstUnseen(files: NodeFiles, paths: readonly string[]): HostFolder["unseen"] {
  for (const path of paths) {
    const reading = files.read(path);
    if (reading.kind === "unreadable") return { path, reason: reading.reason };
  }
  return undefined;
}

function usableRoots(roots: readonly string[], traits: HostTraits): readonly string[] {
  return traits.splitsConfigPath || roots.length < 2 ? roots : [roots.join(":")];
}

function candidates(root: string, domain: string): readonly string[] {
  const colon = domain.lastIndexOf(":");
  const names = colon > 0 ? [`${domain.slice(0, colon)}_${domain.slice(colon + 1)}_`, domain] : [domain];
  return [...names, "_default"].map((name) => posix.join(root, name));
}
