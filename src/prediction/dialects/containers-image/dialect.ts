import { createHash } from "node:crypto";
import type { RegistryHost, RuntimeVersion } from "../../../node/index.js";
import {
  type Descriptor,
  formatPlatform,
  isIndexType,
  matchesPlatform,
  type Platform,
  sha256Digest,
} from "../../../oci/index.js";
import { pullObject } from "../../../reference/index.js";
import { containersImageContentRules } from "../../content/containers-image.js";
import type {
  ContentProblem,
  FailedAttempt,
  HostFailure,
  PullAttempt,
  PulledAttempt,
  ResolvedImage,
} from "../../types.js";
import type { PullDialect } from "../dialect.js";
import { pingedSession } from "../pinged-session.js";
import { offeredPlatforms } from "../reading.js";
import { readDocument } from "./document.js";
import { chooseEntry } from "./selection.js";
import {
  ImageSource,
  libraryAnswers,
  type ManifestReading,
  openSource,
  type Reading,
  type ReadManifest,
} from "./source.js";
import { containersImageTraits } from "./traits.js";

/** The dialect of one version of containers-image, the library of CRI-O and podman. */
export function containersImageDialect(version: RuntimeVersion): PullDialect {
  const traits = containersImageTraits(version);
  return {
    id: `containers-image:${createHash("sha256").update(JSON.stringify(traits)).digest("base64url").slice(0, 12)}`,
    grammar: "legacy",
    content: containersImageContentRules(traits),
    session: (session) => pingedSession(session, libraryAnswers),
    attempt: (request, signal) => attempt({ request, traits, signal }),
  };
}

/**
 * Tries each meaning of the name until one can be pulled; the last one's error is shown.
 * Source: CRI-O server/image_pull.go `pullImage`.
 */
async function attempt(reading: Reading): Promise<PullAttempt> {
  const failed: FailedAttempt[] = [];
  for (const hosts of byMeaning(reading.request.hosts)) {
    const tried = await pullFrom(reading, hosts);
    if (tried.kind === "pulled" || tried.kind === "unfinished") return tried;
    failed.push(tried);
  }
  return together(failed);
}

function byMeaning(hosts: readonly RegistryHost[]): readonly (readonly RegistryHost[])[] {
  const groups = new Map<string, RegistryHost[]>();
  for (const host of hosts) {
    const group = groups.get(host.meaning ?? "");
    if (group === undefined) groups.set(host.meaning ?? "", [host]);
    else group.push(host);
  }
  return [...groups.values()];
}

/** Doubt about one meaning is doubt about the name, so a failure to reach a host outweighs what is wrong with content. */
function together(failed: readonly FailedAttempt[]): PullAttempt {
  const unreached = failed.flatMap((one) => (one.kind === "failed" ? [one] : []));
  const shown = unreached.at(-1)?.shown;
  if (shown === undefined) return failed.at(-1) ?? { kind: "no-hosts" };
  return { kind: "failed", shown, failures: unreached.flatMap(({ failures }) => failures) };
}

/**
 * The first host that gives a manifest gives everything; nothing that is wrong later leads to the next one. The error of the
 * last host, the registry's own place, is shown.
 * Source: containers/image docker/docker_image_src.go `newImageSource`.
 */
async function pullFrom(reading: Reading, hosts: readonly RegistryHost[]): Promise<PullAttempt> {
  const failures: HostFailure[] = [];
  for (const host of hosts) {
    const source = await openSource(reading, host);
    const root = source instanceof ImageSource ? await readRoot(reading, source) : source;
    if (root.kind === "pulled") return root;
    if (root.kind === "unfinished") return root;
    if (root.kind === "read") return await readImage(reading, root);
    failures.push(root.failure);
  }
  const shown = failures.at(-1);
  return shown === undefined ? { kind: "no-hosts" } : { kind: "failed", shown, failures };
}

/** Registries count the GET of a manifest as a pull, a HEAD as none: where few are left, what HEAD tells must do. */
async function readRoot({ request }: Reading, source: ImageSource): Promise<ManifestReading | PulledAttempt> {
  const { host } = source;
  const object = pullObject(request.reference);
  const found = request.spares?.(host) === true ? await source.head(object) : undefined;
  if (found === undefined) return await source.manifest(object);
  const known = request.manifests.recall(found.digest);
  if (known !== undefined && known.mediaType === found.mediaType) return { ...known, via: host };
  return { kind: "pulled", ...found, via: host, unread: "rate-limit" };
}

/** Source: containers/image copy/copy.go `Image`, `copyOneImage`. */
async function readImage(reading: Reading, root: ReadManifest): Promise<PullAttempt> {
  const { request, traits } = reading;
  const digest = sha256Digest(root.bytes);
  const wanted = request.reference.digest;
  const place: Place = { digest: wanted ?? digest, root };
  // The library computes sha256 whatever the algorithm asked for, except over schema 1, whose signatures it leaves out.
  const known = wanted === undefined || wanted === digest ? request.manifests.recall(digest) : undefined;
  if (known !== undefined && known.mediaType === root.mediaType) return { ...known, via: root.source.host };
  const document = readDocument(root.bytes, root.mediaType, digest, traits);
  const isSchema1 = document.kind === "image" && document.image === undefined;
  if (wanted !== undefined && wanted !== digest && !isSchema1) {
    return damaged(place, { kind: "digest-mismatch", expected: wanted, actual: digest });
  }
  if (document.kind === "problem") return damaged(place, document.problem);
  const read =
    document.kind === "index"
      ? await readChild(reading, place, document.entries)
      : pulled(place, { ...(document.image === undefined ? {} : { image: document.image }) });
  if (read.kind === "pulled" && read.digest === digest) request.manifests.remember(read);
  return read;
}

interface Place {
  /** What the reference stands for. */
  readonly digest: string;
  readonly root: ReadManifest;
}

async function readChild(reading: Reading, place: Place, entries: readonly Descriptor[]): Promise<PullAttempt> {
  const { request, traits } = reading;
  const { source, mediaType } = place.root;
  const offered = offeredPlatforms(entries);
  const { platform } = request;
  if (platform === undefined) {
    // Nobody said what the nodes are. Most are linux/amd64; an index that lacks it must not pass silently.
    const serves = entries.some((entry) => entry.platform === undefined || matchesPlatform(common, entry.platform));
    return serves ? pulled(place, { platforms: offered }) : damaged(place, { kind: "platform-unknown", offered });
  }
  const chosen = chooseEntry(entries, mediaType, platform, traits);
  if (chosen === undefined) {
    return damaged(place, { kind: "platform-missing", wanted: formatPlatform(platform), offered });
  }
  const child = await source.manifest(chosen.digest);
  if (child.kind === "unfinished") return child;
  if (child.kind === "failed") {
    return child.failure.reason.kind === "not-found"
      ? damaged(place, { kind: "child-missing", digest: chosen.digest })
      : { kind: "failed", shown: child.failure, failures: [child.failure] };
  }
  const actual = sha256Digest(child.bytes);
  const document = readDocument(child.bytes, child.mediaType, chosen.digest, traits);
  if (document.kind === "image" && document.image === undefined) return pulled(place, { platforms: offered });
  if (actual !== chosen.digest) {
    return damaged(place, { kind: "digest-mismatch", expected: chosen.digest, actual });
  }
  if (isIndexType(child.mediaType)) {
    return damaged(place, { kind: "unreadable", digest: actual, reason: "an index inside an index" });
  }
  if (document.kind === "problem") return damaged(place, document.problem);
  return pulled(place, {
    platforms: offered,
    ...(document.kind === "image" && document.image !== undefined ? { image: document.image } : {}),
  });
}

const common: Platform = { os: "linux", architecture: "amd64" };

function pulled(
  { digest, root }: Place,
  found: { readonly platforms?: readonly string[]; readonly image?: ResolvedImage },
): PullAttempt {
  return { kind: "pulled", digest, mediaType: root.mediaType, via: root.source.host, ...found };
}

function damaged({ digest, root }: Place, problem: ContentProblem): PullAttempt {
  return { kind: "content", digest, via: root.source.host, problem };
}
