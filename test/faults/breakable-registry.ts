import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { IssuedCertificate } from "../support/authority.js";
import { buildContent, digestOf, labUser, type StoredManifest } from "../support/lab/index.js";
import { type BreakableServer, startBreakableServer } from "./breakable-server.js";

/** A registry on loopback that can be broken and mended while it runs. Every tag `vN` of `team/app` is there. */
export interface BreakableRegistry extends BreakableServer {
  readonly host: string;
  /** `host:port/team/app:v7` */
  image(tag: string): string;
  /** The manifest that a request asks for (each tag has one of its own), or any where there is none. */
  manifestFor(request: IncomingMessage): StoredManifest;
}

export interface RegistryWish {
  readonly host: string;
  /** Absent: plain HTTP. */
  readonly certificate?: IssuedCertificate;
  readonly auth?: "basic" | "bearer";
  /** Where tokens are to be had, if not here: `https://host:port`. */
  readonly realm?: string;
}

const repository = "team/app";
const basic = `Basic ${Buffer.from(`${labUser.username}:${labUser.password}`).toString("base64")}`;
const token = "a-token-of-the-fault-tests";

export async function startBreakableRegistry(wish: RegistryWish): Promise<BreakableRegistry> {
  const content = contentOf(wish.host);
  const server: BreakableServer = await startBreakableServer(
    soundListener(wish, content, () => server.port),
    wish.certificate,
  );
  return {
    ...server,
    host: wish.host,
    image: (tag) => `${wish.host}:${server.port}/${repository}:${tag}`,
    manifestFor: (request) => content.manifest(/[^/]+$/.exec(request.url ?? "")?.[0] ?? "") ?? content.anyManifest(),
  };
}

interface Content {
  /** By tag or digest. */
  manifest(reference: string): StoredManifest | undefined;
  anyManifest(): StoredManifest;
  blob(digest: string): Buffer | undefined;
}

/** One image under every tag, told apart by an annotation: nothing that is known of one tag answers for another. */
function contentOf(host: string): Content {
  const stored = buildContent(host).get(repository);
  const original = stored?.manifests.get(stored.tags.get("v1") ?? "");
  if (stored === undefined || original === undefined) throw new Error("the laboratory's content has changed");
  const made = new Map<string, StoredManifest>();
  const make = (tag: string): StoredManifest => {
    const body = Buffer.from(JSON.stringify({ ...JSON.parse(original.body.toString()), annotations: { tag } }));
    const manifest = { mediaType: original.mediaType, body, digest: digestOf(body) };
    made.set(tag, manifest).set(manifest.digest, manifest);
    return manifest;
  };
  return {
    manifest: (reference) => made.get(reference) ?? (/^v\d+/.test(reference) ? make(reference) : undefined),
    anyManifest: () => make("v0"),
    blob: (digest) => stored.blobs.get(digest),
  };
}

/** What a sound registry answers. Source: distribution-spec, "Pull". */
function soundListener(wish: RegistryWish, content: Content, ownPort: () => number): RequestListener {
  return (request, response) => {
    const url = new URL(request.url ?? "/", "http://registry");
    if (url.pathname === "/token") return giveToken(request, response);
    if (!isAuthorized(wish, request)) {
      const realm = wish.realm ?? `https://${wish.host}:${ownPort()}`;
      const bearer = `Bearer realm="${realm}/token",service="${wish.host}",scope="repository:${repository}:pull"`;
      response.setHeader("www-authenticate", wish.auth === "basic" ? 'Basic realm="registry"' : bearer);
      return send(request, response, 401, "application/json", '{"errors":[{"code":"UNAUTHORIZED"}]}');
    }
    const [, kind, reference = ""] = /^\/v2\/team\/app\/(manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
    if (url.pathname === "/v2/") return send(request, response, 200, "application/json", "{}");
    const blob = kind === "blobs" ? content.blob(reference) : undefined;
    if (blob !== undefined) return send(request, response, 200, "application/octet-stream", blob);
    const manifest = kind === "manifests" ? content.manifest(reference) : undefined;
    if (manifest !== undefined) return sendManifest(request, response, manifest);
    send(request, response, 404, "application/json", '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
  };
}

function isAuthorized({ auth }: RegistryWish, { headers }: IncomingMessage): boolean {
  if (auth === undefined) return true;
  return headers.authorization === (auth === "basic" ? basic : `Bearer ${token}`);
}

function giveToken(request: IncomingMessage, response: ServerResponse): void {
  const isRight = request.headers.authorization === basic;
  const body = isRight ? JSON.stringify({ token, expires_in: 300 }) : '{"errors":[{"code":"UNAUTHORIZED"}]}';
  send(request, response, isRight ? 200 : 401, "application/json", body);
}

/** A manifest with its digest, or with headers that lie; `body` may be other bytes. */
export function sendManifest(
  request: IncomingMessage,
  response: ServerResponse,
  manifest: StoredManifest,
  lies: { readonly headers?: Readonly<Record<string, string>>; readonly body?: Buffer } = {},
): void {
  response.setHeader("docker-content-digest", manifest.digest);
  for (const [name, value] of Object.entries(lies.headers ?? {})) response.setHeader(name, value);
  const type = lies.headers?.["content-type"] ?? manifest.mediaType ?? "";
  send(request, response, 200, type, lies.body ?? manifest.body);
}

/** Sends a whole answer; no body to a HEAD. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: Buffer | string,
): void {
  response.statusCode = status;
  response.setHeader("content-type", type);
  if (!response.hasHeader("content-length")) response.setHeader("content-length", Buffer.byteLength(body));
  response.end(request.method === "HEAD" ? undefined : body);
}

/** The digest of other bytes than those that are served. */
export const otherDigest = digestOf("something else");
