import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { answerApi, answerCdn } from "./api.js";
import { answer, type Handled, type LabExchange, type RegistryContext, refuse } from "./exchange.js";
import { behaviourOf, originOf } from "./spec.js";
import { answerTokenRequest } from "./tokens.js";

/** What a registry remembers of a request; of an Authorization header only the scheme. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly authorization: "none" | "basic" | "bearer" | "other";
}

export interface RunningRegistry {
  /** Where it listens. */
  readonly address: string;
  readonly port: number;
  readonly requests: readonly SeenRequest[];
  /** Empties `requests`. */
  forget(): void;
  stop(): Promise<void>;
}

function schemeOf(request: IncomingMessage): SeenRequest["authorization"] {
  const scheme = request.headers.authorization?.split(" ", 1)[0]?.toLowerCase();
  if (scheme === undefined) return "none";
  return scheme === "basic" || scheme === "bearer" ? scheme : "other";
}

function pourHeaders(socket: Socket): void {
  socket.write("HTTP/1.1 200 OK\r\n");
  const line = `x-more: ${"m".repeat(1000)}\r\n`.repeat(64);
  const pour = (): void => {
    while (!socket.destroyed && socket.write(line));
  };
  socket.on("drain", pour);
  pour();
}

/** True when a behaviour that concerns every request has already answered (or will never do so). */
function disturbed(exchange: LabExchange): boolean {
  const { spec } = exchange.context;
  const socket = exchange.request.socket;
  if (behaviourOf(spec, "hang")) return true;
  if (behaviourOf(spec, "reset")) {
    socket.resetAndDestroy();
    return true;
  }
  if (behaviourOf(spec, "endless-headers")) {
    pourHeaders(socket);
    return true;
  }
  const status = behaviourOf(spec, "status");
  if (status !== undefined) {
    const code = status.status === 429 ? "TOOMANYREQUESTS" : "UNKNOWN";
    refuse(exchange, status.status, code, "this registry always answers so", status.headers);
    return true;
  }
  if (behaviourOf(spec, "redirect-loop")) {
    answer(exchange, 307, { location: exchange.url.href });
    return true;
  }
  const header = behaviourOf(spec, "needs-header");
  if (header !== undefined && exchange.request.headers[header.name.toLowerCase()] !== header.value) {
    refuse(exchange, 403, "DENIED", "the door is closed");
    return true;
  }
  return false;
}

async function handle(exchange: LabExchange): Promise<Handled> {
  const { spec } = exchange.context;
  const delay = behaviourOf(spec, "delay");
  if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay.delayMs).unref());
  if (disturbed(exchange)) return "handled";
  const path = exchange.url.pathname;
  if (path === "/token") return answerTokenRequest(exchange);
  if (path.startsWith("/cdn/")) return answerCdn(exchange, path.slice("/cdn/".length));
  const root = behaviourOf(spec, "path-prefix")?.path ?? "/v2";
  if (path === root || path.startsWith(`${root}/`)) return answerApi(exchange, path.slice(root.length));
  return answer(exchange, 404, { "content-type": "text/plain" }, "404 page not found\n");
}

function listenerOf(context: RegistryContext, seen: SeenRequest[]): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? "/";
    seen.push({ method: request.method ?? "", path, authorization: schemeOf(request) });
    response.setHeader("docker-distribution-api-version", "registry/2.0");
    const url = new URL(path, originOf(context.spec));
    handle({ context, request, response, url }).catch((error: unknown) => response.destroy(error as Error));
  };
}

function createServer(
  context: RegistryContext,
  certificate: { readonly chainPem: string; readonly keyPem: string } | undefined,
  seen: SeenRequest[],
): Server {
  if (behaviourOf(context.spec, "hang-in-handshake")) return createTcpServer((socket) => socket.on("error", () => {}));
  const listener = listenerOf(context, seen);
  // Longer than any check: a server that closes an idle connection just as it is reused would look like a broken registry.
  const options = { keepAliveTimeout: 60_000 };
  if (certificate === undefined) return createHttpServer(options, listener);
  const askForClient = behaviourOf(context.spec, "needs-client-certificate") !== undefined;
  const client = askForClient ? { requestCert: true, rejectUnauthorized: true, ca: context.clientAuthorityPem } : {};
  return createHttpsServer({ ...options, ...client, cert: certificate.chainPem, key: certificate.keyPem }, listener);
}

/**
 * Starts one registry and answers once it listens.
 * @param certificate undefined: plain HTTP
 * @param place address and port to listen on; port 0 takes any free one
 */
export async function startRegistry(
  context: RegistryContext,
  certificate: { readonly chainPem: string; readonly keyPem: string } | undefined,
  place: { readonly address: string; readonly port: number },
): Promise<RunningRegistry> {
  const requests: SeenRequest[] = [];
  const server = createServer(context, certificate, requests);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(place.port, place.address, resolve);
  });
  return {
    address: place.address,
    port: (server.address() as AddressInfo).port,
    requests,
    forget: () => {
      requests.length = 0;
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
