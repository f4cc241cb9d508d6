import { LRUCache } from "lru-cache";
import type { Clock } from "../core/index.js";
import type { BlobPlace, ContentAdvice, ContentProblem, ContentRules } from "../prediction/index.js";
import { type LayerFacts, type LayerOrder, readLayer } from "./layer-stream.js";
import type { RateLimit } from "./rate-limit.js";

/** A layer in its image: what it must turn out to be for the runtime to unpack it. */
export interface LayerQuestion extends Omit<LayerOrder, "comparesSizes" | "archive"> {
  readonly rules: ContentRules;
  readonly place: BlobPlace;
  /** Digest of its archive in the config; absent where the layer is only stored. */
  readonly diffId?: string;
  /** Names hosts and identity: what was read is for those who would read the same. */
  readonly scope: string;
}

export type LayerVerdict =
  | { readonly kind: "sound"; readonly advices: readonly ContentAdvice[] }
  | { readonly kind: "damaged"; readonly problem: ContentProblem; readonly doubt?: string }
  | { readonly kind: "unread"; readonly reason: string };

export interface LayerVerifier {
  /** What is known already. Asks nobody. */
  recall(question: LayerQuestion): LayerVerdict | undefined;
  /** Reads the layer, unless it was read before or is being read now. */
  verify(question: LayerQuestion, signal: AbortSignal): Promise<LayerVerdict>;
}

export interface LayerVerifierDeps {
  readonly clock: Clock;
  readonly rate: RateLimit;
  /** Upper bound of layers that are remembered. */
  readonly maxRemembered: number;
  /** Told when a layer begins, of every piece of it, and when it is done. */
  readonly observer?: LayerObserver;
}

export interface LayerObserver {
  onLayer(digest: string, sizeBytes: number): void;
  onBytes(digest: string, bytes: number): void;
  onDone(digest: string, facts: LayerFacts["kind"]): void;
}

/** Bytes under a digest do not change where they are sound; what is damaged may be pushed again. */
const soundTtlMs = 24 * 3_600_000;
const damagedTtlMs = 10 * 60_000;

/** Reads layers, each digest once for the same hosts and identity, and judges them for the image that asks. */
export function createLayerVerifier(deps: LayerVerifierDeps): LayerVerifier {
  const known = new LRUCache<string, LayerFacts>({
    max: deps.maxRemembered,
    ttlResolution: 0,
    perf: { now: () => deps.clock.nowMs() },
  });
  const running = new Map<string, Promise<LayerFacts>>();

  async function read(question: LayerQuestion, key: string, signal: AbortSignal): Promise<LayerFacts> {
    const { digest, sizeBytes, rules, source, packing } = question;
    const { observer, rate } = deps;
    observer?.onLayer(digest, sizeBytes);
    const order: LayerOrder = {
      source,
      digest,
      sizeBytes,
      comparesSizes: rules.comparesSizes,
      archive: rules.archive,
      ...(packing === undefined ? {} : { packing }),
    };
    const facts = await readLayer({ rate, onBytes: (bytes) => observer?.onBytes(digest, bytes) }, order, signal);
    observer?.onDone(digest, facts.kind);
    if (facts.kind === "read") {
      const isSound = facts.digest === digest && facts.unpacking?.fault === undefined;
      known.set(key, facts, { ttl: isSound ? soundTtlMs : damagedTtlMs });
    }
    return facts;
  }

  return {
    recall(question) {
      const facts = known.get(keyOf(question));
      return facts === undefined ? undefined : judge(question, facts);
    },
    async verify(question, signal) {
      const key = keyOf(question);
      for (;;) {
        const before = known.get(key);
        if (before !== undefined) return judge(question, before);
        const shared = running.get(key);
        if (shared === undefined) break;
        const facts = await shared;
        // Somebody else's reading may have ended with that one's patience.
        if (facts.kind !== "unread" || signal.aborted) return judge(question, facts);
      }
      const reading = read(question, key, signal).finally(() => running.delete(key));
      running.set(key, reading);
      return judge(question, await reading);
    },
  };
}

/** Images with the same layer may declare it with different sizes, types and configs. */
function keyOf({ scope, digest, sizeBytes, packing, rules }: LayerQuestion): string {
  const size = rules.comparesSizes ? sizeBytes : "";
  return `${scope}\n${digest}\n${size}\n${JSON.stringify([packing, rules.archive])}`;
}

function judge(question: LayerQuestion, facts: LayerFacts): LayerVerdict {
  const { place: blob, rules, sizeBytes, digest, diffId } = question;
  if (facts.kind === "missing") return { kind: "damaged", problem: { kind: "blob-missing", blob } };
  if (facts.kind === "unread") return facts;
  if (rules.comparesSizes && sizeBytes >= 0 && facts.sizeBytes !== sizeBytes) {
    const actualBytes = facts.sizeBytes;
    return { kind: "damaged", problem: { kind: "blob-size", blob, declaredBytes: sizeBytes, actualBytes } };
  }
  if (facts.digest !== digest) {
    return { kind: "damaged", problem: { kind: "blob-digest", blob, actual: facts.digest } };
  }
  const { unpacking } = facts;
  if (unpacking === undefined) return { kind: "sound", advices: [] };
  const { fault, doubt, escapingName, isPlain } = unpacking;
  if (fault !== undefined) {
    const problem = { kind: "layer-unpack", blob, reason: fault } as const;
    return { kind: "damaged", problem, ...(doubt === undefined ? {} : { doubt }) };
  }
  if (doubt !== undefined) return { kind: "unread", reason: doubt };
  const actual = isPlain ? digest : unpacking.diffId;
  if (diffId !== undefined && actual !== undefined && actual !== diffId && rules.comparesDiffIds !== false) {
    const problem = { kind: "layer-diff-id", blob, expected: diffId, actual } as const;
    const unsure =
      rules.comparesDiffIds === "unsure" ? { doubt: "not every release of the runtime compares them" } : {};
    return { kind: "damaged", problem, ...unsure };
  }
  return {
    kind: "sound",
    advices: escapingName === undefined ? [] : [{ kind: "layer-escape", blob, path: escapingName }],
  };
}
