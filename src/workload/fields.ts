import { PullguardError } from "../core/index.js";

/** A JSON object of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * The value as an object; undefined for null and for nothing, which Kubernetes treats alike.
 * @param path where the value stands, for the error
 * @throws PullguardError `InputInvalid` for every other type
 */
export function readObject(value: unknown, path: string): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw wrongType(path, "an object", value);
  return value;
}

/**
 * The value as a list, empty for null and for nothing.
 * @throws PullguardError `InputInvalid` for every other type
 */
export function readList(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrongType(path, "a list", value);
  return value;
}

/**
 * The value as a string, "" for null and for nothing.
 * @throws PullguardError `InputInvalid` for every other type
 */
export function readText(value: unknown, path: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw wrongType(path, "a string", value);
  return value;
}

/**
 * The value as a map of strings, empty for null and for nothing.
 * @throws PullguardError `InputInvalid` for every other type, and for a member that is no string
 */
export function readTextMap(value: unknown, path: string): Readonly<Record<string, string>> {
  const entries = Object.entries(readObject(value, path) ?? {});
  return Object.fromEntries(entries.map(([key, member]) => [key, readText(member, `${path}.${key}`)]));
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// The value itself stays out of the message: it may be a whole document, or a secret in the wrong place.
function wrongType(path: string, wanted: string, value: unknown): PullguardError {
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : `${article(typeof value)} ${typeof value}`;
  return new PullguardError("InputInvalid", `${path}: expected ${wanted}, found ${found}`);
}

function article(word: string): string {
  return /^[aeiou]/.test(word) ? "an" : "a";
}
