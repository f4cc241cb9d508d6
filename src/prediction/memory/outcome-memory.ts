import { LRUCache } from "lru-cache";
import { type CacheRegister, type Clock, roughBytes } from "../../core/index.js";
import type { PullOutcome, PullQuestion } from "../types.js";
import { entryOverheadBytes, sharedMembers } from "./image-memory.js";
import type { AttemptPacker } from "./packed-attempt.js";

/** An outcome as it is remembered. Opaque; the same one means the same outcome. */
export type StoredOutcome = string | PackedOutcome | PullOutcome;

/** A pull that succeeded with another credential than the first. */
interface PackedOutcome {
  readonly kind: "packed";
  readonly text: string;
  readonly credentialIndex: number;
}

/** Outcomes by the key of their question. */
export interface OutcomeMemory {
  get(key: string): StoredOutcome | undefined;
  /** The outcome of a question that is equal to the one it was remembered for. */
  revive(stored: StoredOutcome, question: PullQuestion): PullOutcome;
  set(key: string, outcome: PullOutcome, question: PullQuestion, ttlMs: number): void;
}

export interface OutcomeMemoryDeps {
  readonly clock: Pick<Clock, "nowMs">;
  readonly packer: AttemptPacker;
  readonly maxBytes: number;
  readonly caches?: CacheRegister;
}

/** Remembers within a bound of bytes. Pulls that succeed are packed; failures are few and soon forgotten. */
export function createOutcomeMemory({ clock, packer, maxBytes, caches }: OutcomeMemoryDeps): OutcomeMemory {
  const outcomes = new LRUCache<string, StoredOutcome>({
    maxSize: Math.ceil(maxBytes),
    sizeCalculation: (value, key) => entryOverheadBytes + key.length + roughBytes(value, sharedMembers),
    ttlResolution: 0,
    perf: { now: () => clock.nowMs() },
  });
  caches?.add("outcomes", outcomes);
  return {
    get: (key) => outcomes.get(key),
    revive(stored, question) {
      if (typeof stored === "string") return revived(packer, stored, 0, question);
      return stored.kind === "packed" ? revived(packer, stored.text, stored.credentialIndex, question) : stored;
    },
    set(key, outcome, question, ttlMs) {
      outcomes.set(key, packed(packer, outcome, question) ?? outcome, { ttl: ttlMs });
    },
  };
}

function revived(packer: AttemptPacker, text: string, credentialIndex: number, question: PullQuestion): PullOutcome {
  const { attempt } = packer.unpack(text, question.hosts);
  return { kind: "pulled", attempt, identity: identityAt(question, credentialIndex), credentialIndex };
}

function packed(packer: AttemptPacker, outcome: PullOutcome, question: PullQuestion): StoredOutcome | undefined {
  if (outcome.kind !== "pulled" || outcome.credentialIndex === undefined) return undefined;
  const { attempt, credentialIndex, identity } = outcome;
  if (identity !== identityAt(question, credentialIndex)) return undefined;
  const text = packer.packedBefore(attempt) ?? packer.pack({ attempt, contentAtSeconds: 0 }, question.hosts);
  if (text === undefined || credentialIndex === 0) return text;
  return { kind: "packed", text, credentialIndex };
}

function identityAt({ credentials }: PullQuestion, index: number): string {
  return credentials[index]?.identity ?? "anonymous";
}
