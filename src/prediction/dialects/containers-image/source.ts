import type { RegistryHost } from "../../../node/index.js";
import { isDigest, isIndexType, isManifestType, mediaTypes } from "../../../oci/index.js";
import type {
  AnsweringRules,
  Exchange,
  ExchangeRequest,
  PingResult,
  RegistryResponse,
} from "../../../registry/index.js";
import type { FailureReason, HostFailure } from "../../types.js";
import type { AttemptRequest } from "../dialect.js";
import { type ContainersImageTraits, maxManifestBytes } from "./traits.js";

/** The library's list, in its order. Source: containers/image manifest/manifest.go `DefaultRequestedManifestMIMETypes`. */
const accept: readonly string[] = [
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  mediaTypes.schema1Signed,
  mediaTypes.schema1,
  mediaTypes.dockerIndex,
  mediaTypes.ociIndex,
];

/** The library waits and asks again after a 429; how it ends then nobody can say now. */
const once = { maxRequests: 1, serverErrorsOnLastHost: false } as const;

/**
 * How the library answers what a ping told.
 * Source: containers/image docker/docker_client.go `setupRequestAuth`, `getBearerToken`, `newBearerTokenFromJSONBlob`.
 */
export const libraryAnswers: AnsweringRules = {
  answers: "first",
  where: "asked",
  nameless: "empty",
  addsMissingScope: true,
  tokens: { method: "get", success: "200", prefers: "token", withoutToken: "empty" },
};

/** Bytes under a tag or digest and the type they came with, as Go reads it. */
export interface ReadManifest {
  readonly kind: "read";
  readonly source: ImageSource;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

export type ManifestReading = ReadManifest | SourceFailure;

/** Why a host gave no manifest. */
export type SourceFailure =
  | { readonly kind: "failed"; readonly failure: HostFailure }
  | { readonly kind: "unfinished"; readonly waitingFor: string };

/** With what manifests are asked for. */
export interface Reading {
  readonly request: AttemptRequest;
  readonly traits: ContainersImageTraits;
  readonly signal: AbortSignal;
}

/** One host during one attempt, after it has answered `/v2/`: from then on it is asked over that scheme alone. */
export class ImageSource {
  readonly host: RegistryHost;
  readonly #reading: Reading;
  readonly #reached: RegistryHost;
  readonly #ping: PingResult;

  constructor(reading: Reading, host: RegistryHost, reached: RegistryHost, ping: PingResult) {
    this.host = host;
    this.#reading = reading;
    this.#reached = reached;
    this.#ping = ping;
  }

  /**
   * One manifest: GET, and only 200 will do.
   * Source: containers/image docker/docker_client.go `fetchManifest`.
   */
  async manifest(tagOrDigest: string): Promise<ManifestReading> {
    const endpoint = `manifests/${tagOrDigest}`;
    const got = await this.#exchange("GET", endpoint);
    const failed = (reason: FailureReason): ManifestReading => ({
      kind: "failed",
      failure: { host: this.host, reason },
    });
    if (got.kind !== "response") return notAnswered(got, this.host, this.#reading.traits);
    if (got.status === 404) return failed({ kind: "not-found", object: endpoint });
    if (got.status !== 200) return failed(statusReason(got));
    const bytes = got.body ?? new Uint8Array();
    if (bytes.byteLength > maxManifestBytes) return failed({ kind: "manifest-too-large", sizeBytes: bytes.byteLength });
    return { kind: "read", source: this, bytes, mediaType: goMediaType(got.mediaType) };
  }

  /**
   * What HEAD tells of a manifest, which the library would ask for by GET at once; undefined where that is not enough to say
   * what GET would bring. Registries exist that know no HEAD.
   */
  async head(tagOrDigest: string): Promise<{ readonly digest: string; readonly mediaType: string } | undefined> {
    const got = await this.#exchange("HEAD", `manifests/${tagOrDigest}`);
    if (got.kind !== "response" || got.status !== 200) return undefined;
    const digest = isDigest(tagOrDigest) ? tagOrDigest : (got.digestHeader ?? "");
    const mediaType = goMediaType(got.mediaType);
    const isKnown = isIndexType(mediaType) || isManifestType(mediaType);
    return isKnown && isDigest(digest) ? { digest, mediaType } : undefined;
  }

  #exchange(method: "HEAD" | "GET", endpoint: string): Promise<Exchange> {
    const { request, signal } = this.#reading;
    return request.session.exchange(
      {
        host: this.#reached,
        method,
        repository: this.host.repository ?? request.reference.path,
        endpoint,
        accept,
        maxBodyBytes: maxManifestBytes + 1,
        isLastHost: false,
        retry: once,
        authorize: { ping: this.#ping, rules: libraryAnswers },
      },
      signal,
    );
  }
}

/**
 * Asks a host for `/v2/` over https and, where it need not be trusted, over http when anything at all was wrong with that.
 * Only 200 and 401 will do.
 * Source: containers/image docker/docker_client.go `detectPropertiesHelper`.
 */
export async function openSource(reading: Reading, host: RegistryHost): Promise<ImageSource | SourceFailure> {
  const { mirrorOf: _, ...named } = host;
  const ping = async (scheme: "https" | "http"): Promise<ImageSource | Exchange> => {
    const reached = { ...named, scheme };
    const got = await reading.request.session.exchange(pingRequest(reached), reading.signal);
    if (got.kind !== "response" || (got.status !== 200 && got.status !== 401)) return got;
    return new ImageSource(reading, host, reached, got.ping ?? { place: "", challenges: [] });
  };
  const secure = await ping("https");
  if (secure instanceof ImageSource) return secure;
  if (host.httpFallback === "never" || reading.signal.aborted) return notOpened(secure, host, reading.traits);
  const plain = await ping("http");
  if (plain instanceof ImageSource) return plain;
  // The library tells of the second failure; what a TLS server answers to plain HTTP explains nothing to people.
  return notOpened(secure.kind === "fault" ? plain : secure, host, reading.traits);
}

function pingRequest(host: RegistryHost): ExchangeRequest {
  return {
    host,
    method: "GET",
    repository: "",
    endpoint: "/",
    accept: [],
    maxBodyBytes: 0,
    isLastHost: false,
    retry: once,
    authorize: "ping",
  };
}

function notOpened(got: Exchange, host: RegistryHost, traits: ContainersImageTraits): SourceFailure {
  if (got.kind !== "response") return notAnswered(got, host, traits);
  return { kind: "failed", failure: { host, reason: statusReason(got) } };
}

function notAnswered(
  got: Exclude<Exchange, RegistryResponse>,
  host: RegistryHost,
  traits: ContainersImageTraits,
): SourceFailure {
  if (got.kind === "refused") {
    const { refusal } = got;
    return refusal.kind === "token-fault" && refusal.fault.kind === "aborted"
      ? { kind: "unfinished", waitingFor: refusal.realm }
      : { kind: "failed", failure: { host, reason: { kind: "refused", refusal } } };
  }
  const { fault } = got;
  if (fault.kind === "aborted") return { kind: "unfinished", waitingFor: host.address };
  // Pullguard cannot speak TLS 1.0; this runtime can, so nothing follows from the failure.
  const told = fault.kind === "tls-version" && traits.oldTls ? ({ ...fault, kind: "tls-handshake" } as const) : fault;
  return { kind: "failed", failure: { host, reason: { kind: "fault", fault: told } } };
}

function statusReason(response: RegistryResponse): FailureReason {
  const { status, retryAfterSeconds, authorization, challenges, errors } = response;
  return {
    kind: "status",
    status,
    authorization,
    challenges,
    errors,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}

/** Lower case without spaces around it; "" where it is no type at all. Source: Go mime `ParseMediaType`. */
function goMediaType(sent: string): string {
  const type = sent.trim().toLowerCase();
  return /^[^\s/()<>@,;:\\"[\]?=]+\/[^\s/()<>@,;:\\"[\]?=]+$/.test(type) ? type : "";
}
