import type { TomlTable } from "smol-toml";
import { FileProblem } from "../containerd/host-entry.js";
import type { OutlineEntry } from "../containerd/toml-outline.js";
import type { NodeFiles } from "../types.js";
import { readToml, tableOf } from "./go-toml.js";
import { isAliasName, readAliasTarget } from "./names.js";
import type { Alias } from "./types.js";

/** Where containers-image writes down which registry a person chose for a short name; it overrules every other file. */
export const aliasCacheFile = "/var/cache/containers/short-name-aliases.conf";

/**
 * The `[aliases]` of a file, or why the file is refused. An empty value takes an alias back.
 * Source: containers/image pkg/sysregistriesv2/shortnames.go `newShortNameAliasCache`.
 */
export function parseAliases(
  root: TomlTable,
  file: string,
  outline: readonly OutlineEntry[],
): ReadonlyMap<string, Alias> | FileProblem {
  const table = tableOf(root, "aliases");
  if (table instanceof FileProblem) return table;
  const aliases = new Map<string, Alias>();
  const lines = new Map<string | undefined, number>();
  for (const { path, line } of outline.toReversed()) if (path[0]?.toLowerCase() === "aliases") lines.set(path[1], line);
  for (const [name, value] of Object.entries(table ?? {})) {
    const line = lines.get(name);
    const quoted = JSON.stringify(name.slice(0, 100));
    if (typeof value !== "string") return new FileProblem(`the alias ${quoted} must be a string`, line);
    if (!isAliasName(name)) return new FileProblem(`${quoted} is no short name`, line);
    const target = value === "" ? "" : readAliasTarget(value);
    if (target === undefined) {
      return new FileProblem(`the alias ${quoted} must name registry and repository, without tag and digest`, line);
    }
    aliases.set(name, { target, origin: line === undefined ? { file } : { file, line } });
  }
  return aliases;
}

/** What the alias cache says; read for short names only. */
export type AliasCache =
  | { readonly kind: "aliases"; readonly aliases: ReadonlyMap<string, Alias> }
  | { readonly kind: "invalid"; readonly problem: string; readonly line?: number }
  | { readonly kind: "unreadable"; readonly reason: string };

export function readAliasCache(files: NodeFiles): AliasCache {
  const reading = files.read(aliasCacheFile);
  if (reading.kind === "unreadable") return reading;
  if (reading.kind === "missing") return { kind: "aliases", aliases: new Map() };
  const document = readToml(reading.text);
  const aliases =
    document instanceof FileProblem ? document : parseAliases(document.root, aliasCacheFile, document.outline.entries);
  if (!(aliases instanceof FileProblem)) return { kind: "aliases", aliases };
  return { kind: "invalid", problem: aliases.problem, ...(aliases.line !== undefined && { line: aliases.line }) };
}
