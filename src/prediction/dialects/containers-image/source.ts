import type { RegistryHost } from "../../../node/index.js";
import { mediaTypes } from "../../../oci/index.js";
import type { Exchange, RegistryResponse } from "../../../registry/index.js";
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

/** Bytes under a tag or digest and the type they came with, as Go reads it. */
export interface ReadManifest {
  readonly kind: "read";
  readonly host: RegistryHost;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

export type ManifestReading =
  | ReadManifest
  | { readonly kind: "failed"; readonly failure: HostFailure }
  | { readonly kind: "unfinished"; readonly waitingFor: string };

/** With what manifests are asked for. */
export interface Reading {
  readonly request: AttemptRequest;
  readonly traits: ContainersImageTraits;
  readonly signal: AbortSignal;
}

/**
 * One manifest from one host: `/v2/` first, then GET, and only 200 will do.
 * Source: containers/image docker/docker_client.go `fetchManifest`.
 */
export async function readManifest(
  { request, traits, signal }: Reading,
  host: RegistryHost,
  tagOrDigest: string,
): Promise<ManifestReading> {
  const endpoint = `manifests/${tagOrDigest}`;
  const got = await request.session.exchange(
    {
      host,
      method: "GET",
      repository: host.repository ?? request.reference.path,
      endpoint,
      accept,
      maxBodyBytes: maxManifestBytes + 1,
      isLastHost: false,
      retry: once,
      pingsFirst: true,
    },
    signal,
  );
  const failed = (reason: FailureReason): ManifestReading => ({ kind: "failed", failure: { host, reason } });
  if (got.kind !== "response") return notAnswered(got, host, traits);
  if (got.status !== 200 || got.ofPing === true) return failed(statusReason(got, endpoint));
  const bytes = got.body ?? new Uint8Array();
  if (bytes.byteLength > maxManifestBytes) return failed({ kind: "manifest-too-large", sizeBytes: bytes.byteLength });
  return { kind: "read", host, bytes, mediaType: goMediaType(got.mediaType) };
}

function notAnswered(
  got: Exclude<Exchange, RegistryResponse>,
  host: RegistryHost,
  traits: ContainersImageTraits,
): ManifestReading {
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

function statusReason(response: RegistryResponse, endpoint: string): FailureReason {
  const { status, retryAfterSeconds, authorization, challenges, errors, ofPing } = response;
  if (status === 404 && ofPing !== true) return { kind: "not-found", object: endpoint };
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
