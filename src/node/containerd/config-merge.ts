import type { TomlTable } from "smol-toml";
import type { ConfigFile } from "./config-file.js";
import type { ConfigTraits } from "./config-traits.js";
import { isTable } from "./host-entry.js";

/** The section of the CRI plugin in versions 1 and 2, and of its images half from version 3 on. */
export const criSection = "io.containerd.grpc.v1.cri";
export const imagesSection = "io.containerd.cri.v1.images";

/** All files as one. `version` is what the whole then counts as. */
export interface MergedConfig {
  readonly version: number;
  readonly plugins: TomlTable;
  readonly disabledPlugins: readonly string[];
}

/** Lays the files over one another, first to last, older sections moved to where the release looks for them. */
export function mergeConfigFiles(files: readonly ConfigFile[], traits: ConfigTraits): MergedConfig {
  let version = traits.migration === "never" ? 0 : traits.maxVersion;
  let plugins: TomlTable = {};
  const disabledPlugins: string[] = [];
  for (const file of files) {
    const named = traits.migration !== "never" && file.version < 2 ? namedFully(file.plugins) : file.plugins;
    const ready = traits.migration === "each-file" ? migrated(named, file.version, traits) : named;
    plugins = traits.merge === "deep" ? laidOver(plugins, ready) : { ...plugins, ...ready };
    disabledPlugins.push(...(traits.migration === "never" ? file.disabledPlugins : file.disabledPlugins.map(fullName)));
    // A file of version 1 is raised to what came before it, and so never asks for the migration that its sections need.
    if (traits.migration === "never" ? file.version > 0 : file.version > 1 && traits.migration === "once") {
      version = file.version;
    }
  }
  if (traits.migration === "once") plugins = migrated(plugins, version, traits);
  return { version, plugins, disabledPlugins };
}

/** Source: `migrateConfig`, containerd plugins/cri/images/plugin.go. */
function migrated(plugins: TomlTable, version: number, traits: ConfigTraits): TomlTable {
  const from = plugins[criSection];
  if (version >= traits.maxVersion || !isTable(from)) return plugins;
  const old = plugins[imagesSection];
  const images: TomlTable = isTable(old) ? { ...old } : {};
  const move = (source: TomlTable, names: readonly string[]): void => {
    for (const name of names) {
      const value = source[name];
      if (value !== undefined) images[name] = value;
    }
  };
  move(from, ["registry", "max_concurrent_downloads", "image_pull_progress_timeout", "image_pull_with_sync_fs"]);
  const { containerd } = from;
  // Without a table of runtimes the upstream code turns back before these three.
  if (isTable(containerd) && isTable(containerd.runtimes)) {
    move(containerd, ["snapshotter", "disable_snapshot_annotations", "discard_unpacked_layers"]);
  }
  return { ...plugins, [imagesSection]: images };
}

function namedFully(plugins: TomlTable): TomlTable {
  return Object.fromEntries(Object.entries(plugins).map(([name, section]) => [fullName(name), section]));
}

/** Version 1 calls plugins by their last part; only the one that pulls matters here. */
function fullName(name: string): string {
  return name === "cri" ? criSection : name;
}

/** Deeper than any setting lies; beyond it the later value stands as it is. */
const maxDepth = 32;

function laidOver(under: TomlTable, over: TomlTable, depth = 0): TomlTable {
  const merged = new Map(Object.entries(under));
  for (const [name, value] of Object.entries(over)) {
    const before = merged.get(name);
    const both = isTable(before) && isTable(value) && depth < maxDepth;
    merged.set(name, both ? laidOver(before, value, depth + 1) : value);
  }
  return Object.fromEntries(merged);
}
