import { answer, type Handled, type LabExchange, refuse } from "./exchange.js";
import { danglingManifestDigest, digestOf, type StoredManifest, type StoredRepository } from "./images.js";
import { behaviourOf, type RegistrySpec } from "./spec.js";
import { authorize } from "./tokens.js";

interface Route {
  readonly repository: string;
  readonly kind: "manifests" | "blobs" | "tags";
  readonly reference: string;
}

function routeOf(path: string): Route | undefined {
  const match = /^\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(path);
  const [, repository, kind, reference] = match ?? [];
  if (repository === undefined || reference === undefined) return undefined;
  return { repository, kind: kind as Route["kind"], reference: decodeURIComponent(reference) };
}

/** Answers one request below the API root. Source: distribution-spec, "Pull" and "Content Discovery". */
export async function answerApi(exchange: LabExchange, path: string): Promise<Handled> {
  const { spec, content } = exchange.context;
  const route = routeOf(path);
  if (!authorize(exchange, route?.repository)) return "handled";
  if (behaviourOf(spec, "forbidden")) {
    return refuse(exchange, 403, "DENIED", "requested access to the resource is denied");
  }
  if (path === "" || path === "/") return answer(exchange, 200, { "content-type": "application/json" }, "{}");
  if (route === undefined) return refuse(exchange, 404, "UNSUPPORTED", "no such endpoint");
  if (exchange.request.method !== "GET" && exchange.request.method !== "HEAD") {
    return refuse(exchange, 405, "UNSUPPORTED", "this registry is read-only");
  }
  const repository = content().get(route.repository);
  if (repository === undefined) return refuse(exchange, 404, "NAME_UNKNOWN", "repository name not known to registry");
  if (route.kind === "manifests") return answerManifest(exchange, repository, route);
  if (route.kind === "blobs") return answerBlob(exchange, repository, route);
  return answerTags(exchange, repository, route);
}

function manifestDisturbed(exchange: LabExchange): boolean {
  const { spec, counts } = exchange.context;
  counts.manifests += 1;
  const atFirst = behaviourOf(spec, "status-at-first");
  if (atFirst !== undefined && counts.manifests <= atFirst.times) {
    refuse(exchange, atFirst.status, "UNKNOWN", "not this time");
    return true;
  }
  const redirect = behaviourOf(spec, "manifest-redirect");
  if (redirect !== undefined) {
    answer(exchange, redirect.status ?? 307, { location: `${redirect.to}${exchange.url.pathname}` });
    return true;
  }
  const method = (spec.behaviours ?? []).find(
    (behaviour) => behaviour.kind === "method-status" && behaviour.method === exchange.request.method,
  );
  if (method?.kind === "method-status") {
    refuse(exchange, method.status, "UNKNOWN", "not by this method");
    return true;
  }
  if (exchange.request.method === "HEAD" && behaviourOf(spec, "head-405")) {
    refuse(exchange, 405, "UNSUPPORTED", "method not allowed");
    return true;
  }
  return false;
}

function otherManifest(repository: StoredRepository, digest: string): StoredManifest | undefined {
  return [...repository.manifests.values()].find((manifest) => manifest.digest !== digest);
}

function manifestHeaders(spec: RegistrySpec, found: StoredManifest, digest: string): Record<string, string> {
  const forced = behaviourOf(spec, "content-type");
  const mediaType = forced === undefined ? found.mediaType : forced.value;
  const header = behaviourOf(spec, "digest-header")?.value ?? digest;
  return {
    ...(mediaType === null ? {} : { "content-type": mediaType }),
    ...(behaviourOf(spec, "no-digest-header") ? {} : { "docker-content-digest": header }),
  };
}

function answerManifest(exchange: LabExchange, repository: StoredRepository, route: Route): Handled {
  if (manifestDisturbed(exchange)) return "handled";
  const { spec } = exchange.context;
  const byDigest = route.reference.includes(":");
  const digest = byDigest ? route.reference : repository.tags.get(route.reference);
  const right =
    digest === undefined || digest === danglingManifestDigest ? undefined : repository.manifests.get(digest);
  if (right === undefined) return refuse(exchange, 404, "MANIFEST_UNKNOWN", "manifest unknown");
  const wrong = byDigest && behaviourOf(spec, "wrong-manifest-bytes") ? otherManifest(repository, right.digest) : right;
  const served = wrong ?? right;
  const headers = manifestHeaders(spec, served, right.digest);
  if (behaviourOf(spec, "endless-body")) return pourForever(exchange, headers);
  if (behaviourOf(spec, "hang-in-body") && exchange.request.method === "GET") {
    exchange.response.writeHead(200, { ...headers, "content-length": served.body.length });
    exchange.response.flushHeaders();
    return "handled";
  }
  return answer(exchange, 200, headers, served.body);
}

function pourForever(exchange: LabExchange, headers: Record<string, string>): Handled {
  const { response, request } = exchange;
  response.writeHead(200, headers);
  if (request.method === "HEAD") {
    response.end();
    return "handled";
  }
  const chunk = Buffer.alloc(65_536, " ");
  const pour = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", pour);
  pour();
  return "handled";
}

function damaged(spec: RegistrySpec, bytes: Buffer): Buffer {
  if (!behaviourOf(spec, "flipped-layers")) return bytes;
  const copy = Buffer.from(bytes);
  const middle = Math.floor(copy.length / 2);
  copy[middle] = (copy[middle] ?? 0) ^ 0xff;
  return copy;
}

function answerBlob(exchange: LabExchange, repository: StoredRepository, route: Route): Handled {
  const { spec } = exchange.context;
  const bytes = repository.blobs.get(route.reference);
  const isLayer = repository.layers.has(route.reference);
  if (bytes === undefined || (isLayer && behaviourOf(spec, "missing-layers"))) {
    return refuse(exchange, 404, "BLOB_UNKNOWN", "blob unknown to registry");
  }
  const refused = behaviourOf(spec, "blob-method-status");
  if (refused !== undefined && refused.method === exchange.request.method)
    return refuse(exchange, refused.status, "UNKNOWN", "not by this method");
  const redirect = behaviourOf(spec, "blob-redirect");
  if (redirect !== undefined) return answer(exchange, 307, { location: `${redirect.to}/cdn/${route.reference}` });
  const drip = isLayer ? behaviourOf(spec, "drip") : undefined;
  const whole = isLayer ? damaged(spec, bytes) : bytes;
  return isLayer && isCut(exchange) ? cutShort(exchange, whole) : sendBlob(exchange, whole, drip?.bytesPerSecond);
}

function isCut({ context, request }: LabExchange): boolean {
  const cut = behaviourOf(context.spec, "cut-layers");
  if (cut === undefined || request.method !== "GET" || context.counts.cuts >= cut.times) return false;
  context.counts.cuts += 1;
  return true;
}

/** Sends the beginning of what was asked for, under the length of all of it. */
function cutShort(exchange: LabExchange, bytes: Buffer): Handled {
  const { response, context, request } = exchange;
  const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const end = start + (behaviourOf(context.spec, "cut-layers")?.afterBytes ?? 0);
  const partial = start === 0 ? {} : { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(start === 0 ? 200 : 206, { "content-length": bytes.length - start, ...partial });
  response.write(bytes.subarray(start, end), () => response.destroy());
  return "handled";
}

function sendBlob(exchange: LabExchange, bytes: Buffer, bytesPerSecond: number | undefined): Handled {
  const headers: Record<string, string | number> = {
    "content-type": "application/octet-stream",
    "accept-ranges": "bytes",
  };
  if (!behaviourOf(exchange.context.spec, "no-digest-header")) headers["docker-content-digest"] = digestOf(bytes);
  const asked = behaviourOf(exchange.context.spec, "no-ranges") ? "" : (exchange.request.headers.range ?? "");
  const range = /^bytes=(\d+)-(\d*)$/.exec(asked);
  const start = range === null ? 0 : Number(range[1]);
  const end = range?.[2] ? Math.min(Number(range[2]) + 1, bytes.length) : bytes.length;
  if (start >= bytes.length && bytes.length > 0)
    return answer(exchange, 416, { "content-range": `bytes */${bytes.length}` });
  const part = bytes.subarray(start, end);
  if (range !== null) headers["content-range"] = `bytes ${start}-${end - 1}/${bytes.length}`;
  const status = range === null ? 200 : 206;
  if (bytesPerSecond === undefined || exchange.request.method === "HEAD")
    return answer(exchange, status, headers, part);
  exchange.response.writeHead(status, { ...headers, "content-length": part.length });
  return dripOut(exchange, part, bytesPerSecond);
}

function dripOut(exchange: LabExchange, bytes: Buffer, bytesPerSecond: number): Handled {
  let sent = 0;
  const timer = setInterval(() => {
    exchange.response.write(bytes.subarray(sent, sent + bytesPerSecond));
    sent += bytesPerSecond;
    if (sent >= bytes.length) {
      clearInterval(timer);
      exchange.response.end();
    }
  }, 1000);
  exchange.response.on("close", () => clearInterval(timer));
  return "handled";
}

function answerTags(exchange: LabExchange, repository: StoredRepository, route: Route): Handled {
  if (route.reference !== "list") return refuse(exchange, 404, "UNSUPPORTED", "no such endpoint");
  const query = exchange.url.searchParams;
  const last = query.get("last") ?? "";
  const all = [...repository.tags.keys()].sort().filter((tag) => tag > last);
  const limit = Number(query.get("n") ?? all.length);
  const tags = all.slice(0, limit);
  const next = `${exchange.url.pathname}?n=${limit}&last=${encodeURIComponent(tags.at(-1) ?? "")}`;
  const more = tags.length < all.length && tags.length > 0 ? { link: `<${next}>; rel="next"` } : {};
  const body = JSON.stringify({ name: route.repository, tags });
  return answer(exchange, 200, { "content-type": "application/json", ...more }, body);
}

/** Serves `/cdn/<digest>`, the target of blob redirects, for blobs of every registry of the laboratory. */
export function answerCdn(exchange: LabExchange, digest: string): Handled {
  const bytes = exchange.context.blobAnywhere(digest);
  if (bytes === undefined) return answer(exchange, 404, { "content-type": "text/plain" }, "no such object");
  return sendBlob(exchange, bytes, undefined);
}
