import { z } from "zod";
import type { RegistryHost } from "../../../node/index.js";
import {
  type Descriptor,
  decodeManifest,
  formatPlatform,
  isIndexType,
  isManifestType,
  isSchema1Type,
  type ManifestDocument,
  matchesDigest,
  matchesPlatform,
  maxManifestBytes,
  normalisePlatform,
  type Platform,
  platformPreferences,
  sha256Digest,
} from "../../../oci/index.js";
import type { RegistryResponse } from "../../../registry/index.js";
import type { ContentProblem, HostFailure, PullAttempt, PulledAttempt, ResolvedImage } from "../../types.js";
import type { AttemptRequest } from "../dialect.js";
import { offeredPlatforms, parseJson } from "../reading.js";
import { failureOf, type Resolution } from "./resolve.js";
import type { ContainerdTraits } from "./traits.js";

type Resolved = Extract<Resolution, { kind: "resolved" }>;

/** containerd walks nested indexes without a limit; eight levels are more than any builder makes. */
const maxIndexDepth = 8;

interface Walk {
  readonly request: AttemptRequest;
  readonly traits: ContainerdTraits;
  readonly root: Resolved;
  readonly signal: AbortSignal;
}

/**
 * Reads the manifest that a reference resolved to, and through an index the manifest of the node's platform, and
 * verifies each against its digest. Content is fetched from every host in order, capabilities do not count here.
 * Source: containerd core/remotes/docker/fetcher.go, core/images/image.go `Children`, `Manifest`.
 */
export async function readManifestChain(
  request: AttemptRequest,
  traits: ContainerdTraits,
  root: Resolved,
  signal: AbortSignal,
): Promise<PullAttempt> {
  const walk: Walk = { request, traits, root, signal };
  return await readLevel(walk, { mediaType: root.mediaType, digest: root.digest, sizeBytes: root.sizeBytes }, 0);
}

async function readLevel(walk: Walk, descriptor: Descriptor, depth: number): Promise<PullAttempt> {
  const { digest, mediaType, sizeBytes } = descriptor;
  if (sizeBytes === 0) return damaged(walk, { kind: "empty", digest });
  if (takesForSchema1(mediaType)) return await readSchema1(walk, descriptor);
  if (!isIndexType(mediaType) && !isManifestType(mediaType))
    return damaged(walk, { kind: "unsupported-type", digest, mediaType });
  if (depth > maxIndexDepth) return damaged(walk, { kind: "nested-too-deep", digest });

  const fetched = await fetchBytes(walk, `manifests/${digest}`, mediaType);
  if (fetched.kind !== "bytes") return notServed(walk, fetched, digest);
  const damage = damageOf(fetched.bytes, descriptor);
  if (damage !== undefined) return damaged(walk, damage);

  const document = decodeManifest(fetched.bytes, mediaType);
  switch (document.kind) {
    case "unreadable":
      return damaged(walk, { kind: "unreadable", digest, reason: document.reason });
    case "schema1":
      return damaged(walk, { kind: "unreadable", digest, reason: "schema 1 content under another media type" });
    case "manifest":
      return depth > 0 && descriptor.platform === undefined
        ? await checkConfigPlatform(walk, resolvedImage(digest, document))
        : pulled(walk, resolvedImage(digest, document));
    case "index":
      return await readChild(walk, document.entries, depth);
  }
}

async function readChild(walk: Walk, entries: readonly Descriptor[], depth: number): Promise<PullAttempt> {
  const offered = offeredPlatforms(entries);
  const { platform } = walk.request;
  if (platform === undefined) {
    // Nobody said what the nodes are. Most are linux/amd64; an index that lacks it must not pass silently.
    const common: Platform = { os: "linux", architecture: "amd64" };
    const serves = chooseEntry(entries, common, { ...walk.traits, engine: "transfer" }) !== undefined;
    return serves ? { ...pulled(walk), platforms: offered } : damaged(walk, { kind: "platform-unknown", offered });
  }
  const chosen = chooseEntry(entries, platform, walk.traits);
  if (chosen === undefined)
    return damaged(walk, { kind: "platform-missing", wanted: formatPlatform(platform), offered });
  const child = await readLevel(walk, chosen, depth + 1);
  return child.kind === "pulled" ? { ...child, platforms: child.platforms ?? offered } : child;
}

/** The first entry in the runtime's order of preference; entries without a platform come last. */
function chooseEntry(
  entries: readonly Descriptor[],
  platform: Platform,
  { engine, platforms }: Pick<ContainerdTraits, "engine" | "platforms">,
): Descriptor | undefined {
  for (const wanted of platformPreferences(platform, engine, platforms)) {
    const matches = entries.filter(
      (entry) => entry.platform !== undefined && matchesPlatform(wanted, entry.platform, platforms),
    );
    const [first] = wanted.os === "windows" ? [...matches].sort(newestWindowsFirst) : matches;
    if (first !== undefined) return first;
  }
  return entries.find((entry) => entry.platform === undefined);
}

/** Of several builds that a Windows node runs, it takes the latest. */
function newestWindowsFirst(a: Descriptor, b: Descriptor): number {
  const [first, second] = [a, b].map(({ platform }) => (platform?.osVersion ?? "").split(".").map(Number));
  for (let part = 0; part < 4; part += 1) {
    const difference = (second?.[part] ?? 0) - (first?.[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function pulled({ root }: Walk, image?: ResolvedImage): PulledAttempt {
  const found = image === undefined ? {} : { image };
  return { kind: "pulled", digest: root.digest, mediaType: root.mediaType, via: root.host, ...found };
}

function resolvedImage(
  manifestDigest: string,
  { config, layers, artifactType }: Extract<ManifestDocument, { kind: "manifest" }>,
): ResolvedImage {
  return { manifestDigest, config, layers, ...(artifactType === undefined ? {} : { artifactType }) };
}

/** The reference leads to something that cannot be pulled. */
function damaged(walk: Walk, problem: ContentProblem): PullAttempt {
  return { kind: "content", digest: walk.root.digest, via: walk.root.host, problem };
}

function damageOf(bytes: Uint8Array, descriptor: Descriptor): ContentProblem | undefined {
  const { digest, sizeBytes } = descriptor;
  if (!matchesDigest(bytes, digest)) {
    return { kind: "digest-mismatch", expected: digest, actual: sha256Digest(bytes) };
  }
  if (bytes.byteLength !== sizeBytes) {
    return { kind: "size-mismatch", digest, declaredBytes: sizeBytes, actualBytes: bytes.byteLength };
  }
  return undefined;
}

/** containerd takes text/plain for schema 1, because old registries send it. */
function takesForSchema1(mediaType: string): boolean {
  return mediaType === "text/plain" || isSchema1Type(mediaType);
}

/** containerd 1.x converts a schema 1 manifest if it is signed; the digest is one of the payload without signatures. */
async function readSchema1(walk: Walk, { digest, mediaType }: Descriptor): Promise<PullAttempt> {
  if (!walk.traits.convertsSchema1) return damaged(walk, { kind: "schema1", digest });
  const fetched = await fetchBytes(walk, `manifests/${digest}`, mediaType);
  if (fetched.kind !== "bytes") return notServed(walk, fetched, digest);
  return signedManifest.safeParse(parseJson(fetched.bytes)).success
    ? pulled(walk)
    : damaged(walk, { kind: "unreadable", digest, reason: "a schema 1 manifest without signatures" });
}

const signedManifest = z.object({ signatures: z.array(z.unknown()).min(1) });
const imageConfig = z.object({ os: z.string().default(""), architecture: z.string().default("") });

/**
 * An index entry without a platform is taken for any; its config is then asked for the truth.
 * Source: containerd core/images/image.go `Manifest`.
 */
async function checkConfigPlatform(walk: Walk, image: ResolvedImage): Promise<PullAttempt> {
  const { config } = image;
  const { platform } = walk.request;
  if (platform === undefined) return pulled(walk, image);
  const fetched = await fetchBytes(walk, `blobs/${config.digest}`, config.mediaType);
  if (fetched.kind !== "bytes") return notServed(walk, fetched, config.digest);
  const parsed = imageConfig.safeParse(parseJson(fetched.bytes));
  const offered: Platform | undefined = parsed.success ? parsed.data : undefined;
  if (
    offered !== undefined &&
    platformPreferences(platform, walk.traits.engine, walk.traits.platforms).some((wanted) =>
      matchesPlatform(wanted, offered),
    )
  ) {
    return pulled(walk, image);
  }
  const named = offered === undefined ? [] : [formatPlatform(normalisePlatform(offered))];
  return damaged(walk, { kind: "platform-missing", wanted: formatPlatform(platform), offered: named });
}

type Fetched =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | Extract<PullAttempt, { kind: "failed" | "unfinished" }>;

async function fetchBytes(walk: Walk, endpoint: string, mediaType: string): Promise<Fetched> {
  const failures: HostFailure[] = [];
  for (const [index, host] of walk.request.hosts.entries()) {
    const isLastHost = index === walk.request.hosts.length - 1;
    const got = await walk.request.session.exchange(
      {
        host,
        method: "GET",
        repository: host.repository ?? walk.request.reference.path,
        endpoint,
        accept: [mediaType, "*/*"],
        maxBodyBytes: maxManifestBytes + 1,
        isLastHost,
        retry: walk.traits.retry,
      },
      walk.signal,
    );
    const failure = failureOf(got, host, endpoint) ?? redirected(got as RegistryResponse, host, endpoint);
    if (failure === undefined) return { kind: "bytes", bytes: (got as RegistryResponse).body ?? new Uint8Array() };
    if (failure.kind === "unfinished") return failure;
    failures.push(failure.failure);
  }
  return failedWithFirst(failures);
}

function redirected(response: RegistryResponse, host: RegistryHost, endpoint: string) {
  if (response.status <= 299) return undefined;
  return { kind: "next", failure: { host, reason: { kind: "not-found", object: endpoint } } } as const;
}

function failedWithFirst(failures: readonly HostFailure[]): Extract<PullAttempt, { kind: "failed" }> {
  const [shown] = failures;
  if (shown === undefined) throw new RangeError("content was asked of no host");
  return { kind: "failed", shown, failures };
}

/** What a tag or an index promises is served by no host: the image is damaged, not missing. */
function notServed(walk: Walk, failed: Exclude<Fetched, { kind: "bytes" }>, digest: string): PullAttempt {
  if (failed.kind === "unfinished" || failed.failures.some(({ reason }) => reason.kind !== "not-found")) return failed;
  return damaged(walk, { kind: "child-missing", digest });
}
