import type { TomlTable } from "smol-toml";
import { allSound, FileProblem } from "../containerd/host-entry.js";
import type { OutlineEntry } from "../containerd/toml-outline.js";
import { parseAliases } from "./aliases.js";
import { flagOf, readToml, tablesOf, textOf, textsOf } from "./go-toml.js";
import { searchRegistries, withoutSlashes } from "./locations.js";
import { readVersion1 } from "./registries-v1.js";
import type { ImageLibraryTraits } from "./traits.js";
import type { Endpoint, RegistriesFile, RegistryTable, ShortNameMode } from "./types.js";

/** The file that is read, and whether it may still have the format of version 1. */
export interface RegistriesFilePlace {
  readonly file: string;
  readonly dropIn: boolean;
}

/**
 * What a registries.conf (or a drop-in of it) says, or why containers-image refuses it, which breaks every pull.
 * Source: containers/image pkg/sysregistriesv2/system_registries_v2.go `loadConfigFile`, `postProcessRegistries`.
 */
export function parseRegistriesFile(
  text: string,
  place: RegistriesFilePlace,
  traits: ImageLibraryTraits,
): RegistriesFile | FileProblem {
  const document = readToml(text);
  if (document instanceof FileProblem) return document;
  const { root, outline } = document;
  const read = readVersion2(root, outline.entries, place.file, traits);
  if (read instanceof FileProblem) return read;
  const old = readVersion1(root, place.file, traits);
  if (old instanceof FileProblem) return old;
  if (old === undefined) return read;
  if (place.dropIn) return new FileProblem("registry must be in v2 format but is in v1");
  if (saysAnything(read, traits)) return new FileProblem("mixing sysregistry v1/v2 is not supported");
  return old;
}

/** Whether any setting of version 2 is used; up to 5.23 an empty list counts as none. */
function saysAnything(read: RegistriesFile, { emptyV1Counts }: ImageLibraryTraits): boolean {
  const used = (list: readonly string[] | undefined): boolean =>
    list !== undefined && (emptyV1Counts || list.length > 0);
  return (
    read.registries.length + read.aliases.size > 0 ||
    used(read.searchRegistries) ||
    used(read.credentialHelpers) ||
    read.shortNameMode !== undefined
  );
}

function readVersion2(
  root: TomlTable,
  outline: readonly OutlineEntry[],
  file: string,
  traits: ImageLibraryTraits,
): RegistriesFile | FileProblem {
  const tables = tablesOf(root, "registry");
  if (tables instanceof FileProblem) return tables;
  const headers = outline.filter(({ kind, path }) => kind === "array-table" && isPath(path, "registry"));
  const registries: RegistryTable[] = [];
  for (const [index, table] of tables.entries()) {
    const line = headers[index]?.line;
    const origin = line === undefined ? { file } : { file, line };
    const registry = readRegistry(table, origin, traits);
    if (registry instanceof FileProblem) return new FileProblem(registry.problem, line);
    registries.push(registry);
  }
  const conflict = conflictOf(registries);
  if (conflict !== undefined) return conflict;
  const settings = allSound({
    search: readSearchRegistries(root),
    helpers: textsOf(root, "credential-helpers"),
    mode: readShortNameMode(root),
  });
  if (settings instanceof FileProblem) return settings;
  const { search, helpers, mode } = settings;
  const wildcard = registries.find(({ prefix }) => prefix.startsWith("*.") && /[/@:]/.test(prefix));
  if (wildcard !== undefined) {
    return new FileProblem(`the prefix ${wildcard.prefix} must have the form *.example.com`, wildcard.origin.line);
  }
  const aliases = parseAliases(root, file, outline);
  if (aliases instanceof FileProblem) return aliases;
  return {
    registries: firstOfEachPrefix(registries),
    aliases,
    ...(search !== undefined && { searchRegistries: search }),
    ...(helpers !== undefined && { credentialHelpers: helpers }),
    ...(mode !== undefined && { shortNameMode: mode }),
  };
}

function isPath(path: readonly string[], name: string): boolean {
  return path.length === 1 && path[0]?.toLowerCase() === name;
}

function readRegistry(
  table: TomlTable,
  origin: RegistryTable["origin"],
  traits: ImageLibraryTraits,
): RegistryTable | FileProblem {
  const names = allSound({ location: locationOf(table, "location"), written: locationOf(table, "prefix") });
  if (names instanceof FileProblem) return names;
  const { location, written } = names;
  if (written === "" && location === "") return new FileProblem("both location and prefix are unset");
  const prefix = written === "" ? location : written;
  if (location === "" && !prefix.startsWith("*.")) {
    return new FileProblem("location is unset and prefix is not in the format: *.example.com");
  }
  const fields = allSound({
    insecure: flagOf(table, "insecure"),
    blocked: flagOf(table, "blocked"),
    mirrorByDigestOnly: flagOf(table, "mirror-by-digest-only"),
    own: traits.pullFromMirror ? textOf(table, "pull-from-mirror") : "",
  });
  if (fields instanceof FileProblem) return fields;
  const { own, ...flags } = fields;
  if (own !== "") return new FileProblem(`pull-from-mirror must not be set for a non-mirror registry ${prefix}`);
  const tables = tablesOf(table, "mirror");
  if (tables instanceof FileProblem) return tables;
  const mirrors: Endpoint[] = [];
  for (const mirrorTable of tables) {
    const mirror = readMirror(mirrorTable, flags.mirrorByDigestOnly, traits);
    if (mirror instanceof FileProblem) return mirror;
    mirrors.push(mirror);
  }
  return { prefix, location, ...flags, mirrors, origin };
}

function readMirror(table: TomlTable, byDigestOnly: boolean, traits: ImageLibraryTraits): Endpoint | FileProblem {
  const trimmed = locationOf(table, "location");
  if (trimmed instanceof FileProblem) return trimmed;
  if (trimmed === "") return new FileProblem("mirror location is unset");
  const fields = allSound({
    written: textOf(table, "location"),
    insecure: flagOf(table, "insecure"),
    usage: traits.pullFromMirror ? textOf(table, "pull-from-mirror") : "",
  });
  if (fields instanceof FileProblem) return fields;
  const { written, insecure, usage } = fields;
  if (byDigestOnly && usage !== "") {
    return new FileProblem(`mirror-by-digest-only and pull-from-mirror (${trimmed}) cannot be set at the same time`);
  }
  if (usage !== "" && usage !== "all" && usage !== "digest-only" && usage !== "tag-only") {
    return new FileProblem(`unsupported pull-from-mirror value for mirror ${trimmed}`);
  }
  // Up to 5.34 the trimmed value went to a copy: the slash stays and breaks the name that is made from it.
  const location = traits.trimsMirrorLocation ? trimmed : written;
  return { location, insecure, pullFromMirror: usage === "" ? "all" : usage };
}

/** A location without the slashes at its end. Source: `parseLocation`. */
function locationOf(table: TomlTable, name: string): string | FileProblem {
  const written = textOf(table, name);
  return written instanceof FileProblem ? written : withoutSlashes(written);
}

/** The same location must be equally trusted and blocked wherever it stands in one file. */
function conflictOf(registries: readonly RegistryTable[]): FileProblem | undefined {
  const byLocation = new Map<string, RegistryTable>();
  for (const registry of registries) {
    const key = registry.location === "" ? registry.prefix : registry.location;
    const other = byLocation.get(key);
    byLocation.set(key, other ?? registry);
    if (other === undefined) continue;
    const setting = other.insecure !== registry.insecure ? "insecure" : "blocked";
    if (other[setting] === registry[setting]) continue;
    const problem = `registry '${key}' is defined multiple times with conflicting '${setting}' setting`;
    return new FileProblem(problem, registry.origin.line);
  }
  return undefined;
}

function firstOfEachPrefix(registries: readonly RegistryTable[]): readonly RegistryTable[] {
  return registries.filter(({ prefix }, index) => registries.findIndex((other) => other.prefix === prefix) === index);
}

function readSearchRegistries(root: TomlTable): readonly string[] | undefined | FileProblem {
  const written = textsOf(root, "unqualified-search-registries");
  return written === undefined || written instanceof FileProblem ? written : searchRegistries(written);
}

function readShortNameMode(root: TomlTable): ShortNameMode | undefined | FileProblem {
  const mode = textOf(root, "short-name-mode");
  if (mode instanceof FileProblem) return mode;
  if (mode === "") return undefined;
  if (mode === "enforcing" || mode === "permissive" || mode === "disabled") return mode;
  return new FileProblem("short-name-mode must be enforcing, permissive or disabled");
}
