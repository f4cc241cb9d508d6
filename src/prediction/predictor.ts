import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type CacheRegister, type Clock, roughBytes } from "../core/index.js";
import type { RegistryCredential } from "../credentials/index.js";
import type { RegistryHost } from "../node/index.js";
import { formatPlatform, type Platform } from "../oci/index.js";
import { type ImageReference, pullObject, repositoryName } from "../reference/index.js";
import type { RateLimits, RegistryClient } from "../registry/index.js";
import { createContentChecker } from "./content/content-check.js";
import type { PullDialect } from "./dialects/dialect.js";
import { createImageMemory, entryOverheadBytes, type ImagePlace, sharedMembers } from "./memory/image-memory.js";
import { createOutcomeMemory, type StoredOutcome } from "./memory/outcome-memory.js";
import { createAttemptPacker } from "./memory/packed-attempt.js";
import { shortKeys } from "./memory/short-key.js";
import { type Pulling, pullWithCredentials } from "./pull.js";
import { createReadAhead } from "./read-ahead.js";
import { createSharedWork } from "./shared-work.js";
import type { FailedAttempt, PullOutcome, PullQuestion } from "./types.js";

/**
 * Seconds an outcome is believed. Failures are short-lived: people mend and try again. Short-lived is also what was found
 * sound although not all could be asked.
 */
const trust = { pulledTag: 60, pulledDigest: 600, pulledUnasked: 10, failed: 10 } as const;
/** How the memory is divided. Most reviews end at an outcome; the rest spares requests. */
const shares = { outcomes: 7 / 16, images: 7 / 16, opened: 1 / 16, content: 1 / 16 } as const;
/**
 * Of opened outcomes, which spare the reading of their texts, and of blobs that were lately found, which serve other images of
 * their repository: more than the newest are not worth their place.
 */
const maxRecentBytes = 4 * 1024 * 1024;

export interface PredictorDeps {
  readonly client: Pick<RegistryClient, "session">;
  readonly clock: Clock;
  /** Memory for what is remembered of images: outcomes, manifests, configs and blobs, as far as it can be estimated. */
  readonly cacheBytes: number;
  /** How long a check goes on after everybody who asked has left; its answer then serves the next one. */
  readonly lingerMs: number;
  /** Budgets that registries told of; absent: pulls are never spared. */
  readonly rateLimits?: Pick<RateLimits, "isLow" | "readingFor">;
  readonly onCache?: (result: "hit" | "miss" | "shared") => void;
  /** `skip`: what manifests list is not looked at. `check` where absent. */
  readonly layers?: "check" | "skip";
  /** Where it is told how much is remembered. */
  readonly caches?: CacheRegister;
}

/** What of a node decides an outcome besides its hosts. */
export interface AskedNode {
  readonly dialect: PullDialect;
  readonly platform: Platform | undefined;
}

export interface Predictor {
  /** The outcome that is remembered, if any. Asks nobody and needs no promise: most admissions end here. */
  recall(question: PullQuestion, node: AskedNode): PullOutcome | undefined;
  /** Whether the question is being answered already, so that asking it costs nothing more. Absent: never. */
  isUnderWay?(question: PullQuestion, node: AskedNode): boolean;
  /**
   * What a node with this dialect and platform would experience. Never rejects for what a registry does. When `signal`
   * aborts, the answer is at once a failed outcome whose last attempt is `unfinished`.
   */
  predict(question: PullQuestion, node: AskedNode, signal: AbortSignal): Promise<PullOutcome>;
}

/**
 * Answers questions from memory, from a check that is already under way, or from the registries, in this order.
 * The key holds the identities of all credentials that take part: nobody is served an answer that another's Secret got.
 */
export function createPredictor(deps: PredictorDeps): Predictor {
  const { cacheBytes, clock } = deps;
  const caches = deps.caches === undefined ? {} : { caches: deps.caches };
  const packer = createAttemptPacker();
  const outcomes = createOutcomeMemory({ clock, packer, maxBytes: cacheBytes * shares.outcomes, ...caches });
  const images = createImageMemory({ clock, packer, maxBytes: cacheBytes * shares.images, ...caches });
  const checker = createContentChecker({ clock, cacheBytes: recentBytes(cacheBytes * shares.content), ...caches });
  const opened = new LRUCache<string, Opened>({
    maxSize: recentBytes(cacheBytes * shares.opened),
    sizeCalculation: ({ outcome }) => entryOverheadBytes + roughBytes(outcome, sharedMembers),
  });
  deps.caches?.add("opened", opened);
  const shortKey = shortKeys();
  const ahead = createReadAhead(deps.clock, deps.rateLimits);
  const shared = createSharedWork<PullOutcome>(deps.clock, deps.lingerMs);
  const progress = new Map<string, Progress>();
  const hostsHash = hostsHasher();
  const placeOf = ({ reference, hosts }: PullQuestion, { dialect, platform }: AskedNode): string =>
    `${repositoryName(reference)}\n${dialect.id}\n${platformKey(platform)}\n${hostsHash(hosts)}`;

  const keys = rememberedKeys();

  const recall: Predictor["recall"] = (question, node) => {
    const before = keys.recall(question, node);
    const key = before?.key ?? shortKey(keyOf(placeOf(question, node), question));
    const stored = outcomes.get(key);
    if (stored === undefined) return undefined;
    deps.onCache?.("hit");
    if (before === undefined) keys.remember({ question, node, key });
    const last = opened.get(key);
    // Hosts and identities are those of the question: equal to, but not always the same as, another's.
    if (last?.stored === stored && last.hosts === question.hosts) return last.outcome;
    const outcome = outcomes.revive(stored, question);
    if (outcome !== stored) opened.set(key, { stored, hosts: question.hosts, outcome });
    return outcome;
  };

  return {
    recall,
    isUnderWay: (question, node) => shared.has(keyOf(placeOf(question, node), question)),
    async predict(question, node, signal) {
      const known = recall(question, node);
      if (known !== undefined) return known;
      const where = placeOf(question, node);
      const key = keyOf(where, question);
      deps.onCache?.(progress.has(key) ? "shared" : "miss");
      if (signal.aborted) return unfinished(undefined);
      const placeFor = (credential: RegistryCredential | undefined): ImagePlace => ({
        hosts: question.hosts,
        keyOf: (digest) => shortKey(`${where}\n${digest}\n${identityOf(credential)}`),
      });
      // Blobs do not depend on the node: images for several platforms share layers.
      const blobsAt = `${repositoryName(question.reference)}\n${hostsHash(question.hosts)}`;
      const scopeOf = (credential: RegistryCredential | undefined): string => `${blobsAt}\n${identityOf(credential)}`;
      const soFar = progress.get(key) ?? {};
      progress.set(key, soFar);
      let waitingFor = question.hosts[0]?.address;
      const outcome = await shared.join(
        key,
        async (workSignal) => {
          const onHost = (address: string): void => {
            waitingFor = address;
          };
          const onManifest: Pulling["onManifest"] = (outcome) => {
            soFar.manifest = outcome;
          };
          const { client, rateLimits, layers } = deps;
          let heldBack = false;
          const pulling: Pulling = {
            ...node,
            client,
            images,
            placeFor,
            onHost,
            onHeldBack: () => {
              heldBack = true;
            },
            onManifest,
            ahead,
            ...(layers === "skip" ? {} : { content: { checker, scopeOf } }),
            ...(rateLimits === undefined ? {} : { rateLimits }),
          };
          const found = await pullWithCredentials(pulling, question, workSignal).finally(() => progress.delete(key));
          // Cut short, it may be sound only for want of time.
          if (workSignal.aborted) return found;
          const ttlSeconds = lifetime(found, question.reference.digest !== undefined, heldBack);
          if (ttlSeconds > 0) outcomes.set(shortKey(key), found, question, ttlSeconds * 1000);
          return found;
        },
        signal,
      );
      if (outcome !== undefined) return outcome;
      // No time was left for the blobs, or for another credential: the manifest alone says that it can be pulled.
      if (soFar.manifest !== undefined) return soFar.manifest;
      return unfinished(waitingFor);
    },
  };
}

/** What is known of a question that is still being answered. */
interface Progress {
  manifest?: Extract<PullOutcome, { kind: "pulled" }> | undefined;
}

function unfinished(waitingFor: string | undefined): PullOutcome {
  const attempt: FailedAttempt = { kind: "unfinished", ...(waitingFor === undefined ? {} : { waitingFor }) };
  return { kind: "failed", attempts: [attempt] };
}

function platformKey(platform: Platform | undefined): string {
  return platform === undefined ? "any" : `${formatPlatform(platform)} ${platform.osVersion ?? ""}`.trimEnd();
}

function keyOf(where: string, { reference, credentials }: PullQuestion): string {
  const [only] = credentials;
  const identities = credentials.length === 1 ? identityOf(only) : credentials.map(identityOf).join("\n");
  return `${where}\n${pullObject(reference)}\n${identities}`;
}

/** A question that was answered from memory. */
interface Recalled {
  readonly question: PullQuestion;
  readonly node: AskedNode;
  readonly key: string;
}

/** An outcome whose text was read. */
interface Opened {
  readonly stored: StoredOutcome;
  readonly hosts: readonly RegistryHost[];
  readonly outcome: PullOutcome;
}

function recentBytes(bytes: number): number {
  return Math.ceil(Math.min(bytes, maxRecentBytes));
}

/**
 * A plan asks the same question for as long as it is remembered: its key is then at hand. Only for questions with a
 * remembered answer, so that what is asked once leaves nothing.
 */
function rememberedKeys() {
  const last = new WeakMap<ImageReference, Recalled>();
  return {
    recall(question: PullQuestion, node: AskedNode): Recalled | undefined {
      const before = last.get(question.reference);
      return before !== undefined && isSame(before.question, question) && isAlike(before.node, node)
        ? before
        : undefined;
    },
    remember: (recalled: Recalled): void => void last.set(recalled.question.reference, recalled),
  };
}

function isSame(one: PullQuestion, other: PullQuestion): boolean {
  if (one.hosts !== other.hosts || one.credentials.length !== other.credentials.length) return false;
  return one.credentials.every((credential, index) => credential === other.credentials[index]);
}

function isAlike(one: AskedNode, other: AskedNode): boolean {
  return one.dialect === other.dialect && one.platform === other.platform;
}

function identityOf(credential: RegistryCredential | undefined): string {
  return credential?.identity ?? "anonymous";
}

/** @param heldBack  something was not asked, which is no registry's answer */
function lifetime(outcome: PullOutcome, byDigest: boolean, heldBack: boolean): number {
  switch (outcome.kind) {
    case "pulled":
      if (heldBack) return trust.pulledUnasked;
      return byDigest ? trust.pulledDigest : trust.pulledTag;
    case "failed":
      return heldBack || outcome.attempts.some(({ kind }) => kind === "unfinished") ? 0 : trust.failed;
  }
}

/** Host lists that are told apart; one that was forgotten gets another name, and what is remembered under the old one ages. */
const maxHostLists = 10_000;

/**
 * Short names for lists of hosts, equal for equal lists. They are few and long-lived (one a registry and profile), so each is
 * hashed once; every key has one of them, so they are no longer than needed.
 */
function hostsHasher(): (hosts: readonly RegistryHost[]) => string {
  const known = new WeakMap<readonly RegistryHost[], string>();
  const names = new LRUCache<string, string>({ max: maxHostLists });
  let count = 0;
  return (hosts) => {
    const before = known.get(hosts);
    if (before !== undefined) return before;
    const hash = createHash("sha256").update(JSON.stringify(hosts)).digest("base64url");
    let name = names.get(hash);
    if (name === undefined) {
      count += 1;
      name = count.toString(36);
      names.set(hash, name);
    }
    known.set(hosts, name);
    return name;
  };
}
