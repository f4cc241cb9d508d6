import type { RegistryHost } from "../../../node/index.js";
import { isDigest, matchesDigest, maxManifestBytes, mediaTypes, sha256Digest } from "../../../oci/index.js";
import type { AnsweringRules, Authorize, Exchange, PingResult, RegistryResponse } from "../../../registry/index.js";
import type { ContentProblem, FailureReason, HostFailure, PulledAttempt } from "../../types.js";
import { failureOf } from "../containerd/resolve.js";
import type { AttemptRequest } from "../dialect.js";
import { errorCodes } from "./error-codes.js";

/** dockerd reads manifests and configs of any size. What is larger than this is not judged. In bytes. */
const maxReadBytes = maxManifestBytes;

const manifestTypes: readonly string[] = [
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.schema1Signed,
  "application/json",
];

/** Why an endpoint did not give the image. `reached`: it answered the ping, so its scheme is the right one. */
export type EndpointFailure =
  | { readonly kind: "failed"; readonly failure: HostFailure; readonly reached: boolean }
  | { readonly kind: "content"; readonly problem: ContentProblem; readonly digest?: string }
  | { readonly kind: "unfinished"; readonly waitingFor: string };

/** Bytes of a manifest or config with the type they came under. */
export interface Read {
  readonly kind: "read";
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** What a tag stands for. `read`: the bytes that came along, where a GET had to be made. */
export interface Resolved {
  readonly kind: "resolved";
  readonly digest: string;
  readonly mediaType: string;
}

/**
 * How dockerd answers what a ping told.
 * Source: distribution v2.8 registry/client/auth/session.go `endpointAuthorizer`, `fetchTokenWithBasicAuth`.
 */
export const dockerAnswers: AnsweringRules = {
  answers: "all",
  where: "pinged",
  nameless: "refused",
  addsMissingScope: false,
  tokens: { method: "get", success: "below-400", prefers: "access_token", withoutToken: "absent" },
};
const silent: PingResult = { place: "", challenges: [] };

const neverAgain = { maxRequests: 1, serverErrorsOnLastHost: false } as const;

/** One endpoint of a registry during one attempt: every request goes to it alone, and only once. */
export class Endpoint {
  readonly host: RegistryHost;
  /** The ping was answered as registries do, not by whatever else may listen on a port. */
  isRegistry = false;
  readonly #request: AttemptRequest;
  readonly #signal: AbortSignal;
  #ping = silent;

  constructor(request: AttemptRequest, host: RegistryHost, signal: AbortSignal) {
    this.host = host;
    this.#request = request;
    this.#signal = signal;
  }

  /**
   * Asks for `/v2/`. Any HTTP answer will do; only a 401 tells more.
   * Source: `PingV2Registry`, moby registry/auth.go.
   */
  async ping(): Promise<EndpointFailure | undefined> {
    const answer = await this.#request.session.exchange(
      { ...this.#base(0), method: "GET", repository: "", endpoint: "/", accept: [], authorize: "ping" },
      this.#signal,
    );
    if (answer.kind === "response") {
      this.#ping = answer.status === 401 ? (answer.ping ?? silent) : silent;
      this.isRegistry = answer.status === 200 || answer.status === 401;
      return undefined;
    }
    return asFailure(failureOf(answer, this.host, ""), false);
  }

  /**
   * What a tag stands for now: HEAD, and GET where that did not say.
   * Source: distribution v2.8 registry/client/repository.go `tags.Get`, `descriptorFromResponse`.
   */
  async resolve(tag: string): Promise<Resolved | EndpointFailure> {
    const endpoint = `manifests/${tag}`;
    const head = await this.#exchange("HEAD", endpoint, 0);
    if (head.kind !== "response") return asFailure(failureOf(head, this.host, endpoint), true);
    if (head.status >= 200 && head.status < 400 && (head.digestHeader ?? "") !== "") return descriptorOf(head);
    const got = await this.#exchange("GET", endpoint, maxReadBytes + 1);
    const failure = failureOf(got, this.host, endpoint);
    if (failure !== undefined) return asFailure(failure, true);
    return descriptorOf(got as RegistryResponse);
  }

  /**
   * Whether HEAD finds a digest, which dockerd would ask for by GET at once. Anything but a plain yes proves nothing:
   * registries exist that know no HEAD.
   */
  async has(digest: string): Promise<Resolved | undefined> {
    const head = await this.#exchange("HEAD", `manifests/${digest}`, 0);
    return head.kind === "response" && head.status === 200
      ? { kind: "resolved", digest, mediaType: head.mediaType }
      : undefined;
  }

  /** A manifest under a tag or digest, whatever its bytes are. */
  async manifest(reference: string): Promise<Read | EndpointFailure> {
    return await this.#read(`manifests/${reference}`);
  }

  async blob(digest: string): Promise<Read | EndpointFailure> {
    return await this.#read(`blobs/${digest}`);
  }

  /**
   * Whether a manifest that is not there by digest is asked for by tag: the registry's errors must say so, in the form that
   * dockerd takes for a denial or an absence.
   * Source: `isNotFound`, moby distribution/errors.go; `errcode.Errors`, distribution v2.8.
   */
  async isAbsent(digest: string): Promise<boolean> {
    const got = await this.#exchange("GET", `manifests/${digest}`, 64_000);
    return got.kind === "response" && got.status >= 400 && got.status < 500 && errorCodes(got).some(isAbsence);
  }

  async #read(endpoint: string): Promise<Read | EndpointFailure> {
    const got = await this.#exchange("GET", endpoint, maxReadBytes + 1);
    const failure = failureOf(got, this.host, endpoint);
    if (failure !== undefined) return asFailure(failure, true);
    const { body = new Uint8Array(), mediaType, status } = got as RegistryResponse;
    if (status === 304) return this.#failed({ kind: "not-found", object: endpoint });
    if (body.byteLength > maxReadBytes) {
      const message = `${this.host.address}: more than ${maxReadBytes} bytes`;
      return this.#failed({ kind: "fault", fault: { kind: "response-too-large", message } });
    }
    return { kind: "read", bytes: body, contentType: mediaType };
  }

  #failed(reason: FailureReason): EndpointFailure {
    return { kind: "failed", failure: { host: this.host, reason }, reached: true };
  }

  #exchange(method: "HEAD" | "GET", endpoint: string, maxBodyBytes: number): Promise<Exchange> {
    const { reference } = this.#request;
    const isManifest = endpoint.startsWith("manifests/");
    return this.#request.session.exchange(
      {
        ...this.#base(maxBodyBytes),
        method,
        repository: this.host.repository ?? reference.path,
        endpoint,
        accept: isManifest ? manifestTypes : [],
      },
      this.#signal,
    );
  }

  #base(maxBodyBytes: number) {
    const authorize: Authorize = { ping: this.#ping, rules: dockerAnswers };
    return { host: this.host, maxBodyBytes, isLastHost: false, retry: neverAgain, authorize };
  }
}

function isAbsence(code: string): boolean {
  return code === "DENIED" || code === "MANIFEST_UNKNOWN" || code === "NAME_UNKNOWN";
}

function asFailure(failure: ReturnType<typeof failureOf>, reached: boolean): EndpointFailure {
  if (failure === undefined) throw new RangeError("an answer below 400 is no failure");
  return failure.kind === "unfinished" ? failure : { kind: "failed", failure: failure.failure, reached };
}

/** The headers alone, except for the digest, which the body can stand in for. */
function descriptorOf(response: RegistryResponse): Resolved | EndpointFailure {
  const { mediaType, digestHeader = "", body, contentLength } = response;
  if (mediaType === "") return unusable("the answer has no Content-Type");
  if (digestHeader === "") return { kind: "resolved", digest: sha256Digest(body ?? new Uint8Array()), mediaType };
  if (!isDigest(digestHeader)) {
    return { kind: "content", problem: { kind: "invalid-digest-header", header: digestHeader } };
  }
  if (contentLength === undefined) return unusable("the answer has no Content-Length");
  return { kind: "resolved", digest: digestHeader, mediaType };
}

function unusable(reason: string): EndpointFailure {
  return { kind: "content", problem: { kind: "unreadable", digest: "", reason } };
}

/** Whether an image that was read may be remembered under its digest: by tag dockerd takes whatever bytes come. */
export function mayRemember(attempt: PulledAttempt, root: Read): boolean {
  return matchesDigest(root.bytes, attempt.digest);
}
