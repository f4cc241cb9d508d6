import { isIP } from "node:net";

/** An IP address as a number; an IPv4-mapped IPv6 address counts as IPv4, which it is on the wire. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** All addresses that share the first `prefix` bits. `text` as it was written. */
export interface AddressRange extends Address {
  readonly text: string;
  readonly prefix: number;
}

const widths = { 4: 32, 6: 128 } as const;
const low32 = 0xffff_ffffn;

/** `10.0.0.1`, `fe80::1%eth0`, `::ffff:10.0.0.1`; undefined for a name. */
export function parseAddress(text: string): Address | undefined {
  const bare = text.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
  switch (isIP(bare)) {
    case 4:
      return { family: 4, value: ipv4Value(bare) };
    case 6:
      return mapped(ipv6Value(bare));
    default:
      return undefined;
  }
}

/** `10.0.0.0/8`, `fe80::/10` or a single address; undefined for anything else, also for set bits behind the prefix. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [, written = "", length] = /^([^/%[\]]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const kind = isIP(written);
  if (kind === 0) return undefined;
  const given: Address =
    kind === 4 ? { family: 4, value: ipv4Value(written) } : { family: 6, value: ipv6Value(written) };
  const prefix = length === undefined ? widths[given.family] : Number(length);
  if (prefix > widths[given.family]) return undefined;
  const isMapped = given.family === 6 && prefix >= 96 && given.value >> 32n === 0xffffn;
  const range = isMapped
    ? { family: 4 as const, value: given.value & low32, prefix: prefix - 96, text }
    : { ...given, prefix, text };
  const free = BigInt(widths[range.family] - range.prefix);
  return (range.value >> free) << free === range.value ? range : undefined;
}

/** Whether an address lies in a range. */
export function rangeHolds(range: AddressRange, address: Address): boolean {
  const free = BigInt(widths[range.family] - range.prefix);
  return range.family === address.family && range.value >> free === address.value >> free;
}

/**
 * The IPv4 addresses that a packet to this IPv6 address may end up at, by way of a translator or a tunnel: NAT64 (RFC 6052,
 * RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380), ISATAP (RFC 5214), and the old compatible and translated forms.
 */
export function embeddedAddresses({ family, value }: Address): readonly Address[] {
  if (family === 4) return [];
  const found: bigint[] = [];
  const last = value & low32;
  const high96 = value >> 32n;
  if (high96 === 0n && last > 1n) found.push(last);
  if (high96 === 0xffff_0000n || high96 === 0x64_ff9b_0000_0000_0000_0000n) found.push(last);
  if (value >> 80n === 0x64_ff9b_0001n) {
    // The network's own prefix may be 48 to 96 bits long, and that decides where the IPv4 address stands.
    found.push(last, (((value >> 64n) & 0xffffn) << 16n) | ((value >> 40n) & 0xffffn));
    found.push((((value >> 64n) & 0xffn) << 24n) | ((value >> 32n) & 0xff_ffffn), (value >> 24n) & low32);
  }
  if (value >> 112n === 0x2002n) found.push((value >> 80n) & low32);
  if (value >> 96n === 0x2001_0000n) found.push((value >> 64n) & low32, last ^ low32);
  if (((value >> 32n) & 0xfdff_ffffn) === 0x5efen) found.push(last);
  return found.map((embedded) => ({ family: 4, value: embedded }));
}

function mapped(value: bigint): Address {
  return value >> 32n === 0xffffn ? { family: 4, value: value & low32 } : { family: 6, value };
}

function ipv4Value(text: string): bigint {
  return text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

/** @param text  what `isIP` takes for IPv6 */
function ipv6Value(text: string): bigint {
  const dotted = /\d+\.\d+\.\d+\.\d+$/.exec(text)?.[0];
  const tail = dotted === undefined ? "" : ipv4Value(dotted).toString(16).padStart(8, "0");
  const plain = dotted === undefined ? text : `${text.slice(0, -dotted.length)}${tail.slice(0, 4)}:${tail.slice(4)}`;
  const [before = "", after] = plain.split("::");
  const head = before === "" ? [] : before.split(":");
  const rest = after === undefined || after === "" ? [] : after.split(":");
  const groups = after === undefined ? head : [...head, ...Array(8 - head.length - rest.length).fill("0"), ...rest];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
