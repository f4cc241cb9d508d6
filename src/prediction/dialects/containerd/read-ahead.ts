import { manifestAccept, maxManifestBytes, sha256Digest } from "../../../oci/index.js";
import type { RegistryResponse, RegistrySession } from "../../../registry/index.js";
import type { ResolvedImage } from "../../types.js";
import type { AttemptRequest } from "../dialect.js";
import { readManifestChain } from "./manifest.js";
import type { ContainerdTraits } from "./traits.js";

/**
 * The image behind a tag on the first host, read by the tag while the resolve is still under way: containerd asks for the
 * digest first, and only then knows what to read. Tells what the attempt will most probably look at next, and decides nothing.
 */
export async function readAhead(
  request: AttemptRequest,
  traits: ContainerdTraits,
  signal: AbortSignal,
): Promise<ResolvedImage | undefined> {
  const { reference, session } = request;
  const host = request.hosts.find(
    ({ capabilities }) => capabilities.includes("pull") && capabilities.includes("resolve"),
  );
  if (host === undefined || reference.digest !== undefined) return undefined;
  const got = await session.exchange(
    {
      host,
      method: "GET",
      repository: host.repository ?? reference.path,
      endpoint: `manifests/${reference.tag ?? "latest"}`,
      accept: manifestAccept,
      maxBodyBytes: maxManifestBytes + 1,
      isLastHost: false,
      retry: traits.retry,
    },
    signal,
  );
  if (got.kind !== "response" || got.status !== 200 || got.body === undefined) return undefined;
  if (got.body.byteLength > maxManifestBytes) return undefined;
  const digest = sha256Digest(got.body);
  const root = { kind: "resolved", digest, mediaType: got.mediaType, sizeBytes: got.body.byteLength, host } as const;
  const known = knowing(session, `manifests/${digest}`, got);
  const read = await readManifestChain({ ...request, hosts: [host], session: known }, traits, root, signal);
  return read.kind === "pulled" ? read.image : undefined;
}

/** A session that has one answer at hand already. */
function knowing(session: RegistrySession, endpoint: string, answer: RegistryResponse): RegistrySession {
  return {
    exchange: async (request, signal) =>
      request.endpoint === endpoint ? answer : await session.exchange(request, signal),
  };
}
