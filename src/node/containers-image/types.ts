import type { FactOrigin } from "../types.js";

/** A place in registries.conf: `host[:port][/path]`, no scheme. */
export interface Endpoint {
  readonly location: string;
  readonly insecure: boolean;
  readonly pullFromMirror: "all" | "digest-only" | "tag-only";
}

/** One `[[registry]]` table. `location` is empty only where the prefix begins with `*.`. */
export interface RegistryTable extends Omit<Endpoint, "pullFromMirror"> {
  readonly prefix: string;
  readonly blocked: boolean;
  readonly mirrorByDigestOnly: boolean;
  readonly mirrors: readonly Endpoint[];
  readonly origin: FactOrigin;
}

/** A repository that a short name stands for, or "" where a file takes the alias of another one back. */
export interface Alias {
  readonly target: string;
  readonly origin: FactOrigin;
}

export type ShortNameMode = "enforcing" | "permissive" | "disabled";

/** What one file says; `undefined` where it says nothing, so that an earlier file's word stays. */
export interface RegistriesFile {
  readonly registries: readonly RegistryTable[];
  readonly searchRegistries?: readonly string[];
  readonly credentialHelpers?: readonly string[];
  readonly shortNameMode?: ShortNameMode;
  readonly aliases: ReadonlyMap<string, Alias>;
}

/** All files together. */
export interface RegistriesConfig {
  readonly registries: readonly RegistryTable[];
  readonly searchRegistries: readonly string[];
  /** Where the search registries were read, or the file where they would be. */
  readonly searchOrigin: FactOrigin;
  readonly credentialHelpers: readonly string[];
  readonly shortNameMode: ShortNameMode;
  readonly aliases: ReadonlyMap<string, Alias>;
}
