import type { TomlTable, TomlValue } from "smol-toml";
import { parseGoToml } from "./go-toml.js";
import {
  FileProblem,
  field,
  type HostsFileEntry,
  isTable,
  type RawHost,
  readEntry,
  readRawHost,
  withoutUser,
} from "./host-entry.js";
import type { TomlOutline } from "./toml-outline.js";
import type { HostTraits } from "./traits.js";

/** `ignored`: containerd logs the problem and goes on as if the file were not there. */
export type HostsFileReading =
  | { readonly kind: "read"; readonly entries: readonly HostsFileEntry[] }
  | { readonly kind: "ignored"; readonly problem: string; readonly line?: number };

/**
 * What containerd makes of the body of a `hosts.toml`: the `host` tables in its order, then the top of the file as the last
 * entry. Never throws.
 * @param text    the body, not empty (an empty file counts as a missing one)
 * @param traits  of the containerd version that reads it
 * Source: `parseHostsFile`, containerd remotes/docker/config/hosts.go 1.6.20, 1.7.34, core/remotes/docker/config/hosts.go 2.0 to
 * 2.3.4; compared with what those versions answer.
 */
export function parseHostsFile(text: string, traits: HostTraits): HostsFileReading {
  const document = parseGoToml(text, traits);
  if (document instanceof FileProblem) return ignored(document);
  const { root, outline } = document;
  const hostTable = Object.hasOwn(root, "host") ? root.host : undefined;
  if (!traits.serverOnlyFile && !isTable(hostTable)) {
    return { kind: "ignored", problem: 'there is no [host."…"] table, and this version takes no file without one' };
  }
  const entries = readEntries(root, hostTable, outline, traits);
  return entries instanceof FileProblem ? ignored(entries) : { kind: "read", entries };
}

function ignored({ problem, line }: FileProblem): HostsFileReading {
  return { kind: "ignored", problem, ...(line !== undefined && { line }) };
}

function readEntries(
  root: TomlTable,
  hostTable: TomlValue | undefined,
  outline: TomlOutline,
  traits: HostTraits,
): HostsFileEntry[] | FileProblem {
  const raw = readRawHosts(hostTable, traits);
  if (raw instanceof FileProblem) return raw;
  const entries: HostsFileEntry[] = [];
  for (const { name, line } of orderedHosts(hostTable, outline, traits)) {
    const host = raw.get(name);
    const entry = host === undefined ? undefined : readEntry(name, host, traits);
    if (entry === undefined) continue;
    if (entry instanceof FileProblem) return new FileProblem(`host."${withoutUser(name)}": ${entry.problem}`, line);
    entries.push({ ...entry, line });
  }

  const server = field(root, "server", traits) ?? "";
  if (typeof server !== "string") return new FileProblem("server must be a string");
  const rawTop = readRawHost(root, traits);
  const top = rawTop instanceof FileProblem ? rawTop : readEntry(server, rawTop, traits);
  if (top instanceof FileProblem) return top;
  const line = outline.entries.find(
    (entry) => entry.path.length === 1 && entry.path[0]?.toLowerCase() === "server",
  )?.line;
  return [...entries, server === "" || line === undefined ? top : { ...top, line }];
}

/** Type errors count in every `host` table, even in one whose spelling keeps it out of the list. */
function readRawHosts(hostTable: TomlValue | undefined, traits: HostTraits): Map<string, RawHost> | FileProblem {
  const hosts = new Map<string, RawHost>();
  if (hostTable === undefined) return hosts;
  if (!isTable(hostTable)) return new FileProblem("host must be a table");
  for (const [name, value] of Object.entries(hostTable)) {
    if (!isTable(value)) return new FileProblem(`host."${withoutUser(name)}" must be a table`);
    const host = readRawHost(value, traits);
    if (host instanceof FileProblem) return new FileProblem(`host."${withoutUser(name)}": ${host.problem}`);
    hosts.set(name, host);
  }
  return hosts;
}

/** Source: `getSortedHosts` of both library generations. */
function orderedHosts(
  hostTable: TomlValue | undefined,
  outline: TomlOutline,
  traits: HostTraits,
): { readonly name: string; readonly line: number }[] {
  const listed: { name: string; line: number }[] = [];
  const oldLibrary = traits.toml === "go-toml-1";
  const seen = new Set<string>();
  for (const { kind, path, line } of outline.entries) {
    if (path[0] !== "host" || (!oldLibrary && kind !== "table")) continue;
    const inline = path.length === 1 && kind === "value" && isTable(hostTable) ? Object.keys(hostTable) : [];
    for (const name of path[1] === undefined ? inline : [path[1]]) {
      // The newer library only skips a repetition that follows at once: after another host the name is listed again.
      const repeated = oldLibrary ? seen.has(name) : name === (listed.at(-1)?.name ?? "");
      if (!repeated) listed.push({ name, line });
      seen.add(name);
    }
  }
  return listed;
}
