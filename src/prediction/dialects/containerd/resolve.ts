import type { RegistryHost } from "../../../node/index.js";
import { isDigest, manifestAccept, maxManifestBytes, sha256Digest } from "../../../oci/index.js";
import type { Exchange, ExchangeRequest, RegistryResponse } from "../../../registry/index.js";
import type { ContentProblem, FailureReason, HostFailure } from "../../types.js";
import type { AttemptRequest } from "../dialect.js";
import type { ContainerdTraits } from "./traits.js";

/** What a reference points to now, as containerd believes it before it has read a manifest's bytes. */
export type Resolution =
  | {
      readonly kind: "resolved";
      readonly digest: string;
      readonly mediaType: string;
      readonly sizeBytes: number;
      readonly host: RegistryHost;
    }
  | { readonly kind: "failed"; readonly shown: HostFailure; readonly failures: readonly HostFailure[] }
  | { readonly kind: "content"; readonly problem: ContentProblem; readonly host: RegistryHost }
  | { readonly kind: "no-hosts" }
  | { readonly kind: "unfinished"; readonly waitingFor: string };

type HostAnswer = Resolution | { readonly kind: "next"; readonly failure: HostFailure };

/**
 * Resolves a reference to a descriptor: HEAD on each capable host in turn, for a digest first under manifests/ and then
 * under blobs/. Source: containerd core/remotes/docker/resolver.go `Resolve`.
 */
export async function resolve(
  request: AttemptRequest,
  traits: ContainerdTraits,
  signal: AbortSignal,
): Promise<Resolution> {
  const { reference } = request;
  const hosts = capableHosts(request.hosts, reference.digest === undefined);
  if (hosts.length === 0) return { kind: "no-hosts" };
  const endpoints =
    reference.digest === undefined
      ? [`manifests/${reference.tag ?? "latest"}`]
      : [`manifests/${reference.digest}`, `blobs/${reference.digest}`];
  const failures: HostFailure[] = [];
  for (const endpoint of endpoints) {
    if (!traits.blobRoundAfterStatus && failures.some((failure) => failureClass(failure.reason) > 2)) break;
    for (const [index, host] of hosts.entries()) {
      const isLastHost = index === hosts.length - 1;
      const answer = await askHost({ request, traits, host, endpoint, isLastHost }, signal);
      if (answer.kind !== "next") return answer;
      failures.push(answer.failure);
    }
  }
  return { kind: "failed", shown: shownFailure(failures, traits), failures: firstOfEachHost(failures) };
}

interface HostQuestion {
  readonly request: AttemptRequest;
  readonly traits: ContainerdTraits;
  readonly host: RegistryHost;
  readonly endpoint: string;
  readonly isLastHost: boolean;
}

async function askHost(question: HostQuestion, signal: AbortSignal): Promise<HostAnswer> {
  const { request, host } = question;
  const head = await request.session.exchange(exchangeRequest(question, "HEAD", 0), signal);
  const refused = failureOf(head, host, question.endpoint);
  if (refused !== undefined) return refused;
  const response = head as RegistryResponse;
  if (response.status > 299 && response.status < 400) return redirectNotFollowed(response, host);

  const wantedDigest = request.reference.digest;
  const header = response.digestHeader ?? "";
  if (response.contentLength === undefined || (wantedDigest === undefined && header === "")) {
    return await askByGet(question, signal);
  }
  if (wantedDigest === undefined && !isDigest(header)) {
    return { kind: "content", host, problem: { kind: "invalid-digest-header", header } };
  }
  return accept(question, wantedDigest ?? header, response.mediaType, response.contentLength);
}

/** The registry's HEAD lacks a digest or a length: containerd reads the body and takes both from there. */
async function askByGet(question: HostQuestion, signal: AbortSignal): Promise<HostAnswer> {
  const { host, request } = question;
  const got = await request.session.exchange(exchangeRequest(question, "GET", maxManifestBytes + 1), signal);
  const refused = failureOf(got, host, question.endpoint);
  // No next host here: 2.3 ends at once; before, an error page was hashed as the manifest and failed when fetched by that digest.
  if (refused !== undefined) return immediateFailure(refused);
  const response = got as RegistryResponse;
  const body = response.body ?? new Uint8Array();
  if (body.byteLength > maxManifestBytes && response.contentLength === undefined) {
    // The runtime would go on reading, perhaps for ever; nobody can say how large this is.
    const message = "a manifest without a length that does not end";
    return immediateFailure({
      kind: "next",
      failure: { host, reason: { kind: "fault", fault: { kind: "response-too-large", message } } },
    });
  }
  return accept(question, request.reference.digest ?? sha256Digest(body), response.mediaType, body.byteLength);
}

function accept(question: HostQuestion, digest: string, mediaType: string, sizeBytes: number): HostAnswer {
  const { host } = question;
  if (sizeBytes > maxManifestBytes) {
    return { kind: "next", failure: { host, reason: { kind: "manifest-too-large", sizeBytes } } };
  }
  return { kind: "resolved", digest, mediaType, sizeBytes, host };
}

function immediateFailure(answer: HostAnswer): HostAnswer {
  if (answer.kind !== "next") return answer;
  return { kind: "failed", shown: answer.failure, failures: [answer.failure] };
}

function redirectNotFollowed(response: RegistryResponse, host: RegistryHost): Resolution {
  const failure: HostFailure = { host, reason: statusReason(response) };
  return { kind: "failed", shown: failure, failures: [failure] };
}

function exchangeRequest(question: HostQuestion, method: "HEAD" | "GET", maxBodyBytes: number): ExchangeRequest {
  return {
    host: question.host,
    method,
    repository: question.host.repository ?? question.request.reference.path,
    endpoint: question.endpoint,
    accept: manifestAccept,
    maxBodyBytes,
    isLastHost: question.isLastHost,
    retry: question.traits.retry,
  };
}

/**
 * What an exchange means for the loop over hosts, or undefined when it is an answer below 400 to be read on.
 * An abort ends everything: the deadline is the caller's, not the registry's.
 */
export function failureOf(
  exchange: Exchange,
  host: RegistryHost,
  endpoint: string,
): Extract<HostAnswer, { kind: "next" | "unfinished" }> | undefined {
  switch (exchange.kind) {
    case "fault":
      if (exchange.fault.kind === "aborted") return { kind: "unfinished", waitingFor: host.address };
      return { kind: "next", failure: { host, reason: { kind: "fault", fault: exchange.fault } } };
    case "refused":
      if (exchange.refusal.kind === "token-fault" && exchange.refusal.fault.kind === "aborted") {
        return { kind: "unfinished", waitingFor: exchange.refusal.realm };
      }
      return { kind: "next", failure: { host, reason: { kind: "refused", refusal: exchange.refusal } } };
    case "response":
      if (exchange.status < 400) return undefined;
      return {
        kind: "next",
        failure: {
          host,
          reason: exchange.status === 404 ? { kind: "not-found", object: endpoint } : statusReason(exchange),
        },
      };
  }
}

function statusReason(response: RegistryResponse): FailureReason {
  return {
    kind: "status",
    status: response.status,
    ...(response.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: response.retryAfterSeconds }),
    authorization: response.authorization,
    challenges: response.challenges,
    errors: response.errors,
  };
}

function capableHosts(hosts: readonly RegistryHost[], byTag: boolean): readonly RegistryHost[] {
  return hosts.filter(
    (host) => host.capabilities.includes("pull") && (!byTag || host.capabilities.includes("resolve")),
  );
}

/** containerd 2.x: 1 transport or authorization, 2 not found, 3 another status, 4 too large. */
function failureClass(reason: FailureReason): number {
  switch (reason.kind) {
    case "fault":
    case "refused":
      return 1;
    case "not-found":
      return 2;
    case "status":
      return 3;
    case "manifest-too-large":
      return 4;
  }
}

function shownFailure(failures: readonly HostFailure[], traits: ContainerdTraits): HostFailure {
  const [first] = failures;
  if (first === undefined) throw new RangeError("a resolve without a failure has nothing to show");
  if (traits.shownFailure === "first-not-404") {
    return failures.find((failure) => failure.reason.kind !== "not-found") ?? first;
  }
  return failures.reduce(
    (shown, failure) => (failureClass(failure.reason) > failureClass(shown.reason) ? failure : shown),
    first,
  );
}

/** The second round under blobs/ repeats what the first one said; one failure a host is enough for people. */
function firstOfEachHost(failures: readonly HostFailure[]): readonly HostFailure[] {
  const seen = new Set<RegistryHost>();
  return failures.filter(({ host }) => !seen.has(host) && seen.add(host));
}
