import { LRUCache } from "lru-cache";
import type { Clock } from "../core/index.js";

/** Registries that asked one sender to wait. What one identity is told holds for no other. */
export interface Pauses {
  /** @param seconds  what `Retry-After` said */
  note(registry: string, identity: string, seconds: number): void;
  /** Until when this sender waits, on the clock's scale; undefined where it need not. */
  untilMs(registry: string, identity: string): number | undefined;
  /** The longest such wait of anybody. */
  longestMs(registry: string): number | undefined;
}

/** Longer than this nobody is taken at their word: a proxy in between may have said it. */
const longestSeconds = 600;
const maxPauses = 2000;
const separator = "\n";

/** Waits of at most 2000 registries and identities, ten minutes each at most. */
export function createPauses(clock: Clock): Pauses {
  const waits = new LRUCache<string, number>({ max: maxPauses });
  const untilMs: Pauses["untilMs"] = (registry, identity) => {
    const key = `${registry}${separator}${identity}`;
    const until = waits.get(key);
    const nowMs = clock.nowMs();
    // A clock that was set back makes no wait longer.
    if (until === undefined || (until > nowMs && until <= nowMs + longestSeconds * 1000)) return until;
    waits.delete(key);
    return undefined;
  };
  return {
    untilMs,
    note(registry, identity, seconds) {
      if (seconds <= 0) return;
      waits.set(`${registry}${separator}${identity}`, clock.nowMs() + Math.min(seconds, longestSeconds) * 1000);
    },
    longestMs(registry) {
      const prefix = `${registry}${separator}`;
      let longest: number | undefined;
      for (const [key, until] of waits.entries()) {
        if (key.startsWith(prefix) && until > clock.nowMs()) longest = Math.max(longest ?? 0, until);
      }
      return longest;
    },
  };
}
