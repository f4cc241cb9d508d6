import { LRUCache } from "lru-cache";
import type { Clock } from "../core/index.js";
import type { RegistryHost } from "../node/index.js";
import { type ImageReference, repositoryName } from "../reference/index.js";
import type { Exchange, ExchangeRequest, RateLimits, RegistrySession } from "../registry/index.js";

/** One more request now, or one round trip more for the answer: decides for which tags it is worth it. */
export interface ReadAhead {
  /** Hears that a host has answered, whatever it said. */
  noteAnswer(address: string): void;
  /** Hears that a tag was resolved: what it points to is remembered by its digest from then on. */
  noteResolved(reference: ImageReference, identity: string): void;
  /** Hears that a pull begins which asks this host first; to be told when it is over. */
  begin(host: RegistryHost): () => void;
  /**
   * Claims the right to read a tag's manifest from its first host beforehand; undefined where that is not worth it. What is
   * claimed is to be released.
   */
  claim(reference: ImageReference, host: RegistryHost | undefined, identity: string): (() => void) | undefined;
  /** Aborts what nobody waits for any more, unless it ends by itself within two seconds. */
  stopSoon(stop: AbortController): void;
}

/** Pulls under way at a host, and of them such that read ahead: a crowd keeps its connections busy enough without. */
const maxAtATime = 4;
const graceMs = 2_000;
const maxHosts = 2000;
/** Memory for the names of tags that were resolved. */
const maxTagBytes = 1024 * 1024;

/**
 * Reads ahead from hosts that have answered before, and so have a connection to spare and would have told of a limit on
 * pulls if they had one: where manifests are counted, none is read twice. A tag that was resolved before probably
 * points to the same manifest still, which is known.
 */
export function createReadAhead(
  clock: Pick<Clock, "sleep">,
  rateLimits: Pick<RateLimits, "readingFor"> | undefined,
): ReadAhead {
  const answered = new LRUCache<string, true>({ max: maxHosts });
  const resolved = new LRUCache<string, true>({
    maxSize: maxTagBytes,
    sizeCalculation: (_is, tag) => 100 + tag.length,
  });
  const pulls = new Map<string, number>();
  const reads = new Map<string, number>();
  const tagKey = (reference: ImageReference, identity: string): string =>
    `${repositoryName(reference)}:${reference.tag ?? "latest"} ${identity}`;
  return {
    stopSoon(stop) {
      clock.sleep(graceMs, stop.signal).then(
        () => stop.abort(),
        () => undefined,
      );
    },
    begin: (host) => counted(pulls, host.address),
    noteAnswer: (address) => void answered.set(address, true),
    noteResolved(reference, identity) {
      if (reference.digest === undefined) resolved.set(tagKey(reference, identity), true);
    },
    claim(reference, host, identity) {
      if (host === undefined || reference.digest !== undefined || !answered.has(host.address)) return undefined;
      if (rateLimits?.readingFor(host.address, identity) !== undefined) return undefined;
      if (resolved.has(tagKey(reference, identity))) return undefined;
      if ((pulls.get(host.address) ?? 0) > maxAtATime || (reads.get(host.address) ?? 0) >= maxAtATime) return undefined;
      return counted(reads, host.address);
    },
  };
}

/** Counts one more under a name until the function that it gives back is called. */
function counted(counts: Map<string, number>, name: string): () => void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
  return () => {
    const left = (counts.get(name) ?? 1) - 1;
    if (left === 0) counts.delete(name);
    else counts.set(name, left);
  };
}

/** The two sides of one pull: what is read beforehand, and the attempt, which takes over what it finds of that. */
export interface SharedReads {
  readonly ahead: RegistrySession;
  readonly attempt: RegistrySession;
  /**
   * Resolves when the attempt got its first answer, or was given up. Who asks for blobs before that meets the refusal that
   * the attempt is just about to have dealt with.
   */
  readonly admitted: Promise<void>;
  giveUp(): void;
}

/**
 * Manifests that were read by digest beforehand are taken over, as their bytes are verified anyway. Whatever failed
 * beforehand is asked for again: only what the attempt is told itself counts against an image.
 */
export function sharedReads(session: RegistrySession): SharedReads {
  const reads = new Map<string, Promise<Exchange>>();
  let admit: () => void = () => undefined;
  const admitted = new Promise<void>((resolve) => {
    admit = resolve;
  });
  return {
    admitted,
    giveUp: () => admit(),
    ahead: {
      exchange(request, signal) {
        const got = session.exchange({ ...request, ahead: true }, signal);
        const key = keyOf(request);
        if (key !== undefined) reads.set(key, got);
        return got;
      },
    },
    attempt: {
      async exchange(request, signal) {
        const key = reads.size === 0 ? undefined : keyOf(request);
        const before = key === undefined ? undefined : await reads.get(key)?.catch(() => undefined);
        if (before?.kind === "response" && before.status === 200) return before;
        const got = await session.exchange(request, signal);
        if (got.kind === "response" && got.status < 400) admit();
        return got;
      },
    },
  };
}

function keyOf({ host, method, endpoint, repository, accept }: ExchangeRequest): string | undefined {
  if (method !== "GET" || !endpoint.startsWith("manifests/sha256:")) return undefined;
  return [host.scheme, host.address, repository, endpoint, ...accept].join(" ");
}
