import type { LookupFunction } from "node:net";
import {
  type Address,
  type AddressRange,
  embeddedAddresses,
  parseAddress,
  parseAddressRange,
  rangeHolds,
} from "./address-range.js";

/** Addresses that are not dialled, and what kind of address people should call them. */
export interface ForbiddenRange {
  readonly range: AddressRange;
  readonly kind: "link-local" | "metadata" | "loopback" | "service" | "configured";
}

/**
 * Which addresses may be dialled. Of all ranges that hold an address the longest prefix decides, an allowed one before a
 * forbidden one of equal length; an address in none is allowed. Hosts are `name`, `*.suffix` or `address`, each with a
 * `:port` or for every port; a host that is allowed may be at any address, one that is forbidden is never asked.
 */
export interface AddressRules {
  readonly forbidden: readonly ForbiddenRange[];
  readonly allowed: readonly AddressRange[];
  readonly forbiddenHosts: readonly string[];
  readonly allowedHosts: readonly string[];
}

interface Peer {
  readonly hostname: string;
  readonly port: number;
}

/** Decides which addresses are dialled, at the moment they are dialled. */
export interface AddressGuard {
  /** Why this host is not asked, as far as that can be said before its name is looked up. */
  refusalOf(peer: Peer): string | undefined;
  /** A lookup that gives only addresses that may be dialled, and fails with {@link ForbiddenAddressError} for none. */
  lookupFor(peer: Peer): LookupFunction;
  /** Looks a name up and tells whether it would be dialled, for those who dial elsewhere. */
  screen(peer: Peer): Promise<string | undefined>;
}

/** What a lookup fails with where a name leads nowhere that may be dialled. The message names no address. */
export class ForbiddenAddressError extends Error {
  override readonly name = "ForbiddenAddressError";
  readonly code = "ADDRESS_FORBIDDEN";
}

const kindWords: Readonly<Record<ForbiddenRange["kind"], string>> = {
  "link-local": "a link-local address",
  metadata: "the metadata address of a cloud",
  loopback: "a loopback address",
  service: "an address of the cluster's Services",
  configured: "an address that Pullguard's configuration forbids",
};

function forbid(kind: ForbiddenRange["kind"], ...texts: readonly string[]): readonly ForbiddenRange[] {
  return texts.map((text) => {
    const range = parseAddressRange(text);
    if (range === undefined) throw new RangeError(`${text} is no range of addresses`);
    return { range, kind };
  });
}

/**
 * Addresses that hold no registry but, on many machines, credentials for whoever asks: link-local ones, among them the
 * metadata service of most clouds, and the metadata services that some clouds have elsewhere.
 */
export const linkLocalRanges: readonly ForbiddenRange[] = [
  ...forbid("link-local", "169.254.0.0/16", "fe80::/10"),
  // EC2 and GCE over IPv6, Alibaba, Azure's WireServer, Oracle's classic one.
  ...forbid("metadata", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
];

/** Names of metadata services, refused before they are looked up. */
export const metadataHosts: readonly string[] = [
  "metadata.google.internal",
  "metadata.goog",
  "metadata",
  "instance-data",
  "instance-data.ec2.internal",
];

/** The machine itself. Connecting to 0.0.0.0 or :: reaches it too. */
export const loopbackRanges: readonly ForbiddenRange[] = forbid("loopback", "127.0.0.0/8", "0.0.0.0/8", "::1", "::");

/**
 * Builds the guard.
 * @param rules   read anew for each connection, so that a changed configuration counts at once
 * @param lookup  how names are resolved
 */
export function createAddressGuard(rules: () => AddressRules, lookup: LookupFunction): AddressGuard {
  const refusalOf = (peer: Peer): string | undefined => {
    const current = rules();
    const address = parseAddress(peer.hostname);
    if (current.allowedHosts.some((host) => hostMatches(host, peer))) return undefined;
    if (current.forbiddenHosts.some((host) => hostMatches(host, peer))) return "its name is one that is never dialled";
    const kind = address === undefined ? undefined : forbiddenKind(current, address);
    return kind === undefined ? undefined : `it is ${kindWords[kind]}`;
  };

  const lookupFor = (peer: Peer): LookupFunction => {
    const judge = (addresses: readonly string[]): ForbiddenAddressError | undefined => {
      const current = rules();
      if (current.allowedHosts.some((host) => hostMatches(host, peer))) return undefined;
      for (const text of addresses) {
        const address = parseAddress(text);
        const kind = address === undefined ? "configured" : forbiddenKind(current, address);
        // Which address it is stays untold: names inside a network are not for strangers to resolve.
        if (kind !== undefined) return new ForbiddenAddressError(`its name leads to ${kindWords[kind]}`);
      }
      return undefined;
    };
    return (hostname, options, callback) => {
      lookup(hostname, options, (error, found, family) => {
        if (error !== null) return callback(error, found, family);
        if (typeof found === "string") {
          const refused = judge([found]);
          return refused === undefined ? callback(null, found, family) : callback(refused, "", 0);
        }
        const kept = found.filter(({ address }) => judge([address]) === undefined);
        if (kept.length > 0) return callback(null, kept);
        callback(judge(found.map(({ address }) => address)) ?? withoutAddress(hostname), "", 0);
      });
    };
  };

  return {
    refusalOf,
    lookupFor,
    screen: (peer) =>
      new Promise((resolve) => {
        const refused = refusalOf(peer);
        if (refused !== undefined || parseAddress(peer.hostname) !== undefined) return resolve(refused);
        lookupFor(peer)(peer.hostname, { all: true }, (error) => {
          resolve(error instanceof ForbiddenAddressError ? error.message : undefined);
        });
      }),
  };
}

/** Node's sockets would wait for ever for the first of no addresses. */
function withoutAddress(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address`), { code: "ENODATA" });
}

/** What forbids an address, itself or the IPv4 address in it; undefined where nothing does. */
function forbiddenKind(rules: AddressRules, address: Address): ForbiddenRange["kind"] | undefined {
  for (const candidate of [address, ...embeddedAddresses(address)]) {
    const allowed = longest(rules.allowed.filter((range) => rangeHolds(range, candidate)));
    const forbidden = rules.forbidden.filter(({ range }) => rangeHolds(range, candidate));
    const prefix = longest(forbidden.map(({ range }) => range));
    const worst = forbidden.find(({ range }) => range.prefix === prefix);
    if (worst !== undefined && allowed < prefix) return worst.kind;
  }
  return undefined;
}

function longest(ranges: readonly AddressRange[]): number {
  return ranges.reduce((most, { prefix }) => Math.max(most, prefix), -1);
}

function hostMatches(pattern: string, { hostname, port }: Peer): boolean {
  const [, host = "", wantedPort] = /^(.*?)(?::(\d+))?$/.exec(pattern.replace(/^\[(.*)\]/, "$1")) ?? [];
  const isPlainAddress = parseAddress(pattern) !== undefined;
  const wanted = (isPlainAddress ? pattern.replace(/^\[(.*)\]$/, "$1") : host).toLowerCase();
  if (!isPlainAddress && wantedPort !== undefined && Number(wantedPort) !== port) return false;
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (wanted.startsWith("*.")) return name.endsWith(wanted.slice(1));
  const [one, other] = [parseAddress(wanted), parseAddress(name)];
  return one !== undefined && other !== undefined
    ? one.family === other.family && one.value === other.value
    : wanted === name;
}
