import type { TomlTable, TomlValue } from "smol-toml";
import type { HostCapability } from "../types.js";
import { parseGoDuration } from "./go-duration.js";
import { type HostUrl, parseHostUrl } from "./host-url.js";
import type { HostTraits } from "./traits.js";

/** One `[host."…"]` table, or the top of the file, as containerd reads it. File names are as written, not yet resolved. */
export interface HostsFileEntry {
  /** The table's name or the value of `server`, as written: show it only {@link withoutUser}. "" for a top without `server`. */
  readonly name: string;
  /** Absent where `server` is absent: the registry's own address is meant. */
  readonly url?: HostUrl;
  readonly capabilities: readonly HostCapability[];
  /** Absent and empty differ: an empty list still counts as a TLS setting. */
  readonly caFiles?: readonly string[];
  readonly clientFiles: readonly ClientFiles[];
  readonly skipVerify?: boolean;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly dialTimeoutMs?: number;
  /** 1-based line of the table header, or of `server`. */
  readonly line?: number;
}

/** A client certificate and its key; without `key` both are in one file. */
export interface ClientFiles {
  readonly certificate: string;
  readonly key?: string;
}

/** Why containerd refuses a whole file. A class, so that no table of the file can be taken for one. */
export class FileProblem {
  readonly problem: string;
  readonly line: number | undefined;

  constructor(problem: string, line?: number) {
    this.problem = problem;
    this.line = line;
  }
}

/** The values, or the first of them that is a problem. */
export function allSound<T extends Readonly<Record<string, unknown>>>(
  values: T,
): { readonly [K in keyof T]: Exclude<T[K], FileProblem> } | FileProblem {
  const problem = Object.values(values).find((value) => value instanceof FileProblem);
  return problem ?? (values as { readonly [K in keyof T]: Exclude<T[K], FileProblem> });
}

/** A table after the library's type checks, before containerd's own. */
export interface RawHost {
  readonly capabilities: readonly string[];
  readonly ca?: TomlValue;
  readonly client?: TomlValue;
  readonly skipVerify?: boolean;
  readonly header?: TomlTable;
  readonly overridePath: boolean;
  readonly dialTimeout: string;
}

/** The types that the library insists on, unknown keys ignored. */
export function readRawHost(table: TomlTable, traits: HostTraits): RawHost | FileProblem {
  const capabilities = field(table, "capabilities", traits) ?? [];
  if (!isStringArray(capabilities)) return new FileProblem("capabilities must be a list of strings");
  const skipVerify = field(table, "skip_verify", traits);
  if (skipVerify !== undefined && typeof skipVerify !== "boolean")
    return new FileProblem("skip_verify must be true or false");
  const overridePath = field(table, "override_path", traits) ?? false;
  if (typeof overridePath !== "boolean") return new FileProblem("override_path must be true or false");
  const header = field(table, "header", traits);
  if (header !== undefined && !isTable(header)) return new FileProblem("header must be a table");
  const dialTimeout = traits.dialTimeout === "ignored" ? "" : (field(table, "dial_timeout", traits) ?? "");
  if (typeof dialTimeout !== "string") return new FileProblem('dial_timeout must be a string such as "5s"');
  const ca = field(table, "ca", traits);
  const client = field(table, "client", traits);
  return {
    capabilities,
    overridePath,
    dialTimeout,
    ...(ca !== undefined && { ca }),
    ...(client !== undefined && { client }),
    ...(skipVerify !== undefined && { skipVerify }),
    ...(header !== undefined && { header }),
  };
}

/** What containerd makes of one table. Source: `parseHostConfig`. */
export function readEntry(name: string, raw: RawHost, traits: HostTraits): HostsFileEntry | FileProblem {
  const url = name === "" ? undefined : parseHostUrl(name, raw.overridePath);
  if (name !== "" && url === undefined) return new FileProblem(`unable to parse server "${withoutUser(name)}"`);
  const capabilities = readCapabilities(raw.capabilities, traits);
  if (capabilities instanceof FileProblem) return capabilities;
  const caFiles = readCaFiles(raw.ca);
  if (caFiles instanceof FileProblem) return caFiles;
  const clientFiles = readClientFiles(raw.client);
  if (clientFiles instanceof FileProblem) return clientFiles;
  const headers = readHeaders(raw.header);
  if (headers instanceof FileProblem) return headers;
  const dialTimeoutMs = raw.dialTimeout === "" ? undefined : parseGoDuration(raw.dialTimeout);
  if (raw.dialTimeout !== "" && dialTimeoutMs === undefined) {
    return new FileProblem(`dial_timeout "${raw.dialTimeout}" is no duration such as "5s"`);
  }
  return {
    name,
    capabilities,
    clientFiles,
    headers: headers.values,
    ...(url !== undefined && { url }),
    ...(caFiles !== undefined && { caFiles }),
    ...(raw.skipVerify !== undefined && { skipVerify: raw.skipVerify }),
    ...(dialTimeoutMs !== undefined && { dialTimeoutMs }),
  };
}

/** All that the version knows: what a host without `capabilities` has. */
export function allCapabilities(traits: HostTraits): readonly HostCapability[] {
  return traits.referrers ? ["pull", "resolve", "push", "referrers"] : ["pull", "resolve", "push"];
}

function readCapabilities(written: readonly string[], traits: HostTraits): readonly HostCapability[] | FileProblem {
  const known = allCapabilities(traits);
  if (written.length === 0) return known;
  const knownNames = new Set<string>(known);
  const unknown = written.find((name) => !knownNames.has(name.toLowerCase()));
  if (unknown !== undefined) return new FileProblem(`unknown capability ${unknown}`);
  const lower = new Set(written.map((name) => name.toLowerCase()));
  return known.filter((name) => lower.has(name));
}

function readCaFiles(value: TomlValue | undefined): readonly string[] | undefined | FileProblem {
  if (value === undefined) return undefined;
  if (typeof value === "string") return [value];
  return isStringArray(value) ? value : new FileProblem("ca must be a string or a list of strings");
}

function readClientFiles(value: TomlValue | undefined): readonly ClientFiles[] | FileProblem {
  if (value === undefined) return [];
  if (typeof value === "string") return [{ certificate: value }];
  const problem = new FileProblem("client must be a string, a list of strings, or a list of [certificate, key] pairs");
  if (!Array.isArray(value)) return problem;
  const pairs: ClientFiles[] = [];
  for (const item of value) {
    if (typeof item === "string") {
      pairs.push({ certificate: item });
      continue;
    }
    const [certificate, key] = isStringArray(item) && item.length === 2 ? item : [];
    if (certificate === undefined || key === undefined) return problem;
    pairs.push({ certificate, key });
  }
  return pairs;
}

function readHeaders(
  table: TomlTable | undefined,
): { readonly values: Readonly<Record<string, readonly string[]>> } | FileProblem {
  const entries: [string, readonly string[]][] = [];
  for (const [name, value] of Object.entries(table ?? {})) {
    const values = typeof value === "string" ? [value] : value;
    if (!isStringArray(values)) return new FileProblem(`header "${name}" must be a string or a list of strings`);
    entries.push([name, values]);
  }
  return { values: Object.fromEntries(entries) };
}

/** A host value fit for messages: the user and password that a URL may carry are cut out. */
export function withoutUser(name: string): string {
  return name.replace(/^([^/]*\/\/)?[^/]*@/, "$1");
}

/** A key's value. The older library also takes a key in capitals, the newer one any case, the last one written. */
export function field(table: TomlTable, name: string, traits: HostTraits): TomlValue | undefined {
  if (traits.toml === "go-toml-1") {
    const key = [name, name.toUpperCase()].find((candidate) => Object.hasOwn(table, candidate));
    return key === undefined ? undefined : table[key];
  }
  const key = Object.keys(table).findLast((candidate) => candidate.toLowerCase() === name);
  return key === undefined ? undefined : table[key];
}

/** Tells a table from arrays and dates. */
export function isTable(value: unknown): value is TomlTable {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
