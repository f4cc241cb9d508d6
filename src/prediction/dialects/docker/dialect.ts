import { createHash } from "node:crypto";
import { unreachable } from "../../../core/index.js";
import type { RuntimeSettings, RuntimeVersion } from "../../../node/index.js";
import { isIndexType, isManifestType } from "../../../oci/index.js";
import type { ImageReference } from "../../../reference/index.js";
import { dockerContentRules } from "../../content/docker.js";
import type { HostFailure, PullAttempt, PulledAttempt } from "../../types.js";
import { containerdDialect } from "../containerd/index.js";
import type { AttemptRequest, PullDialect } from "../dialect.js";
import { pingedSession } from "../pinged-session.js";
import { dockerAnswers, Endpoint, type EndpointFailure, mayRemember, type Resolved } from "./endpoint.js";
import { readImage } from "./image.js";
import { type DockerTraits, dockerTraits } from "./traits.js";

/** What docker's containerd image store pulls like, as nearly as Pullguard knows. */
const storeEngine = { major: 1, minor: 7, patch: 34 } as const;

/**
 * The dialect of one version of dockerd: each endpoint in turn is pinged and asked, and the last one's error is the
 * pull's. With the containerd image store it is containerd that pulls.
 * Source: `Pull`, moby distribution/pull.go 20.10 to 28.
 */
export function dockerDialect(version: RuntimeVersion, settings: RuntimeSettings = {}): PullDialect {
  if (settings.imageStore === "containerd") return containerdDialect(storeEngine, { engine: "local" });
  const traits = dockerTraits(version);
  return {
    id: `docker:${createHash("sha256").update(JSON.stringify(traits)).digest("base64url").slice(0, 12)}`,
    grammar: traits.grammar,
    content: dockerContentRules(traits),
    session: (session) => pingedSession(session, dockerAnswers),
    attempt: (request, signal) => attempt(request, traits, signal),
  };
}

async function attempt(request: AttemptRequest, traits: DockerTraits, signal: AbortSignal): Promise<PullAttempt> {
  const isHub = request.reference.domain === "docker.io";
  const speaksTls = new Set<string>();
  const failed: Tried[] = [];
  for (const [index, host] of request.hosts.entries()) {
    if (host.scheme === "http" && speaksTls.has(host.address)) continue;
    const endpoint = new Endpoint(request, host, signal);
    const outcome = await pullFrom(endpoint, request, traits);
    if (outcome.kind === "pulled" || outcome.kind === "unfinished") return outcome;
    failed.push({ endpoint, failure: outcome });
    const isMirror = isHub && index < request.hosts.length - 1;
    if (isMirror && stopsAtMirror(outcome)) break;
    if (host.scheme === "https" && confirmsTls(outcome, request.reference, traits)) speaksTls.add(host.address);
  }
  return conclude(failed);
}

/** One whole pull at one endpoint. Source: `pullTag`, moby distribution/pull_v2.go. */
async function pullFrom(
  endpoint: Endpoint,
  request: AttemptRequest,
  traits: DockerTraits,
): Promise<PulledAttempt | EndpointFailure> {
  const { reference, platform, manifests } = request;
  const unreachable = await endpoint.ping();
  if (unreachable !== undefined) return unreachable;
  const tag = reference.tag ?? "latest";
  const resolved = reference.digest === undefined ? await endpoint.resolve(tag) : undefined;
  if (resolved !== undefined && resolved.kind !== "resolved") return resolved;
  const digest = reference.digest ?? resolved?.digest ?? "";
  const known = resolved === undefined ? undefined : manifests.recall(digest);
  if (known !== undefined) return { ...known, via: endpoint.host };
  const spared = await spare(endpoint, request, resolved);
  if (spared !== undefined) return spared;

  let read = await endpoint.manifest(digest);
  const mayAskByTag = resolved !== undefined && traits.manifestByTagAgain;
  if (read.kind === "failed" && mayAskByTag && (await endpoint.isAbsent(digest))) read = await endpoint.manifest(tag);
  if (read.kind !== "read") return read;
  const found = await readImage({ endpoint, traits, platform, digest }, read, reference.digest !== undefined);
  if (found.kind === "pulled" && mayRemember(found, read)) manifests.remember(found);
  return found;
}

/** Registries count the GET of a manifest as a pull, a HEAD as none: where few are left, what HEAD tells must do. */
async function spare(
  endpoint: Endpoint,
  { reference, spares }: AttemptRequest,
  resolved: Resolved | undefined,
): Promise<PulledAttempt | undefined> {
  const via = endpoint.host;
  if (spares?.(via) !== true) return undefined;
  const found = reference.digest === undefined ? resolved : await endpoint.has(reference.digest);
  // What is of a type that nobody knows has to be read.
  if (found === undefined) return undefined;
  const { digest, mediaType } = found;
  const type = mediaType.trim().toLowerCase();
  if (!isIndexType(type) && !isManifestType(type)) return undefined;
  return { kind: "pulled", digest, mediaType, via, unread: "rate-limit" };
}

/** After any other trouble with a mirror the next endpoint is tried. Source: `continueOnError`, moby distribution/errors.go. */
function stopsAtMirror(failure: EndpointFailure): boolean {
  return (
    failure.kind === "content" && failure.problem.kind === "unsupported-type" && failure.problem.part !== undefined
  );
}

/** An answered ping shows that the endpoint speaks TLS; it is not asked again without. */
function confirmsTls(failure: EndpointFailure, { digest }: ImageReference, traits: DockerTraits): boolean {
  if (failure.kind !== "failed") return true;
  const { reason } = failure.failure;
  const lacksPassword = reason.kind === "refused" && reason.refusal.kind === "no-credentials";
  return failure.reached && !(lacksPassword && digest === undefined && traits.plainHttpAfterNoCredentials);
}

interface Tried {
  readonly endpoint: Endpoint;
  readonly failure: EndpointFailure;
}

function conclude(failed: readonly Tried[]): PullAttempt {
  const last = failed.at(-1);
  if (last === undefined) return { kind: "no-hosts" };
  const { endpoint, failure } = last;
  switch (failure.kind) {
    case "unfinished":
      return failure;
    case "content": {
      const digest = failure.digest === undefined ? {} : { digest: failure.digest };
      return { kind: "content", via: endpoint.host, problem: failure.problem, ...digest };
    }
    case "failed":
      return { kind: "failed", shown: failure.failure, failures: tellingFailures(failed) };
    default:
      return unreachable(failure);
  }
}

/** Where a registry answered without TLS, there is not another one behind TLS that may yet come up. */
function tellingFailures(failed: readonly Tried[]): readonly HostFailure[] {
  const found = new Set(failed.flatMap(({ endpoint }) => (endpoint.isRegistry ? [endpoint.host.address] : [])));
  return failed.flatMap(({ endpoint, failure }) =>
    failure.kind === "failed" && (endpoint.isRegistry || !found.has(endpoint.host.address)) ? [failure.failure] : [],
  );
}
