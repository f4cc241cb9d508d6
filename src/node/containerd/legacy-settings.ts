import type { TomlTable } from "smol-toml";
import { Redacted } from "../../core/index.js";
import { isTextList } from "./config-file.js";
import { allSound, FileProblem, field, isTable } from "./host-entry.js";
import { parseGoUrl } from "./host-url.js";
import type { HostTraits } from "./traits.js";

/** `registry.configs.*.tls` of 1.x. File names as written, "" where there is none. */
export interface LegacyTls {
  readonly insecureSkipVerify: boolean;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** `registry.configs.*.auth`, as written; "" where there is none. */
export interface LegacyAuth {
  readonly username: string;
  readonly password: Redacted<string>;
  readonly auth: Redacted<string>;
  readonly identityToken: Redacted<string>;
}

export interface LegacyRegistry {
  readonly tls?: LegacyTls;
  readonly auth?: LegacyAuth;
}

/** The `registry` section of containerd's configuration, but for `config_path`. */
export interface LegacySettings {
  /** Endpoints by registry, `*` for all others. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  /** By host; users of `registry.auths` are among them. */
  readonly configs: ReadonlyMap<string, LegacyRegistry>;
  /** Sent with every request to every registry. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** A key of `registry.auths` that Go takes for no URL, for which the plugin does not load. */
  readonly brokenAuths?: string;
}

/** Reads the section; a problem is a wrong type, for which containerd does not start. */
export function readLegacyRegistry(registry: TomlTable, host: HostTraits): LegacySettings | FileProblem {
  const mirrors = mapAt(registry, "mirrors", host, (value) => endpoints(value, host));
  if (mirrors instanceof FileProblem) return mirrors;
  const configs = mapAt(registry, "configs", host, (value) => legacyRegistry(value, host));
  if (configs instanceof FileProblem) return configs;
  const auths = mapAt(registry, "auths", host, (value) => legacyAuth(value, host));
  if (auths instanceof FileProblem) return auths;
  const headers = mapAt(registry, "headers", host, (value) =>
    isTextList(value) ? value : new FileProblem("the values of registry.headers must be lists of strings"),
  );
  if (headers instanceof FileProblem) return headers;
  const all = new Map(configs);
  let brokenAuths: string | undefined;
  for (const [endpoint, auth] of auths) {
    const url = parseGoUrl(endpoint);
    if (url === undefined) brokenAuths ??= endpoint;
    const key = url === undefined || url.scheme === "" ? endpoint : url.host;
    all.set(key, { ...all.get(key), auth });
  }
  return {
    mirrors,
    configs: all,
    headers: Object.fromEntries(headers),
    ...(brokenAuths !== undefined && { brokenAuths }),
  };
}

/** A setting that is a string, "" where it is not written. */
export function textAt(table: TomlTable, name: string, host: HostTraits): string | FileProblem {
  const value = field(table, name, host) ?? "";
  return typeof value === "string" ? value : new FileProblem(`${name} must be a string`);
}

function mapAt<T>(
  table: TomlTable,
  name: string,
  host: HostTraits,
  read: (value: TomlTable[string]) => T | FileProblem,
): ReadonlyMap<string, T> | FileProblem {
  const value = field(table, name, host) ?? {};
  if (!isTable(value)) return new FileProblem(`registry.${name} must be a table`);
  const entries = new Map<string, T>();
  for (const [key, entry] of Object.entries(value)) {
    const item = read(entry);
    if (item instanceof FileProblem) return item;
    entries.set(key, item);
  }
  return entries;
}

function endpoints(value: TomlTable[string], host: HostTraits): readonly string[] | FileProblem {
  const list = isTable(value) ? (field(value, "endpoint", host) ?? []) : undefined;
  return isTextList(list) ? list : new FileProblem("the endpoint of a mirror must be a list of strings");
}

function legacyRegistry(value: TomlTable[string], host: HostTraits): LegacyRegistry | FileProblem {
  if (!isTable(value)) return new FileProblem("the entries of registry.configs must be tables");
  const tlsTable = field(value, "tls", host);
  const tls = tlsTable === undefined ? undefined : legacyTls(tlsTable, host);
  // An unknown key to 2.x, whatever stands in it.
  if (tls instanceof FileProblem && host.toml === "go-toml-1") return tls;
  const authTable = field(value, "auth", host);
  const auth = authTable === undefined ? undefined : legacyAuth(authTable, host);
  if (auth instanceof FileProblem) return auth;
  return { ...(tls !== undefined && !(tls instanceof FileProblem) && { tls }), ...(auth !== undefined && { auth }) };
}

function legacyTls(value: TomlTable[string], host: HostTraits): LegacyTls | FileProblem {
  if (!isTable(value)) return new FileProblem("the tls of a registry must be a table");
  const insecureSkipVerify = field(value, "insecure_skip_verify", host) ?? false;
  if (typeof insecureSkipVerify !== "boolean") return new FileProblem("insecure_skip_verify must be true or false");
  const files = allSound({
    caFile: textAt(value, "ca_file", host),
    certFile: textAt(value, "cert_file", host),
    keyFile: textAt(value, "key_file", host),
  });
  return files instanceof FileProblem ? files : { insecureSkipVerify, ...files };
}

function legacyAuth(value: TomlTable[string], host: HostTraits): LegacyAuth | FileProblem {
  if (!isTable(value)) return new FileProblem("the auth of a registry must be a table");
  const texts = allSound({
    username: textAt(value, "username", host),
    password: textAt(value, "password", host),
    auth: textAt(value, "auth", host),
    identityToken: textAt(value, "identitytoken", host),
  });
  if (texts instanceof FileProblem) return texts;
  const { username, password, auth, identityToken } = texts;
  return {
    username,
    password: new Redacted(password),
    auth: new Redacted(auth),
    identityToken: new Redacted(identityToken),
  };
}
