import type { RuntimeSettings, RuntimeVersion } from "../types.js";

/** The three numbers of a release. */
export type VersionNumber = Pick<RuntimeVersion, "major" | "minor" | "patch">;

/** What changed between containerd releases in the way `certs.d` becomes a list of hosts. */
export interface HostTraits {
  /** Scheme and trust of an unconfigured `localhost`, 127.0.0.0/8 or ::1. `by-port`: 80 http, none or 443 https, others https then http. */
  readonly localhost: "https" | "http" | "by-port";
  /** Which `http://` hosts that also carry TLS settings are tried as https first. */
  readonly httpWithTls: "stays-http" | "https-first" | "https-first-if-ported" | "https-first-unless-80";
  /** Whether that https attempt also gives way to http when it is refused or times out and no port is written. */
  readonly fallsBackWhenUnreachable: boolean;
  /** Whether a hosts.toml without any `host` table counts; if not it is ignored as a whole. */
  readonly serverOnlyFile: boolean;
  /** The TOML library. Version 1 takes hosts from any spelling, version 2 from `[host."…"]` headers alone. */
  readonly toml: "go-toml-1" | "go-toml-2";
  /** `ignored`: an unknown key; `tls-setting`: known, and counted as a TLS setting of the host; `known`: just a timeout. */
  readonly dialTimeout: "ignored" | "tls-setting" | "known";
  /** Whether `referrers` is a capability or makes the file invalid. */
  readonly referrers: boolean;
  readonly headersOnTokenRequests: boolean;
  /** Whether `config_path` may list several folders, or is one path whatever it contains. */
  readonly splitsConfigPath: boolean;
}

type Row = {
  readonly [K in keyof HostTraits]: {
    readonly trait: K;
    readonly value: HostTraits[K];
    /** First release of each line that has it; lines after the last one named have it from their start. */
    readonly since: readonly string[];
  };
}[keyof HostTraits];

const first: HostTraits = {
  localhost: "https",
  httpWithTls: "stays-http",
  fallsBackWhenUnreachable: false,
  serverOnlyFile: false,
  toml: "go-toml-1",
  dialTimeout: "ignored",
  referrers: false,
  headersOnTokenRequests: false,
  splitsConfigPath: true,
};

/**
 * Later rows win.
 * Source: containerd remotes/docker/config/hosts.go (2.x: core/remotes/docker/config/hosts.go), remotes/docker/resolver.go and
 * the CRI plugin's image_pull.go, compared release by release from 1.6.0 to 2.3.4.
 */
const rows: readonly Row[] = [
  { trait: "localhost", value: "http", since: ["1.6.9"] },
  { trait: "localhost", value: "by-port", since: ["1.6.25", "1.7.8"] },
  { trait: "httpWithTls", value: "https-first", since: ["1.7.7"] },
  { trait: "httpWithTls", value: "https-first-if-ported", since: ["1.6.25", "1.7.8"] },
  { trait: "httpWithTls", value: "https-first-unless-80", since: ["1.7.24"] },
  { trait: "fallsBackWhenUnreachable", value: true, since: ["1.7.24"] },
  { trait: "serverOnlyFile", value: true, since: ["1.7.32"] },
  { trait: "toml", value: "go-toml-2", since: ["2.0.0"] },
  { trait: "dialTimeout", value: "tls-setting", since: ["2.0.7"] },
  { trait: "dialTimeout", value: "known", since: ["2.1.0"] },
  { trait: "headersOnTokenRequests", value: true, since: ["2.1.0"] },
  { trait: "splitsConfigPath", value: false, since: ["2.1.0"] },
  { trait: "referrers", value: true, since: ["2.2.0"] },
];

/**
 * How this containerd version reads its host configuration.
 * @param engine what pulls where the node's configuration forces it: the transfer service takes a list of folders for one
 */
export function hostTraits(version: VersionNumber, engine?: RuntimeSettings["engine"]): HostTraits {
  const arrived = rows.filter((row) => hasArrived(version, row.since));
  const traits: HostTraits = { ...first, ...Object.fromEntries(arrived.map((row) => [row.trait, row.value])) };
  return engine === undefined ? traits : { ...traits, splitsConfigPath: engine === "local" };
}

/** Whether a release has what came with `since`: the first release of each line that has it, as `1.7.24`. */
export function hasArrived(version: VersionNumber, since: readonly string[]): boolean {
  const points = since.map(parsePoint);
  const sameLine = points.find((point) => point.major === version.major && point.minor === version.minor);
  if (sameLine !== undefined) return version.patch >= sameLine.patch;
  return points.some(
    (point) => point.major < version.major || (point.major === version.major && point.minor < version.minor),
  );
}

function parsePoint(text: string): VersionNumber {
  const [major = 0, minor = 0, patch = 0] = text.split(".").map(Number);
  return { major, minor, patch };
}
