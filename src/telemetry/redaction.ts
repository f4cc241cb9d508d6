import { PullguardError } from "../core/index.js";

const mask = "[redacted]";
const maxDepth = 12;

/** Compared in lower case, since header names come in any. */
const secretKeys = new Set([
  "password",
  "authorization",
  "proxy-authorization",
  "auth",
  "token",
  "access_token",
  "refresh_token",
  "identitytoken",
  "registrytoken",
  "secret",
  "cookie",
  "set-cookie",
  ".dockerconfigjson",
  ".dockercfg",
]);

/**
 * A copy of a log object in which the value of every key that names a credential is masked, at any depth (beyond twelve
 * levels everything is). Errors are cut down by {@link describeError}, bytes to their number; what has a `toJSON` of its
 * own is trusted to know what it shows.
 */
export function maskSecrets(record: Record<string, unknown>): Record<string, unknown> {
  return maskObject(record, 0);
}

function maskObject(record: object, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record)) {
    copy[key] = secretKeys.has(key.toLowerCase()) ? mask : maskValue(value, depth + 1);
  }
  return copy;
}

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) {
    return value;
  }
  if (depth > maxDepth) {
    return mask;
  }
  if (Array.isArray(value)) {
    return value.map((item) => maskValue(item, depth + 1));
  }
  if (value instanceof Error) {
    return describeError(value);
  }
  if (value instanceof Uint8Array) {
    return `[${value.length} bytes]`;
  }
  return "toJSON" in value && typeof value.toJSON === "function" ? value : maskObject(value, depth);
}

/** What of an error goes to the log: names, codes, messages and the chain of causes, but none of its other properties. */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) {
    return { message: typeof error === "string" ? error : `a thrown ${typeof error}` };
  }
  const code = error instanceof PullguardError ? error.code : "code" in error ? String(error.code) : undefined;
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}
