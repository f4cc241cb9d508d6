import type { Clock } from "../core/index.js";

/** What a registry said of the pulls that are left to whoever asked. */
export interface RateLimitReading {
  readonly remaining: number;
  /** Pulls in a whole window. */
  readonly limit?: number;
  readonly windowSeconds?: number;
  /** Until the window begins anew, where the registry tells. */
  readonly resetSeconds?: number;
}

/** One reading and whom it is about. `registry`: the host that was asked; `identity`: of the credential, or `anonymous`. */
export interface SeenRateLimit {
  readonly registry: string;
  readonly identity: string;
  readonly reading: RateLimitReading;
}

/** The budgets that registries told of, by host and identity. */
export interface RateLimits {
  note(seen: SeenRateLimit): void;
  /** The last reading, while it may still be true. */
  readingFor(registry: string, identity: string): RateLimitReading | undefined;
  /** Whether so few pulls are left that Pullguard leaves them to the nodes: fewer than a fifth of the limit, at most 20. */
  isLow(registry: string, identity: string): boolean;
}

const lowAtMost = 20;
const lowShare = 0.2;
const believedSeconds = 3600;
const maxEntries = 2000;
/** Registries have one or two; each is looked for among all that are described. */
const maxPolicies = 20;

/** Remembers the newest reading of at most 2000 hosts and identities; each for its window, an hour at most. */
export function createRateLimits(clock: Clock): RateLimits {
  const entries = new Map<string, { readonly reading: RateLimitReading; readonly untilMs: number }>();
  const readingFor: RateLimits["readingFor"] = (registry, identity) => {
    const entry = entries.get(`${registry} ${identity}`);
    return entry === undefined || entry.untilMs < clock.nowMs() ? undefined : entry.reading;
  };
  return {
    readingFor,
    note({ registry, identity, reading }) {
      const key = `${registry} ${identity}`;
      const seconds = Math.min(reading.resetSeconds ?? reading.windowSeconds ?? believedSeconds, believedSeconds);
      entries.delete(key);
      entries.set(key, { reading, untilMs: clock.nowMs() + seconds * 1000 });
      const [oldest] = entries.keys();
      if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
    },
    isLow(registry, identity) {
      const reading = readingFor(registry, identity);
      if (reading === undefined) return false;
      const threshold = reading.limit === undefined ? lowAtMost : Math.min(lowAtMost, reading.limit * lowShare);
      return reading.remaining < threshold;
    },
  };
}

/**
 * Reads the headers by which registries tell of their limits: Docker Hub's `ratelimit-remaining: 76;w=21600` and the plain
 * numbers of the earlier drafts for the same names, `RateLimit: limit=100, remaining=50, reset=5`, `RateLimit:
 * "default";r=50;t=30` with `RateLimit-Policy: "default";q=100;w=60`, and `x-ratelimit-remaining`. Of several policies the
 * one with the least left counts.
 * Source: Docker Hub documentation "Pull rate limit"; IETF draft-ietf-httpapi-ratelimit-headers, 03 to 10.
 * @param header the first value of a header, by lower-case name
 */
export function readRateLimit(header: (name: string) => string | undefined): RateLimitReading | undefined {
  const single = header("ratelimit");
  const combined = single === undefined ? undefined : readCombined(single, header("ratelimit-policy") ?? "");
  if (combined !== undefined) return combined;
  for (const prefix of ["ratelimit", "x-ratelimit"]) {
    const remaining = leadingNumber(header(`${prefix}-remaining`));
    if (remaining === undefined) continue;
    const limitLine = header(`${prefix}-limit`);
    const reset = prefix === "ratelimit" ? leadingNumber(header("ratelimit-reset")) : undefined;
    const window = parameter(header(`${prefix}-remaining`), "w") ?? parameter(limitLine, "w");
    return reading(remaining, leadingNumber(limitLine), window, reset);
  }
  return undefined;
}

function readCombined(text: string, policies: string): RateLimitReading | undefined {
  const items = text.includes(";") ? text.split(",", maxPolicies) : [text.replaceAll(",", ";")];
  const named = policies.split(",", maxPolicies).map((line) => line.trim());
  const readings = items.flatMap((item) => {
    const remaining = parameter(item, "r") ?? parameter(item, "remaining");
    if (remaining === undefined) return [];
    const name = /^\s*("[^"]{0,100}"|[a-z0-9_*-]{1,100})\s*;/i.exec(item)?.[1];
    const policy = named.find((line) => name !== undefined && line.startsWith(name)) ?? "";
    const limit = parameter(item, "limit") ?? parameter(policy, "q");
    const reset = parameter(item, "t") ?? parameter(item, "reset");
    return [reading(remaining, limit, parameter(policy, "w"), reset)];
  });
  return readings.sort((a, b) => a.remaining - b.remaining)[0];
}

function reading(remaining: number, limit?: number, windowSeconds?: number, resetSeconds?: number): RateLimitReading {
  return {
    remaining,
    ...(limit === undefined ? {} : { limit }),
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
    ...(resetSeconds === undefined ? {} : { resetSeconds }),
  };
}

function leadingNumber(text: string | undefined): number | undefined {
  const digits = /^\s*(\d{1,15})(?!\d)/.exec(text ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function parameter(text: string | undefined, name: string): number | undefined {
  for (const part of (text ?? "").split(";")) {
    const [key, value] = part.split("=", 2);
    if (key?.trim().toLowerCase() === name) return leadingNumber(value);
  }
  return undefined;
}
