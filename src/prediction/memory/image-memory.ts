import { LRUCache } from "lru-cache";
import { type CacheRegister, type Clock, roughBytes } from "../../core/index.js";
import type { RegistryHost } from "../../node/index.js";
import type { ImageContent, PulledAttempt } from "../types.js";
import type { AttemptPacker, Packed } from "./packed-attempt.js";

/** A pulled image of which is known what its manifest lists. */
type LookedThrough = PulledAttempt & { readonly content: ImageContent };

/** What an earlier check found of an image. */
export interface KnownContent {
  /** The attempt with what was found: the remembered one where it is equal, whose text an outcome then shares. */
  readonly attempt: LookedThrough;
  /** Whether its blobs were found so lately that they need not be asked for. */
  readonly isFresh: boolean;
}

/** Images by their digest, as one identity read them for one kind of node from one list of hosts. */
export interface ImageMemory {
  /** The attempt that read the manifest, without what was found of its blobs. */
  recall(place: ImagePlace, digest: string): PulledAttempt | undefined;
  /** What is known of what the attempt's manifest lists, when it was found at the same host. */
  contentOf(place: ImagePlace, attempt: PulledAttempt): KnownContent | undefined;
  /** @param isFound  whether every blob was found just now, so that it may be believed for a while */
  remember(place: ImagePlace, attempt: PulledAttempt, isFound: boolean): void;
}

export interface ImagePlace {
  readonly hosts: readonly RegistryHost[];
  /** The key of what is known under a digest. Holds the identity that asked. */
  keyOf(digest: string): string;
}

/** A verified manifest cannot change, but it can be deleted: it is read again after this time. */
const ttlMs = 3_600_000;
/** Bytes under a digest never change, but they may be deleted, or the right to read them withdrawn. */
const blobsTtlSeconds = 600;
/** What the cache spends on an entry besides key and value. */
export const entryOverheadBytes = 180;
/** Hosts belong to their node, credentials to their Secret: what is remembered only refers to them. */
export const sharedMembers: ReadonlySet<string> = new Set(["via", "host", "credential"]);

/** What has no place in a text. `hostIndex`: of `via`, whose object is another one for each question. */
interface Unpacked extends Packed {
  readonly hostIndex: number;
}

export interface ImageMemoryDeps {
  readonly clock: Pick<Clock, "nowMs">;
  readonly packer: AttemptPacker;
  readonly maxBytes: number;
  readonly caches?: CacheRegister;
}

/** Remembers within a bound of bytes, an hour at most. */
export function createImageMemory({ clock, packer, maxBytes, caches }: ImageMemoryDeps): ImageMemory {
  const images = new LRUCache<string, string | Unpacked>({
    maxSize: Math.ceil(maxBytes),
    sizeCalculation: (value, key) => entryOverheadBytes + key.length + roughBytes(value, sharedMembers),
    ttl: ttlMs,
    ttlResolution: 0,
    perf: { now: () => clock.nowMs() },
  });
  caches?.add("manifests", images);
  const startMs = clock.nowMs();
  /** From 1 on; a clock that was set back counts as the beginning. */
  const nowSeconds = (): number => 1 + Math.max(0, Math.floor((clock.nowMs() - startMs) / 1000));
  const recall = ({ hosts, keyOf }: ImagePlace, digest: string): Packed | undefined => {
    const known = images.get(keyOf(digest));
    if (known === undefined) return undefined;
    if (typeof known === "string") return packer.unpack(known, hosts);
    const { attempt, contentAtSeconds, hostIndex } = known;
    return { attempt: { ...attempt, via: hosts[hostIndex] ?? attempt.via }, contentAtSeconds };
  };
  return {
    recall(place, digest) {
      const known = recall(place, digest);
      if (known === undefined) return undefined;
      const { content: _content, ...attempt } = known.attempt;
      return attempt;
    },
    contentOf(place, attempt) {
      const known = recall(place, attempt.digest);
      if (known === undefined || !isLookedThrough(known.attempt)) return undefined;
      const before = known.attempt;
      if (before.image?.manifestDigest !== attempt.image?.manifestDigest || before.via !== attempt.via)
        return undefined;
      const age = nowSeconds() - known.contentAtSeconds;
      const isFresh = known.contentAtSeconds > 0 && age >= 0 && age < blobsTtlSeconds;
      return { isFresh, attempt: isAlike(before, attempt) ? before : { ...attempt, content: before.content } };
    },
    remember(place, attempt, isFound) {
      const key = place.keyOf(attempt.digest);
      const packed = { attempt, contentAtSeconds: isFound ? nowSeconds() : 0 };
      // What was found of the blobs later does not make the reading of the manifest any younger.
      const leftMs = images.getRemainingTTL(key);
      const ttl = leftMs > 0 && Number.isFinite(leftMs) ? { ttl: leftMs } : {};
      const hostIndex = place.hosts.indexOf(attempt.via);
      images.set(key, packer.pack(packed, place.hosts) ?? { ...packed, hostIndex }, ttl);
    },
  };
}

function isLookedThrough(attempt: PulledAttempt): attempt is LookedThrough {
  return attempt.content !== undefined;
}

/** Content under one digest is the same; what stands around it may differ by how it was asked for. */
function isAlike(one: PulledAttempt, other: PulledAttempt): boolean {
  return (
    one.mediaType === other.mediaType &&
    one.unread === other.unread &&
    JSON.stringify(one.platforms) === JSON.stringify(other.platforms)
  );
}
