import { setMaxListeners } from "node:events";
import { LRUCache } from "lru-cache";
import { type CacheRegister, type Clock, roughBytes } from "../../core/index.js";
import type { RegistryHost } from "../../node/index.js";
import {
  type ConfigDocument,
  type Descriptor,
  decodeConfig,
  isDigest,
  matchesDigest,
  type Platform,
  sha256Digest,
} from "../../oci/index.js";
import { isHeldBack } from "../../registry/index.js";
import { shortKeys } from "../memory/short-key.js";
import type { BlobPlace, ContentProblem, ImageContent, ResolvedImage } from "../types.js";
import { architectureAdvice } from "./architecture.js";
import { type BlobPresence, type BlobSource, probeBlob, readBlob } from "./blob-probe.js";
import { createLimiter, type Limiter } from "./limiter.js";
import type { BlobPlan, ContentRules, DoubtfulProblem } from "./rules.js";

/** One image whose manifest was read, and with whose eyes its blobs are looked at. */
export interface ContentQuestion extends BlobSource {
  readonly image: ResolvedImage;
  readonly rules: ContentRules;
  readonly platform: Platform | undefined;
  /** Names hosts, repository and identity: what was learnt is for those with the same alone. */
  readonly scope: string;
  /** What an earlier check, with the same eyes, found in this image's config: its blobs alone are asked for. */
  readonly configRead?: ImageContent;
}

export type KnownPart = "all" | "config" | "nothing";

/**
 * `known`: what may be remembered of a sound image. `all`: the config was read, and every blob that was to be asked for was
 * found just now; `config`: not every one was.
 * `failed`: the config, which is fetched as a node fetches it, is served by nobody for other reasons than a 404.
 */
export type ContentAnswer =
  | { readonly kind: "sound"; readonly content: ImageContent; readonly known: KnownPart }
  | { readonly kind: "problem"; readonly problem: ContentProblem; readonly doubt?: string }
  | Extract<ConfigReading, { kind: "failed" }>;

export interface ContentChecker {
  /** Never rejects. What could not be found out before `signal` aborts counts as sound. */
  check(question: ContentQuestion, signal: AbortSignal): Promise<ContentAnswer>;
}

export interface ContentCheckerDeps {
  readonly clock: Clock;
  /** Memory for configs and blobs that were lately found, as far as it can be estimated. */
  readonly cacheBytes: number;
  readonly caches?: CacheRegister;
}

/** Real configs have some kilobytes. What is larger is not looked at. */
const maxConfigBytes = 4 * 1024 * 1024;
/** More layers than any runtime can stack; what comes after them is not asked for. */
const maxProbedLayers = 200;
const maxRequestsPerHost = 48;
/** What the cache takes beside key and value. */
const entryOverheadBytes = 180;
/** How a size is remembered that the registry did not tell. */
const sizeUntold = -1;
/** Bytes under a digest never change, but they may be deleted, or the right to read them withdrawn. */
const configTtlMs = 3_600_000;
const presenceTtlMs = 600_000;
/** What was found that lately counts as found now, for whoever remembers the whole answer. */
const justFoundMs = 60_000;

type ConfigReading =
  | { readonly kind: "document"; readonly document: ConfigDocument }
  | { readonly kind: "problem"; readonly problem: ContentProblem }
  | {
      readonly kind: "failed";
      readonly answers: Extract<Awaited<ReturnType<typeof readBlob>>, { kind: "refused" }>["answers"];
    }
  | { readonly kind: "inconclusive" };

interface Checker {
  readonly configs: LRUCache<string, ConfigDocument>;
  /** Configs that are being read. */
  readonly reading: Map<string, Promise<ConfigReading>>;
  /** Sizes of blobs that are there. */
  readonly presences: LRUCache<string, number>;
  /** Blobs that are being asked for. */
  readonly probing: Map<string, Promise<BlobPresence>>;
  readonly shortKey: (text: string) => string;
  readonly limiter: Limiter;
}

/**
 * Looks at what a manifest lists without downloading layers: types, the config, and whether every blob is there with its
 * size. What was lately found of a blob serves every image of its repository that shares it; what was found of an image as a
 * whole is for others to remember.
 */
export function createContentChecker({ clock, cacheBytes, caches }: ContentCheckerDeps): ContentChecker {
  const memory = (ttl: number) => ({
    maxSize: Math.ceil(cacheBytes / 2),
    ttl,
    ttlResolution: 0,
    perf: { now: clock.nowMs },
  });
  const checker: Checker = {
    configs: new LRUCache<string, ConfigDocument>({
      ...memory(configTtlMs),
      sizeCalculation: (document, key) => entryOverheadBytes + key.length + roughBytes(document),
    }),
    reading: new Map(),
    presences: new LRUCache<string, number>({
      ...memory(presenceTtlMs),
      sizeCalculation: (_sizeBytes, key) => entryOverheadBytes + key.length,
    }),
    probing: new Map(),
    shortKey: shortKeys(),
    limiter: createLimiter(maxRequestsPerHost),
  };
  caches?.add("configs", checker.configs);
  caches?.add("blobs", checker.presences);
  return { check: (question, signal) => checkImage(checker, question, signal) };
}

async function checkImage(checker: Checker, question: ContentQuestion, signal: AbortSignal): Promise<ContentAnswer> {
  const { image, rules, platform } = question;
  const plan = rules.plan(image);
  if (plan.problem !== undefined) return problemAnswer(plan.problem);
  // Every blob of the image waits on this one signal; Node warns from eleven listeners on.
  if (image.layers.length > 5) setMaxListeners(0, signal);
  const shape = describedWrongly(image, rules, plan);
  if (shape !== undefined) return problemAnswer(shape);
  const [config, { problem: layer, known }] = await Promise.all([
    question.configRead === undefined
      ? readConfig(checker, question, signal)
      : ({ kind: "read-before", content: question.configRead } as const),
    probeLayers(checker, question, plan, signal),
  ]);
  switch (config.kind) {
    case "read-before":
      return layer === undefined ? sound(config.content, known) : problemAnswer(layer);
    case "failed":
      return config;
    case "problem":
      return problemAnswer(config.problem);
    case "inconclusive":
      return layer === undefined ? sound({ advices: plan.advices }, "nothing") : problemAnswer(layer);
    case "document": {
      const problem = rules.judgeConfig(image, config.document) ?? layer;
      if (problem !== undefined) return problemAnswer(problem);
      if (config.document.kind === "unreadable") return sound({ advices: plan.advices }, known);
      const advice = architectureAdvice(config.document.config, platform);
      const advices = advice === undefined ? plan.advices : [...plan.advices, advice];
      return sound({ advices, diffIds: config.document.config.diffIds }, known);
    }
  }
}

function sound(content: ImageContent, known: KnownPart): ContentAnswer {
  return { kind: "sound", content, known };
}

function problemAnswer(problem: ContentProblem | DoubtfulProblem): ContentAnswer {
  return problem.kind === "doubtful"
    ? { kind: "problem", problem: problem.problem, doubt: problem.doubt }
    : { kind: "problem", problem };
}

/** Faults of descriptors that need no registry to be seen. */
function describedWrongly(image: ResolvedImage, rules: ContentRules, plan: BlobPlan): ContentProblem | undefined {
  const { config, layers } = image;
  if (config.digest === "" || !isDigest(config.digest))
    return { kind: "config-unreadable", digest: config.digest, reason: "the manifest names no config" };
  const places: readonly (readonly [Descriptor, BlobPlace])[] = [
    [config, { kind: "config", digest: config.digest }],
    ...layers.flatMap((layer, index) =>
      plan.layers[index]?.kind === "unused" ? [] : [[layer, layerPlace(image, index)] as const],
    ),
  ];
  for (const [descriptor, blob] of places) {
    if (!isDigest(descriptor.digest)) return { kind: "blob-missing", blob };
    if (rules.refusesSizeZero && descriptor.sizeBytes === 0) return { kind: "blob-size", blob, declaredBytes: 0 };
  }
  return undefined;
}

/** The place of one layer, for messages. */
export function layerPlace({ layers }: ResolvedImage, index: number): BlobPlace {
  return { kind: "layer", index, count: layers.length, digest: layers[index]?.digest ?? "" };
}

async function readConfig(checker: Checker, question: ContentQuestion, signal: AbortSignal): Promise<ConfigReading> {
  const { digest, sizeBytes } = question.image.config;
  if (sizeBytes > maxConfigBytes) return { kind: "inconclusive" };
  const key = checker.shortKey(`${question.scope}\n${digest}\n${question.rules.comparesSizes ? sizeBytes : ""}`);
  const known = checker.configs.get(key);
  if (known !== undefined) return { kind: "document", document: known };
  const running = checker.reading.get(key);
  if (running !== undefined) {
    const read = await running;
    // What somebody else's deadline cut short is asked anew.
    if (read.kind !== "inconclusive" || signal.aborted) return read;
  }
  const reading = fetchConfig(checker, question, key, signal);
  checker.reading.set(key, reading);
  return await reading.finally(() => {
    if (checker.reading.get(key) === reading) checker.reading.delete(key);
  });
}

async function fetchConfig(
  checker: Checker,
  question: ContentQuestion,
  key: string,
  signal: AbortSignal,
): Promise<ConfigReading> {
  const { digest, sizeBytes } = question.image.config;
  const place = hostKey(question.hosts);
  const read = await checker.limiter.run(place, () => readBlob(question, digest, maxConfigBytes, signal), signal);
  if (read === undefined || signal.aborted) return { kind: "inconclusive" };
  const blob: BlobPlace = { kind: "config", digest };
  if (read.kind === "refused") return refusedConfig(read.answers, blob);
  const { bytes } = read;
  if (bytes.byteLength > maxConfigBytes) return { kind: "inconclusive" };
  if (question.rules.comparesSizes && bytes.byteLength !== sizeBytes) {
    const actualBytes = bytes.byteLength;
    return { kind: "problem", problem: { kind: "blob-size", blob, declaredBytes: sizeBytes, actualBytes } };
  }
  if (!matchesDigest(bytes, digest))
    return { kind: "problem", problem: { kind: "blob-digest", blob, actual: sha256Digest(bytes) } };
  const document = decodeConfig(bytes);
  checker.configs.set(key, document);
  return { kind: "document", document };
}

function refusedConfig(answers: Extract<ConfigReading, { kind: "failed" }>["answers"], blob: BlobPlace): ConfigReading {
  if (answers.every(({ got }) => got.kind === "response" && got.status === 404)) {
    return { kind: "problem", problem: { kind: "blob-missing", blob } };
  }
  // What Pullguard does not follow or keep, a node may.
  const ours = answers.some(
    ({ got }) =>
      got.kind === "fault" &&
      (["aborted", "redirect-refused", "response-too-large"].includes(got.fault.kind) || isHeldBack(got.fault)),
  );
  return ours ? { kind: "inconclusive" } : { kind: "failed", answers };
}

/** `problem`: the first layer, in the manifest's order, that is known to be missing or of another size. */
async function probeLayers(
  checker: Checker,
  question: ContentQuestion,
  plan: BlobPlan,
  signal: AbortSignal,
): Promise<{ readonly problem: ContentProblem | undefined; readonly known: KnownPart }> {
  const { image, rules } = question;
  const asked = image.layers
    .map((layer, index) => ({ layer, index }))
    // Layers with addresses of their own are fetched from there first, where Pullguard does not go.
    .filter(({ layer, index }) => plan.layers[index]?.kind !== "unused" && (layer.urls ?? []).length === 0)
    .slice(0, maxProbedLayers);
  let known: KnownPart = "all";
  const found = await Promise.all(
    asked.map(async ({ layer, index }): Promise<ContentProblem | undefined> => {
      const { isOld, ...presence } = await presenceOf(checker, question, layer.digest, signal);
      const blob = layerPlace(image, index);
      if (presence.kind !== "present" || isOld === true) known = "config";
      if (presence.kind === "missing") return { kind: "blob-missing", blob };
      if (presence.kind !== "present" || presence.sizeBytes === undefined || !rules.comparesSizes) return undefined;
      // Go takes a negative size for one that is not known.
      if (presence.sizeBytes === layer.sizeBytes || layer.sizeBytes < 0) return undefined;
      return { kind: "blob-size", blob, declaredBytes: layer.sizeBytes, actualBytes: presence.sizeBytes };
    }),
  );
  return { problem: found.find((problem) => problem !== undefined), known };
}

async function presenceOf(
  { presences, probing, shortKey, limiter }: Checker,
  question: ContentQuestion,
  digest: string,
  signal: AbortSignal,
): Promise<BlobPresence & { readonly isOld?: boolean }> {
  const key = shortKey(`${question.scope}\n${digest}`);
  const known = presences.get(key);
  if (known !== undefined) {
    const isOld = presenceTtlMs - presences.getRemainingTTL(key) > justFoundMs;
    return { kind: "present", isOld, ...(known === sizeUntold ? {} : { sizeBytes: known }) };
  }
  const running = probing.get(key);
  if (running !== undefined) {
    const found = await running;
    // What somebody else's deadline cut short is asked anew.
    if (found.kind !== "inconclusive" || signal.aborted) return found;
  }
  const asking = limiter
    .run(hostKey(question.hosts), () => probeBlob(question, digest, signal), signal)
    .then((presence): BlobPresence => {
      // Only what is there may be believed for long: people mend what is missing and try again.
      if (presence?.kind === "present") presences.set(key, presence.sizeBytes ?? sizeUntold);
      return presence ?? { kind: "inconclusive" };
    })
    .finally(() => {
      if (probing.get(key) === asking) probing.delete(key);
    });
  probing.set(key, asking);
  return await asking;
}

function hostKey(hosts: readonly RegistryHost[]): string {
  return hosts.map(({ address }) => address).join(" ");
}
