import {
  type Descriptor,
  formatPlatform,
  isDigest,
  matchesDigest,
  matchesPlatform,
  type Platform,
  sha256Digest,
} from "../../../oci/index.js";
import { refusedType } from "../../content/docker.js";
import type { ContentProblem, PulledAttempt, ResolvedImage } from "../../types.js";
import { offeredPlatforms } from "../reading.js";
import { readDocument } from "./document.js";
import type { Endpoint, EndpointFailure, Read } from "./endpoint.js";
import { configProblem } from "./image-config.js";
import { matchingEntries } from "./selection.js";
import { type DockerTraits, dockerConfigTypes } from "./traits.js";

/** dockerd follows nested lists without a limit; eight levels are more than any builder makes. */
const maxDepth = 8;

/** Everything that reading one image at one endpoint needs. */
export interface ImageRequest {
  readonly endpoint: Endpoint;
  readonly traits: DockerTraits;
  readonly platform: Platform | undefined;
  /** What the reference stands for: its own digest, or the one its tag has. */
  readonly digest: string;
}

interface Level {
  readonly read: Read;
  /** By which the manifest was asked for. */
  readonly digest: string;
  /** Whether the bytes must have that digest: not where a tag was pulled. */
  readonly verified: boolean;
  readonly depth: number;
}

type Outcome = PulledAttempt | EndpointFailure;

/**
 * From the first manifest to the config of the image for the node's platform. Layers are not touched.
 * Source: `pullTag`, `pullManifestList`, `pullSchema2Layers`, moby distribution/pull_v2.go 20.10 to 28.
 */
export async function readImage(request: ImageRequest, read: Read, byDigest: boolean): Promise<Outcome> {
  return await readLevel(request, { read, digest: request.digest, verified: byDigest, depth: 0 });
}

async function readLevel(request: ImageRequest, level: Level): Promise<Outcome> {
  const { read, digest, verified, depth } = level;
  const document = readDocument(read.bytes, read.contentType, digest, request.traits);
  if (document.kind === "damaged") return damaged(request, document.problem);
  if (document.kind === "schema1") return pulled(request, read.contentType);
  if (document.kind === "manifest" && depth === 0) {
    const refused = dockerConfigProblem(read.contentType, digest, document.config.mediaType);
    if (refused !== undefined) return damaged(request, refused);
  }
  if (verified && !matchesDigest(read.bytes, digest)) {
    return damaged(request, { kind: "digest-mismatch", expected: digest, actual: sha256Digest(read.bytes) });
  }
  if (document.kind === "index") return await readList(request, level, document.entries);
  const { config, layers, artifactType } = document;
  const image: ResolvedImage = {
    manifestDigest: digest,
    config,
    layers,
    ...(artifactType === undefined ? {} : { artifactType }),
  };
  return await checkImage(request, image, read.contentType);
}

/** Only manifests of Docker's own type, and only at the top, are asked what they are for. */
function dockerConfigProblem(contentType: string, digest: string, mediaType: string): ContentProblem | undefined {
  if (!contentType.toLowerCase().startsWith("application/vnd.docker.distribution.manifest.v2")) return undefined;
  if (dockerConfigTypes.includes(mediaType)) return undefined;
  return { kind: "unsupported-type", digest, mediaType, part: "config" };
}

async function readList(request: ImageRequest, level: Level, entries: readonly Descriptor[]): Promise<Outcome> {
  const { traits, platform } = request;
  const platforms = offeredPlatforms(entries);
  if (platform === undefined) return withoutPlatform(request, level, entries, platforms);
  const matches = matchingEntries(entries, platform, traits);
  const missing: ContentProblem = { kind: "platform-missing", wanted: formatPlatform(platform), offered: platforms };
  for (const match of traits.selection === "exact" ? matches.slice(0, 1) : matches) {
    const child = await readChild(request, level, match);
    if (child !== "next")
      return child.kind === "pulled" ? { ...child, platforms: child.platforms ?? platforms } : child;
  }
  return damaged(request, missing);
}

/** `next`: the following match is tried, as after a nested list that fails for anything but its platforms. */
async function readChild(request: ImageRequest, level: Level, { digest }: Descriptor): Promise<Outcome | "next"> {
  if (!isDigest(digest))
    return damaged(request, { kind: "unreadable", digest, reason: "an entry has no valid digest" });
  const depth = level.depth + 1;
  if (depth > maxDepth) return damaged(request, { kind: "nested-too-deep", digest });
  const read = await request.endpoint.manifest(digest);
  if (read.kind !== "read") return notServed(request, read, digest);
  const document = readDocument(read.bytes, read.contentType, digest, request.traits);
  if (document.kind !== "index") return await readLevel(request, { read, digest, verified: true, depth });
  if (request.traits.selection === "exact") {
    return damaged(request, {
      kind: "unreadable",
      digest,
      reason: "unsupported manifest format: a list within a list",
    });
  }
  const nested = await readLevel(request, { read, digest, verified: true, depth });
  if (nested.kind === "pulled" || nested.kind === "unfinished") return nested;
  return nested.kind === "content" && nested.problem.kind === "platform-missing" ? nested : "next";
}

/** Nobody said what the nodes are. Most are linux/amd64; a list that lacks it must not pass silently. */
function withoutPlatform(
  request: ImageRequest,
  level: Level,
  entries: readonly Descriptor[],
  platforms: readonly string[],
): Outcome {
  const common: Platform = { os: "linux", architecture: "amd64" };
  const serves = entries.some(({ platform }) => platform === undefined || matchesPlatform(common, platform));
  return serves
    ? { ...pulled(request, level.read.contentType), platforms }
    : damaged(request, { kind: "platform-unknown", offered: platforms });
}

async function checkImage(request: ImageRequest, image: ResolvedImage, contentType: string): Promise<Outcome> {
  const { config, layers, manifestDigest } = image;
  const refused = refusedType([config.mediaType, ...layers.map(({ mediaType }) => mediaType)], request.traits);
  if (refused !== undefined) {
    const part = refused === config.mediaType ? "config" : "layer";
    return damaged(request, { kind: "unsupported-type", digest: manifestDigest, mediaType: refused, part });
  }
  const nameless = [config, ...layers].find(({ digest }) => !isDigest(digest));
  if (nameless !== undefined) {
    const reason = "a config or layer has no valid digest";
    return damaged(request, { kind: "unreadable", digest: manifestDigest, reason });
  }
  const read = await request.endpoint.blob(config.digest);
  if (read.kind !== "read") return notServed(request, read, config.digest);
  const problem = configProblem(read.bytes, config.digest, request.platform);
  return problem === undefined ? pulled(request, contentType, image) : damaged(request, problem);
}

function pulled({ endpoint, digest }: ImageRequest, mediaType: string, image?: ResolvedImage): PulledAttempt {
  return { kind: "pulled", digest, mediaType, via: endpoint.host, ...(image === undefined ? {} : { image }) };
}

function damaged({ digest }: ImageRequest, problem: ContentProblem): EndpointFailure {
  return { kind: "content", digest, problem };
}

/** What a list or manifest promises and the registry does not have: the image is damaged, not missing. */
function notServed(request: ImageRequest, failure: EndpointFailure, digest: string): EndpointFailure {
  const isMissing = failure.kind === "failed" && failure.failure.reason.kind === "not-found";
  return isMissing ? damaged(request, { kind: "child-missing", digest }) : failure;
}
