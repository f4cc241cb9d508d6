import { Redacted } from "./redacted.js";

/** What V8 spends on an object beside its members, on one of them, and on a string beside its characters. */
const objectBytes = 32;
const memberBytes = 8;
const stringBytes = 24;

/**
 * About how many bytes of memory a plain value holds, for bounds of caches: good to a factor of two.
 * @param shared  names of members that are not counted, because many values refer to the same
 */
export function roughBytes(value: unknown, shared: ReadonlySet<string> = none): number {
  switch (typeof value) {
    case "string":
      return stringBytes + value.length;
    case "object":
      return value === null ? 0 : ofObject(value, shared);
    default:
      return 0;
  }
}

const none: ReadonlySet<string> = new Set();

function ofObject(value: object, shared: ReadonlySet<string>): number {
  if (value instanceof Redacted) return objectBytes + roughBytes(value.reveal(), shared);
  if (value instanceof Uint8Array) return objectBytes + value.byteLength;
  let bytes = objectBytes;
  if (Array.isArray(value)) {
    for (const item of value) bytes += memberBytes + roughBytes(item, shared);
    return bytes;
  }
  if (value instanceof Map) {
    for (const [key, item] of value) bytes += 4 * memberBytes + roughBytes(key, shared) + roughBytes(item, shared);
    return bytes;
  }
  for (const [name, member] of Object.entries(value)) {
    bytes += memberBytes + (shared.has(name) ? 0 : roughBytes(member, shared));
  }
  return bytes;
}
