import { parse, TomlError, type TomlTable, type TomlValue } from "smol-toml";
import { FileProblem, isTable } from "../containerd/host-entry.js";
import { readTomlOutline, type TomlOutline } from "../containerd/toml-outline.js";

/** A document as the runtime's TOML library reads it; keys of structures match in any case. */
export interface TomlDocument {
  readonly root: TomlTable;
  readonly outline: TomlOutline;
}

/**
 * Reads a document, or says why the library refuses it. Messages quote nothing of the document.
 * Source: BurntSushi/toml v1.2 to v1.5, which know TOML 1.0 only.
 */
export function readToml(text: string): TomlDocument | FileProblem {
  let root: TomlTable;
  try {
    root = parse(text, { integersAsBigInt: "asNeeded" });
  } catch (error) {
    if (!(error instanceof TomlError)) return new FileProblem("not valid TOML");
    return new FileProblem(`not valid TOML: ${error.message.split("\n")[0]}`, error.line);
  }
  const outline = readTomlOutline(text);
  const { newlineInInlineTable, trailingCommaInInlineTable, escapeE, escapeX } = outline.quirks;
  const newer = [newlineInInlineTable, trailingCommaInInlineTable, escapeE, escapeX].find((line) => line !== undefined);
  if (newer !== undefined) return new FileProblem("not valid TOML for this version", newer);
  return { root, outline };
}

/** The value of a structure's field: the key as the field is called, else one that differs in case only. */
export function fieldOf(table: TomlTable, name: string): TomlValue | undefined {
  if (Object.hasOwn(table, name)) return table[name];
  const key = Object.keys(table).findLast((candidate) => candidate.toLowerCase() === name);
  return key === undefined ? undefined : table[key];
}

/** A text field, "" where it is absent. */
export function textOf(table: TomlTable, name: string): string | FileProblem {
  const value = fieldOf(table, name) ?? "";
  return typeof value === "string" ? value : new FileProblem(`${name} must be a string`);
}

/** A field that is true or false, false where it is absent. */
export function flagOf(table: TomlTable, name: string): boolean | FileProblem {
  const value = fieldOf(table, name) ?? false;
  return typeof value === "boolean" ? value : new FileProblem(`${name} must be true or false`);
}

/** A list of texts; undefined where it is absent, which differs from an empty one when files are merged. */
export function textsOf(table: TomlTable, name: string): readonly string[] | undefined | FileProblem {
  const value = fieldOf(table, name);
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return new FileProblem(`${name} must be a list of strings`);
  const texts = value.filter((item) => typeof item === "string");
  return texts.length === value.length ? texts : new FileProblem(`${name} must be a list of strings`);
}

/** A list of tables (`[[name]]`); none where it is absent. */
export function tablesOf(table: TomlTable, name: string): readonly TomlTable[] | FileProblem {
  const value = fieldOf(table, name);
  if (value === undefined) return [];
  if (!Array.isArray(value)) return new FileProblem(`${name} must be a list of tables ([[${name}]])`);
  const tables = value.filter(isTable);
  return tables.length === value.length ? tables : new FileProblem(`${name} must be a list of tables ([[${name}]])`);
}

/** A table; undefined where it is absent. */
export function tableOf(table: TomlTable, name: string): TomlTable | undefined | FileProblem {
  const value = fieldOf(table, name);
  if (value === undefined || isTable(value)) return value;
  return new FileProblem(`${name} must be a table`);
}
