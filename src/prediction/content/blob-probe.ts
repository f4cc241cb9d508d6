import type { RegistryHost } from "../../node/index.js";
import type { Exchange, ExchangeRequest, RegistryResponse, RegistrySession, RetryRules } from "../../registry/index.js";

/** Where the blobs of one image are asked for, and as whom. */
export interface BlobSource {
  /** Every host in the node's order: capabilities do not count for content. */
  readonly hosts: readonly RegistryHost[];
  /** Repository of the reference; a host may have its own. */
  readonly repository: string;
  readonly session: RegistrySession;
}

/** What the hosts say about one blob. `inconclusive`: nothing that a node's pull would have to share. */
export type BlobPresence =
  | { readonly kind: "present"; readonly sizeBytes?: number }
  | { readonly kind: "missing" }
  | { readonly kind: "inconclusive" };

const retry: RetryRules = { maxRequests: 6, serverErrorsOnLastHost: false };

/**
 * Whether a node would find a blob: a HEAD on each host in turn, as nodes go on to the next host for content too. A HEAD
 * that is refused or says 404 is not believed (addresses that CDNs sign are often for GET alone); one byte is then asked
 * for as a node would ask for all of them. Only a 404 to that counts as missing.
 */
export async function probeBlob(source: BlobSource, digest: string, signal: AbortSignal): Promise<BlobPresence> {
  let missing = source.hosts.length > 0;
  for (const host of source.hosts) {
    const presence = await probeHost(source, host, digest, signal);
    if (presence.kind === "present") return presence;
    if (presence.kind === "inconclusive") missing = false;
    if (signal.aborted) return { kind: "inconclusive" };
  }
  return { kind: missing ? "missing" : "inconclusive" };
}

async function probeHost(
  source: BlobSource,
  host: RegistryHost,
  digest: string,
  signal: AbortSignal,
): Promise<BlobPresence> {
  const head = await source.session.exchange(blobRequest(source, host, digest, { method: "HEAD" }), signal);
  if (head.kind !== "response") return { kind: "inconclusive" };
  if (head.status === 200) return present(head.contentLength);
  if (head.status < 400 || head.status >= 500) return { kind: "inconclusive" };
  const range = { first: 0, last: 0 };
  const got = await source.session.exchange(blobRequest(source, host, digest, { method: "GET", range }), signal);
  return presenceOf(got);
}

function presenceOf(got: Exchange): BlobPresence {
  if (got.kind !== "response") return { kind: "inconclusive" };
  switch (got.status) {
    case 200:
      return present(got.contentLength);
    case 206:
      return present(got.contentRange?.total);
    case 404:
      return { kind: "missing" };
    default:
      return { kind: "inconclusive" };
  }
}

function present(sizeBytes: number | undefined): BlobPresence {
  return { kind: "present", ...(sizeBytes === undefined ? {} : { sizeBytes }) };
}

/** A request for a blob, or for a part of it. */
export function blobRequest(
  { hosts, repository }: Pick<BlobSource, "hosts" | "repository">,
  host: RegistryHost,
  digest: string,
  values: Pick<ExchangeRequest, "method"> & Partial<Pick<ExchangeRequest, "range" | "maxBodyBytes" | "sink">>,
): ExchangeRequest {
  return {
    host,
    repository: host.repository ?? repository,
    endpoint: `blobs/${digest}`,
    accept: ["*/*"],
    maxBodyBytes: 0,
    isLastHost: host === hosts.at(-1),
    retry,
    ...values,
  };
}

/** The body of a small blob from the first host that serves it, or every host's answer. */
export type BlobRead =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly via: RegistryHost }
  | { readonly kind: "refused"; readonly answers: readonly { readonly host: RegistryHost; readonly got: Exchange }[] };

/** Reads a blob of at most `maxBytes` (one byte more shows that it is larger). */
export async function readBlob(
  source: BlobSource,
  digest: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<BlobRead> {
  const answers: { readonly host: RegistryHost; readonly got: Exchange }[] = [];
  for (const host of source.hosts) {
    const request = blobRequest(source, host, digest, { method: "GET", maxBodyBytes: maxBytes + 1 });
    const got = await source.session.exchange(request, signal);
    if (isSuccess(got)) return { kind: "bytes", bytes: got.body ?? new Uint8Array(), via: host };
    answers.push({ host, got });
    if (signal.aborted) break;
  }
  return { kind: "refused", answers };
}

function isSuccess(got: Exchange): got is RegistryResponse {
  return got.kind === "response" && got.status >= 200 && got.status <= 299;
}
