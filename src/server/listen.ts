import { constants } from "node:crypto";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Redacted } from "../core/index.js";
import type { ClientAuthoritySource } from "./client-certificates.js";
import { limitConnections } from "./connection-limit.js";
import type { StartTimer } from "./deadline.js";
import { listenShared, type SharedPort } from "./shared-port.js";

/** A certificate chain, leaf first, with its key; PEM. */
export interface ServedPair {
  readonly certificatePem: string;
  readonly keyPem: Redacted<string>;
}

/** Port: the pair to serve now, and word of every later one. */
export interface CertificateSource {
  current(): ServedPair;
  /** @returns stops the telling */
  onChange(listener: (pair: ServedPair) => void): () => void;
}

/** Where to listen. `port` 0 takes any free one; without `host` every address of the machine is listened on. */
export interface ListenOptions {
  readonly app: RequestListener;
  readonly port: number;
  readonly host?: string;
  /** 2048 where absent. */
  readonly maxConnections?: number;
}

/** A listening server. */
export interface RunningServer {
  readonly port: number;
  /**
   * Takes no new connections, lets requests in flight finish and resolves when all are done. Connections that are still
   * open after `patienceMs` are cut.
   */
  close(patienceMs: number): Promise<void>;
}

/** Longer than the 90 s after which Go's client drops an idle connection, lest both ends race to use and close it. */
const keepAliveTimeoutMs = 120_000;
/** An API server has all of a request at hand; who takes longer to send one only holds the connection. */
const requestTimeoutMs = 10_000;
const handshakeTimeoutMs = 10_000;
/** How often Node looks for requests that take too long. */
const timeoutCheckMs = 2_000;
/** Several API servers with as many calls under way as they admit requests at all (400 and 200 each). */
const usualMaxConnections = 2_048;

/**
 * Serves https with at least TLS 1.2. A new pair from `certificates` serves new connections at once; open ones stay.
 * @throws the socket's own error if the port cannot be had
 */
export async function startServer(
  deps: {
    readonly certificates: CertificateSource;
    /** Clients are asked for a certificate of these CAs; whoever has none is served all the same, and known by it. */
    readonly clientAuthorities?: ClientAuthoritySource;
    readonly startTimer: StartTimer;
  },
  options: ListenOptions,
): Promise<RunningServer> {
  const { certificates, clientAuthorities } = deps;
  const ask = clientAuthorities === undefined ? {} : { requestCert: true, rejectUnauthorized: false };
  const server: HttpsServer = createHttpsServer(
    {
      ...tlsOptions(certificates.current(), clientAuthorities?.current()),
      ...ask,
      handshakeTimeout: handshakeTimeoutMs,
      connectionsCheckingInterval: timeoutCheckMs,
    },
    options.app,
  );
  const forgetPairs = certificates.onChange((pair) =>
    server.setSecureContext(tlsOptions(pair, clientAuthorities?.current())),
  );
  const forgetAuthorities = clientAuthorities?.onChange((caPem) =>
    server.setSecureContext(tlsOptions(certificates.current(), caPem)),
  );
  const forget = (): void => {
    forgetPairs();
    forgetAuthorities?.();
  };
  try {
    return await listen(server, deps.startTimer, options, forget);
  } catch (error) {
    forget();
    throw error;
  }
}

/** Serves plain http, for metrics. */
export async function startPlainServer(
  deps: { readonly startTimer: StartTimer },
  options: ListenOptions,
): Promise<RunningServer> {
  const server = createHttpServer({ connectionsCheckingInterval: timeoutCheckMs }, options.app);
  return await listen(server, deps.startTimer, options, () => undefined);
}

function tlsOptions(pair: ServedPair, clientCaPem?: string) {
  const own = { cert: pair.certificatePem, key: pair.keyPem.reveal(), minVersion: "TLSv1.2" as const };
  // A resumed session would bring back what was found out about the client under other CAs.
  return clientCaPem === undefined ? own : { ...own, ca: clientCaPem, secureOptions: constants.SSL_OP_NO_TICKET };
}

async function listen(
  server: Server,
  startTimer: StartTimer,
  options: ListenOptions,
  onClosed: () => void,
): Promise<RunningServer> {
  server.keepAliveTimeout = keepAliveTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  server.headersTimeout = requestTimeoutMs;
  limitConnections(server, options.maxConnections ?? usualMaxConnections);
  const where = { port: options.port, ...(options.host === undefined ? {} : { host: options.host }) };
  const shared = await listenShared(server, where);
  let closing: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    close: (patienceMs) => {
      closing ??= closeServer(server, shared, startTimer, patienceMs).finally(onClosed);
      return closing;
    },
  };
}

async function closeServer(
  server: Server,
  shared: SharedPort,
  startTimer: StartTimer,
  patienceMs: number,
): Promise<void> {
  const cancelTimer = startTimer(patienceMs, () => server.closeAllConnections());
  // Read when an answer ends: Node closes what idles now, but would keep a busy connection alive after its answer.
  server.keepAliveTimeout = 1;
  const others = shared.close();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  await others;
  cancelTimer();
}
