import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { benchUser } from "./bench-user.js";
import { companionArgument, tell } from "./processes.js";

/** The kinds of registry that a check may meet. */
export type Access = "public" | "basic" | "bearer";

/** Where the registries of the process listen, as `host:port`, and a node's files that name them as plain HTTP. */
export interface Registries {
  readonly addresses: Readonly<Record<Access, string>>;
  readonly nodeFiles: Readonly<Record<string, string>>;
}

/** What arrived since the last time, by registry: `HEAD /v2/team/app/manifests/v1`, with the user's name behind it where Basic told it. */
export type Arrivals = Readonly<Record<Access, readonly string[]>>;

/** `take`: what arrived is told and forgotten; `delay:20`: from now on every answer comes so many milliseconds later. */
export type RegistryOrder = "take" | `delay:${number}`;

/** An image of one layer, made for its repository alone; every tag of a repository leads to it. */
interface Image {
  readonly manifest: Buffer;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

const host = "127.0.0.1";
const accesses: readonly Access[] = ["public", "basic", "bearer"];
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const maxImages = 5000;

companionArgument<null>();
let delayMs = 0;
const images = new Map<string, Image>();
const arrived: Record<Access, string[]> = { public: [], basic: [], bearer: [] };

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function imageOf(repository: string): Image {
  const known = images.get(repository);
  if (known !== undefined) return known;
  const layer = Buffer.from(`a layer of ${repository}`);
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
    }),
  );
  const described = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: described("application/vnd.oci.image.config.v1+json", config),
      layers: [described("application/vnd.oci.image.layer.v1.tar", layer)],
    }),
  );
  const blobs = new Map([config, layer].map((bytes) => [digestOf(bytes), bytes]));
  if (images.size >= maxImages) images.clear();
  const made = { manifest, blobs };
  images.set(repository, made);
  return made;
}

/** The user of the benchmark who asks with Basic: everyone whose name begins as it should, by one password. */
function userOf(request: IncomingMessage): string {
  const [, encoded = ""] = /^Basic (.+)$/.exec(request.headers.authorization ?? "") ?? [];
  const [name = "", password] = Buffer.from(encoded, "base64").toString().split(":", 2);
  return name.startsWith(benchUser.username) && password === benchUser.password ? name : "";
}

/** Whether the request may pass; otherwise it has been refused with a challenge. */
function authorized(access: Access, request: IncomingMessage, response: ServerResponse, repository: string): boolean {
  const given = request.headers.authorization;
  if (access === "public" || (access === "basic" && userOf(request) !== "")) return true;
  if (access === "bearer" && given === "Bearer good") return true;
  const realm = `http://${request.headers.host}/token`;
  const scope = repository === "" ? "" : `,scope="repository:${repository}:pull"`;
  const challenge = access === "basic" ? 'Basic realm="bench"' : `Bearer realm="${realm}",service="bench"${scope}`;
  response.writeHead(401, { "www-authenticate": challenge, "content-length": 0 }).end();
  return false;
}

const tokenAnswer = Buffer.from('{"token":"good","access_token":"good","expires_in":300}');

function answer(access: Access, request: IncomingMessage, response: ServerResponse): void {
  const path = request.url?.split("?", 1)[0] ?? "";
  const [, repository = "", kind = "", name = ""] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(path) ?? [];
  if (path === "/token") send(request, response, "application/json", tokenAnswer);
  else if (authorized(access, request, response, repository))
    sendContent({ repository, kind, name }, request, response);
}

function sendContent(
  { repository, kind, name }: Readonly<Record<"repository" | "kind" | "name", string>>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const image = kind === "" ? undefined : imageOf(repository);
  const blob = image?.blobs.get(name);
  if (image === undefined) send(request, response, "application/json", Buffer.from("{}"));
  else if (kind === "manifests") send(request, response, manifestType, image.manifest);
  else if (blob !== undefined) send(request, response, "application/octet-stream", blob);
  else response.writeHead(404, { "content-length": 0 }).end();
}

function send(request: IncomingMessage, response: ServerResponse, type: string, bytes: Buffer): void {
  response.writeHead(200, {
    "content-type": type,
    "content-length": bytes.length,
    "docker-content-digest": digestOf(bytes),
    "docker-distribution-api-version": "registry/2.0",
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

async function startRegistry(access: Access): Promise<string> {
  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (request, response) => {
    const path = request.url?.split("?", 1)[0] ?? "";
    const who = access === "basic" ? ` ${userOf(request)}` : "";
    arrived[access].push(`${request.method} ${path}${who}`.trimEnd());
    request.resume();
    if (delayMs === 0) answer(access, request, response);
    else setTimeout(() => answer(access, request, response), delayMs);
  });
  server.listen(0, host);
  await once(server, "listening");
  return `${host}:${(server.address() as AddressInfo).port}`;
}

process.on("message", (order: RegistryOrder) => {
  if (order !== "take") {
    delayMs = Number(order.slice("delay:".length));
    return tell("set");
  }
  const told: Arrivals = { public: [...arrived.public], basic: [...arrived.basic], bearer: [...arrived.bearer] };
  for (const access of accesses) arrived[access].length = 0;
  return tell(told);
});

const addresses = {
  public: await startRegistry("public"),
  basic: await startRegistry("basic"),
  bearer: await startRegistry("bearer"),
};
// Plain HTTP: both sides of a comparison are then spared the same handshake, and neither needs a certificate authority.
const nodeFiles = Object.fromEntries(
  Object.values(addresses).map((address) => [
    `/etc/containerd/certs.d/${address}/hosts.toml`,
    `[host."http://${address}"]\n`,
  ]),
);
const ready: Registries = { addresses, nodeFiles };
tell(ready);
