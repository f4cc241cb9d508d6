import type { TomlTable, TomlValue } from "smol-toml";
import { parseGoToml, type TomlDocument } from "./go-toml.js";
import { FileProblem, field, isTable } from "./host-entry.js";
import type { HostTraits } from "./traits.js";

/** One file of containerd's configuration, as far as pulling depends on it. */
export interface ConfigFile {
  readonly file: string;
  readonly document: TomlDocument;
  /** 0 where none is written. */
  readonly version: number;
  /** As written. */
  readonly imports: readonly string[];
  readonly disabledPlugins: readonly string[];
  /** Sections by plugin, named as the file's version names them. */
  readonly plugins: TomlTable;
}

/** Parses one file; a problem is one for which containerd does not start. */
export function parseConfigFile(file: string, text: string, traits: HostTraits): ConfigFile | FileProblem {
  const document = parseGoToml(text, traits);
  if (document instanceof FileProblem) return document;
  const { root } = document;
  const version = field(root, "version", traits) ?? 0;
  if (typeof version !== "number" || !Number.isInteger(version)) return new FileProblem("version must be a number");
  const imports = field(root, "imports", traits) ?? [];
  if (!isTextList(imports)) return new FileProblem("imports must be a list of strings");
  const disabledPlugins = field(root, "disabled_plugins", traits) ?? [];
  if (!isTextList(disabledPlugins)) return new FileProblem("disabled_plugins must be a list of strings");
  const plugins = field(root, "plugins", traits) ?? {};
  if (!isTable(plugins)) return new FileProblem("plugins must be a table");
  return { file, document, version, imports, disabledPlugins, plugins };
}

/** Tells a list of strings from every other value. */
export function isTextList(value: TomlValue | undefined): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
