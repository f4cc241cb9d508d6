import { BlockList, isIP, isIPv4 } from "node:net";
import type { RuntimeVersion } from "../types.js";

/**
 * How dockerd treats a registry. `depends`: a network of the list decides, and which addresses the node finds for the name
 * is not known.
 */
export type RegistrySecurity = "secure" | "insecure" | "depends";

/** `insecure-registries` with what dockerd adds of its own. */
export interface InsecureRegistries {
  /**
   * @param host       `host` or `host:port` as dockerd compares it, letter by letter
   * @param addressesOf  the addresses that the node itself has for a name, where it says so
   */
  securityOf(host: string, addressesOf: (name: string) => readonly string[] | undefined): RegistrySecurity;
}

/** Docker's own grammar of a registry. Source: `DomainRegexp`, distribution reference/regexp.go. */
const label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const hostAndPort = new RegExp(`^${label}(?:\\.${label})*(?::[0-9]+)?$`);

/**
 * Reads the list, or says in dockerd's words why it does not start with it.
 * Source: `LoadInsecureRegistries`, `validateHostPort`, `isSecureIndex`, `isCIDRMatch`, moby registry/config.go 20.10 to 28.
 */
export function readInsecureRegistries(
  entries: readonly string[],
  version: Pick<RuntimeVersion, "major">,
): InsecureRegistries | { readonly refusal: string } {
  const names = new Set<string>();
  const networks = new BlockList();
  networks.addSubnet("127.0.0.0", 8, "ipv4");
  if (version.major >= 28) networks.addAddress("::1", "ipv6");
  let ownNetworks = false;
  for (const written of entries) {
    if (/^-|-$/.test(written)) {
      return { refusal: `invalid index name (${written}). Cannot begin or end with a hyphen` };
    }
    const entry = written.replace(/^https?:\/\//i, "");
    if (entry.includes("://")) return { refusal: `insecure registry ${written} should not contain '://'` };
    if (addNetwork(networks, entry)) {
      ownNetworks = true;
      continue;
    }
    const problem = hostPortProblem(entry);
    if (problem !== undefined) return { refusal: `insecure registry ${entry} is not valid: ${problem}` };
    names.add(entry);
  }
  return { securityOf: (host, addressesOf) => securityOf({ names, networks, ownNetworks }, host, addressesOf) };
}

interface List {
  readonly names: ReadonlySet<string>;
  readonly networks: BlockList;
  /** Whether the list names networks besides dockerd's own. */
  readonly ownNetworks: boolean;
}

function securityOf(
  { names, networks, ownNetworks }: List,
  host: string,
  addressesOf: (name: string) => readonly string[] | undefined,
): RegistrySecurity {
  if (names.has(host)) return "insecure";
  const name = hostNameOf(host);
  if (isIP(name) !== 0) return contains(networks, name) ? "insecure" : "secure";
  const addresses = addressesOf(name);
  if (addresses !== undefined) return addresses.some((address) => contains(networks, address)) ? "insecure" : "secure";
  // Every resolver leads these to the machine itself.
  if (name.toLowerCase() === "localhost") return "insecure";
  // A name that leads to 127.0.0.0/8 without the node's own hosts file saying so is a registry on the node under another
  // name; only the reserved ones do that.
  return ownNetworks || name.toLowerCase().endsWith(".localhost") ? "depends" : "secure";
}

/** The host of `host:port`, `[v6]:port` or `host`. */
export function hostNameOf(host: string): string {
  return /^\[(.*)\]:\d*$/.exec(host)?.[1] ?? /^([^:]*):\d*$/.exec(host)?.[1] ?? host;
}

function addNetwork(networks: BlockList, entry: string): boolean {
  const [, address = "", bits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(entry) ?? [];
  const family = isIP(address);
  if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return false;
  networks.addSubnet(address, Number(bits), family === 4 ? "ipv4" : "ipv6");
  return true;
}

function contains(networks: BlockList, address: string): boolean {
  if (isIP(address) === 0) return false;
  return networks.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

function hostPortProblem(entry: string): string | undefined {
  const name = hostNameOf(entry);
  if (!hostAndPort.test(entry) && isIP(name) === 0) return `invalid host ${JSON.stringify(name)}`;
  const port = /:(\d+)$/.exec(entry)?.[1];
  return port !== undefined && isIP(entry) === 0 && Number(port) > 65_535
    ? `invalid port ${JSON.stringify(port)}`
    : undefined;
}
