import { createServer as createHttp, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from "node:net";
import { type Clock, Redacted } from "../../src/core/index.js";
import type { RegistryCredential } from "../../src/credentials/index.js";
import type { RegistryHost } from "../../src/node/index.js";
import { createRegistryClient, type RegistryDeps } from "../../src/registry/index.js";
import type { ExchangeRequest } from "../../src/registry/types.js";
import type { IssuedCertificate } from "../support/authority.js";

/** What a server saw of one request. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server on 127.0.0.1 that remembers what it was asked. `lines()`: `METHOD url` with the scheme of Authorization. */
export interface Loopback {
  readonly port: number;
  readonly seen: SeenRequest[];
  readonly sockets: Set<Socket>;
  connections(): number;
  lines(): string[];
  close(): Promise<void>;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void;

/** An HTTP or, with a certificate, HTTPS server. */
export async function listen(answer: Answer, certificate?: IssuedCertificate): Promise<Loopback> {
  const seen: SeenRequest[] = [];
  const onRequest: RequestListener = (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url = "", headers } = incoming;
      const body = Buffer.concat(chunks).toString();
      const request = { method, url, authorization: headers.authorization, headers, body };
      seen.push(request);
      answer(request, response);
    });
  };
  const server =
    certificate === undefined
      ? createHttp(onRequest)
      : createHttps({ cert: certificate.chainPem, key: certificate.keyPem }, onRequest);
  return { ...(await track(server)), seen, lines: () => seen.map(line) };
}

/** A bare TCP server: the peer that does not play by the rules. */
export async function listenRaw(onConnection: (socket: Socket) => void): Promise<Loopback> {
  const server = createTcp((socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  });
  return { ...(await track(server)), seen: [], lines: () => [] };
}

/** A TCP server that answers the first bytes of each connection with fixed ones. */
export function listenReply(reply: string | Buffer): Promise<Loopback> {
  return listenRaw((socket) => socket.once("data", () => socket.end(reply)));
}

async function track(server: Server) {
  const sockets = new Set<Socket>();
  let count = 0;
  server.on("connection", (socket: Socket) => {
    count += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    connections: () => count,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function line(request: SeenRequest): string {
  const scheme = request.authorization?.split(" ", 1)[0];
  return `${request.method} ${request.url}${scheme === undefined ? "" : ` ${scheme}`}`;
}

/** Real waits, and a time of day that tests can move. */
export function movableClock(): Clock & { forward(ms: number): void } {
  let offsetMs = 0;
  return {
    nowMs: () => Date.now() + offsetMs,
    forward: (ms) => {
      offsetMs += ms;
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, ms);
        signal?.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(signal.reason);
        });
      }),
  };
}

/** A clock on which every wait of exactly `ms` is over at once, and no other ever. */
export function impatientClock(ms: number): Clock {
  return {
    nowMs: () => Date.now(),
    sleep: (wanted, signal) =>
      new Promise((resolve, reject) => {
        if (wanted === ms) setImmediate(resolve);
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  };
}

/** Names of test hosts lead to these ports; any other name leads where DNS says. */
export function route(ports: Readonly<Record<string, number>>) {
  return (hostname: string) => {
    const port = ports[hostname];
    return port === undefined ? undefined : { address: "127.0.0.1", port };
  };
}

/** A registry host as a node without configuration tries it. */
export function registryHost(address: string, changes: Partial<RegistryHost> = {}): RegistryHost {
  return {
    scheme: "https",
    address,
    path: "/v2",
    capabilities: ["pull", "resolve"],
    tls: { verify: true, extraCaPems: [], clientCertificates: [] },
    httpFallback: "never",
    headers: {},
    headersOnTokenRequests: false,
    dialTimeoutMs: 30_000,
    ...changes,
  };
}

/** HEAD of `manifests/v1` in `team/app`, as containerd 2.2 asks. */
export function headOf(host: RegistryHost, changes: Partial<ExchangeRequest> = {}): ExchangeRequest {
  return {
    host,
    method: "HEAD",
    repository: "team/app",
    endpoint: "manifests/v1",
    accept: ["application/vnd.oci.image.manifest.v1+json", "*/*"],
    maxBodyBytes: 0,
    isLastHost: true,
    retry: { maxRequests: 6, serverErrorsOnLastHost: true },
    ...changes,
  };
}

export function credential(username: string, password: string, identity = `id-${username}`): RegistryCredential {
  const origin = { kind: "secret", namespace: "default", name: "pull", key: "reg.test" } as const;
  return { username, password: new Redacted(password), identity, origin };
}

export function clientWith(deps: Partial<RegistryDeps> = {}) {
  return createRegistryClient({
    clock: movableClock(),
    systemCaPems: [],
    identityKey: "test key",
    userAgent: "pullguard/test",
    ...deps,
  });
}

/** Runs `use` with resources that are closed afterwards, whatever happens. */
export async function using<T extends { close(): Promise<void> }[], R>(
  resources: readonly [...T],
  use: (...given: NoInfer<T>) => Promise<R>,
): Promise<R> {
  try {
    return await use(...resources);
  } finally {
    await Promise.all(resources.map((resource) => resource.close()));
  }
}
