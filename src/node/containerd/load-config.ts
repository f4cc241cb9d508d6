import { posix } from "node:path";
import type { FactOrigin, NodeConfigIssue, NodeFiles } from "../types.js";
import { type ConfigFile, parseConfigFile } from "./config-file.js";
import type { ConfigTraits } from "./config-traits.js";
import { FileProblem } from "./host-entry.js";
import { readNodeFile, showsFolder } from "./node-file.js";
import type { HostTraits } from "./traits.js";

/** `refused`: containerd does not start with it. */
export type LoadedConfig =
  | {
      readonly kind: "loaded";
      /** The main file first, in the order in which later ones have the last word. */
      readonly files: readonly ConfigFile[];
      /** Files that belong to it and could not be read: any setting may be another one. */
      readonly unread: readonly NodeConfigIssue[];
    }
  | { readonly kind: "refused"; readonly issue: NodeConfigIssue };

/** More than anybody has; a ring ends by itself. */
const maxFiles = 200;

/**
 * Reads a config.toml and what it imports, breadth first.
 * Source: `LoadConfig` and `resolveImports`, containerd services/server/config/config.go 1.6 to 2.3.
 */
export function loadConfig(
  files: NodeFiles,
  main: string,
  host: HostTraits,
  traits: ConfigTraits,
  runtime: string,
): LoadedConfig {
  const read: ConfigFile[] = [];
  const unread: NodeConfigIssue[] = [];
  const seen = new Set<string>();
  const pending = [main];
  for (let file = pending.shift(); file !== undefined && seen.size < maxFiles; file = pending.shift()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const parsed = readConfigFile(files, main, file, host);
    if (parsed instanceof FileProblem) {
      const { problem, line } = parsed;
      return refused(line === undefined ? { file } : { file, line }, `${runtime} does not start with it: ${problem}`);
    }
    if ("code" in parsed) {
      unread.push(parsed);
      continue;
    }
    read.push(parsed);
    for (const pattern of parsed.imports) {
      const found = importedBy(files, file, pattern, traits);
      if ("code" in found) unread.push(found);
      else pending.push(...found);
    }
  }
  const problem = versionProblem(read, traits);
  if (problem !== undefined) return refused({ file: main }, `${runtime} does not start with it: ${problem}`);
  return { kind: "loaded", files: read, unread };
}

function readConfigFile(
  files: NodeFiles,
  main: string,
  file: string,
  host: HostTraits,
): ConfigFile | FileProblem | NodeConfigIssue {
  const reading = readNodeFile(files, [posix.dirname(main)], file);
  switch (reading.kind) {
    case "unseen":
      return unreadable(file, reading.reason);
    case "absent":
      return new FileProblem(reading.error);
    case "text":
      return parseConfigFile(file, reading.text, host);
  }
}

function versionProblem(read: readonly ConfigFile[], traits: ConfigTraits): string | undefined {
  const versions = read.map(({ version }) => version);
  const last = versions.findLast((version) => version > 0) ?? 0;
  if (last > traits.maxVersion) return `the highest version that it knows is ${traits.maxVersion}, not ${last}`;
  const first = versions.find((version) => version > 0) ?? 0;
  if (!traits.newerDropIns && versions.some((version) => version > first)) {
    return `a file that it imports has a higher version than ${first}`;
  }
  return nameProblem(read, last, traits);
}

/** From version 2 on plugins are named in full, and a short name stops containerd 1.x; 2.x only minds it in the lists. */
function nameProblem(read: readonly ConfigFile[], version: number, traits: ConfigTraits): string | undefined {
  if (traits.migration !== "never") {
    const off = read.filter((file) => file.version > 1).flatMap(({ disabledPlugins }) => disabledPlugins);
    const short = off.find((name) => !name.includes("."));
    return short === undefined ? undefined : `invalid disabled plugin URI ${JSON.stringify(short)}`;
  }
  if (version < 2) return undefined;
  const names = read.flatMap(({ plugins, disabledPlugins }) => [...disabledPlugins, ...Object.keys(plugins)]);
  const short = names.find((name) => name.split(".").length < 4);
  return short === undefined ? undefined : `invalid plugin key URI ${JSON.stringify(short)}`;
}

/** The files behind one entry of the `imports` of `file`, or why they cannot be known. */
function importedBy(
  files: NodeFiles,
  file: string,
  written: string,
  { patternsFrom }: ConfigTraits,
): readonly string[] | NodeConfigIssue {
  const fromRoot = patternsFrom === "root" && written.includes("*");
  const path = posix.resolve(fromRoot ? "/" : posix.dirname(file), written);
  if (!path.includes("*")) return [path];
  const folder = posix.dirname(path);
  const unknown = unreadable(file, `cannot tell which files "${written}" imports`);
  if (folder.includes("*") || /[[\\]/.test(path)) return unknown;
  const names = files.list(folder);
  // A folder beside shown files would have been shown too; nobody has one for this at the root.
  if (names === undefined) return fromRoot || showsFolder(files, posix.dirname(folder)) ? [] : unknown;
  return names.filter((name) => matchesGlob(posix.basename(path), name)).map((name) => posix.join(folder, name));
}

/** `*` and `?` of Go's `filepath.Match`, in time that no pattern can draw out. */
function matchesGlob(glob: string, name: string): boolean {
  let star = -1;
  let resume = 0;
  let at = 0;
  for (let here = 0; here < name.length; ) {
    if (glob[at] === "*") {
      star = at++;
      resume = here;
    } else if (at < glob.length && (glob[at] === "?" || glob[at] === name[here])) {
      at++;
      here++;
    } else if (star >= 0) {
      at = star + 1;
      here = ++resume;
    } else {
      return false;
    }
  }
  return /^\**$/.test(glob.slice(at));
}

function refused(origin: FactOrigin, message: string): LoadedConfig {
  return { kind: "refused", issue: { code: "RuntimeConfigInvalid", message, origin } };
}

function unreadable(file: string, reason: string): NodeConfigIssue {
  return { code: "RuntimeConfigUnreadable", message: `Pullguard cannot read it: ${reason}`, origin: { file } };
}
