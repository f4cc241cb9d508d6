import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { createAuthority } from "../../test/support/authority.js";
import { companionArgument, tell } from "../processes.js";
import { apiServer } from "./api-server.js";
import { Library, layerBytes } from "./content.js";
import { exists, type FaultName, type Place } from "./truth.js";

/** When the soak began, in milliseconds since the Unix epoch. */
export interface WorldOrder {
  readonly startedMs: number;
}

/** Where everything listens, as `host:port`; `caPem`: of the authority that the registry behind TLS is to be trusted by. */
export interface WorldReady {
  readonly addresses: Readonly<Record<Place, string>>;
  readonly apiServer: string;
  readonly caPem: string;
}

const host = "127.0.0.1";
const { startedMs } = companionArgument<WorldOrder>();
const library = new Library();
const faults = new Set<FaultName>();
const hung = new Set<ServerResponse>();
const sockets = new Map<Place | "tokens", Set<Socket>>();
let password = { now: "p0", before: "p0" };

async function listening(server: Server | TlsServer, name: Place | "tokens"): Promise<string> {
  const own = new Set<Socket>();
  sockets.set(name, own);
  server.on("connection", (socket: Socket) => {
    own.add(socket);
    socket.on("error", () => undefined).on("close", () => own.delete(socket));
  });
  server.listen(0, host);
  await once(server, "listening");
  return `${host}:${(server.address() as AddressInfo).port}`;
}

function send(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-length": Buffer.byteLength(text), ...headers });
  response.end(text);
}

/** Whether a fault took the request. */
function disturbed(place: Place, request: IncomingMessage, response: ServerResponse): boolean {
  if (place === "plain" && faults.has("registry-hangs")) {
    hung.add(response);
    response.on("close", () => hung.delete(response));
    return true;
  }
  if (place === "plain" && faults.has("registry-flaps") && Math.floor(Date.now() / 1000) % 2 === 0) {
    request.socket.destroy();
    return true;
  }
  if (place === "plain" && faults.has("registry-429")) {
    send(response, 429, "{}", { "retry-after": "5" });
    return true;
  }
  if (place === "token" && faults.has("registry-5xx")) {
    send(response, 503, "{}");
    return true;
  }
  return false;
}

const registry =
  (place: Place): RequestListener =>
  (request, response) => {
    request.resume();
    if (disturbed(place, request, response)) return;
    const isKnown = place !== "token" || request.headers.authorization?.startsWith("Bearer soak-") === true;
    if (isKnown) answer(place, request, response);
    else send(response, 401, "{}", { "www-authenticate": `Bearer realm="http://${tokens}/token",service="soak"` });
  };

function answer(place: Place, { url = "/", method }: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(url, "http://registry");
  const [, repository = "", kind, reference = ""] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(pathname) ?? [];
  const isDigest = reference.startsWith("sha256:");
  const known = isDigest ? library.byDigest(reference) : undefined;
  if (known !== undefined) serve(response, known);
  else if (kind === "blobs") send(response, 200, method === "HEAD" ? "x".repeat(layerBytes) : "");
  else if (kind === "manifests" && !isDigest && exists(reference, Date.now() - startedMs)) {
    serve(response, library.manifestOf(`${place}/${repository}:${reference}`));
  } else send(response, pathname === "/v2/" ? 200 : 404, "{}");
}

function serve(response: ServerResponse, { type, digest, text }: ReturnType<Library["manifestOf"]>): void {
  send(response, 200, text, { "content-type": type, "docker-content-digest": digest });
}

/** Knows only Basic by GET, as most token servers do. The password before the last change is good for one change more. */
const tokenServer: RequestListener = (request, response) => {
  request.resume();
  if (faults.has("token-server-down")) request.socket.destroy();
  else if (request.method === "POST") send(response, 405, "{}");
  else answerToken(request, response);
};

function answerToken(request: IncomingMessage, response: ServerResponse): void {
  const [, basic = ""] = /^Basic (.+)$/.exec(request.headers.authorization ?? "") ?? [];
  const [user, given] = Buffer.from(basic, "base64").toString("utf8").split(":");
  const isRight = user === "robot" && (given === password.now || given === password.before);
  const token = { token: `soak-${Date.now().toString(36)}`, expires_in: 90 };
  send(response, isRight ? 200 : 401, JSON.stringify(isRight ? token : {}));
}

const [known, stranger] = await Promise.all([createAuthority("Soak Authority"), createAuthority("Nobody")]);
const [sound, broken] = await Promise.all([known.issue({ names: [host] }), stranger.issue({ names: [host] })]);
const tokens = await listening(createServer(tokenServer), "tokens");
const tlsServer = createTlsServer({ cert: sound.chainPem, key: sound.keyPem }, registry("tls"));
const addresses = {
  plain: await listening(createServer(registry("plain")), "plain"),
  token: await listening(createServer(registry("token")), "token"),
  tls: await listening(tlsServer, "tls"),
};
const api = await apiServer({
  registry: addresses.token,
  password: () => password.now,
  isDown: () => faults.has("api-down"),
});

function cut(name: Place | "tokens"): void {
  for (const socket of sockets.get(name) ?? []) socket.destroy();
}

function changed(name: FaultName, isOn: boolean): void {
  if (isOn) faults.add(name);
  else faults.delete(name);
  switch (name) {
    case "registry-hangs":
      for (const response of hung) response.destroy();
      break;
    case "token-server-down":
      cut("tokens");
      break;
    case "tls-broken": {
      const { chainPem, keyPem } = isOn ? broken : sound;
      tlsServer.setSecureContext({ cert: chainPem, key: keyPem });
      cut("tls");
      break;
    }
    case "watch-closed":
      if (isOn) api.endWatches();
      break;
    case "api-down":
      if (isOn) api.cut();
      break;
    default:
  }
}

let changes = 0;
process.on("message", (message: string) => {
  const [verb = "", name = ""] = message.split(" ");
  if (verb === "password") {
    changes += 1;
    password = { now: `p${changes}`, before: password.now };
  } else {
    changed(name as FaultName, verb === "on");
  }
  tell(message);
});
const ready: WorldReady = { addresses, apiServer: api.url, caPem: known.certificatePem };
tell(ready);
