import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import type { IssuedCertificate } from "../support/authority.js";

/** What is wrong with a server for the time being. */
export interface Breakage {
  /** Deals with a new TCP connection; `sound` hands it on as if nothing were wrong. */
  readonly connection?: (socket: Socket, sound: () => void) => void;
  /** Deals with a request; `sound` answers it as the sound server does. */
  readonly request?: (request: IncomingMessage, response: ServerResponse, sound: () => void) => void;
  /** What is shown in TLS handshakes. */
  readonly certificate?: IssuedCertificate;
  /** Nothing listens on its port. */
  readonly isDown?: boolean;
}

/** A server on loopback that can be broken and mended while it runs. */
export interface BreakableServer {
  readonly port: number;
  /** Breaks it; connections that are open are cut, as they would be. */
  break(breakage: Breakage): Promise<void>;
  mend(): Promise<void>;
  /** Requests that have come in so far. */
  requests(): number;
  stop(): Promise<void>;
}

/** @param certificate absent: plain HTTP */
export async function startBreakableServer(
  answer: RequestListener,
  certificate?: IssuedCertificate,
): Promise<BreakableServer> {
  let breakage: Breakage = {};
  let asked = 0;
  const sockets = new Set<Socket>();
  const listener: RequestListener = (request, response) => {
    asked += 1;
    const sound = (): void => answer(request, response);
    if (breakage.request === undefined) sound();
    else breakage.request(request, response, sound);
  };
  // Longer than any test: a connection that is closed just as it is used again would be a fault of its own.
  const options = { keepAliveTimeout: 60_000 };
  const inner =
    certificate === undefined
      ? createHttpServer(options, listener)
      : createTlsServer({ ...options, ...served(certificate) }, listener);
  const front = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    const sound = (): void => void inner.emit("connection", socket);
    if (breakage.connection === undefined) sound();
    else breakage.connection(socket, sound);
  });
  const listen = (wanted: number) => new Promise<void>((resolve) => front.listen(wanted, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => front.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listen(0);
  const { port } = front.address() as AddressInfo;
  const apply = async (wanted: Breakage): Promise<void> => {
    const before = breakage;
    breakage = wanted;
    const shown = wanted.certificate ?? certificate;
    if (shown !== undefined) (inner as TlsServer).setSecureContext(served(shown));
    for (const socket of sockets) socket.destroy();
    if (wanted.isDown === true) await close();
    else if (before.isDown === true) await listen(port);
  };
  return {
    port,
    break: apply,
    mend: () => apply({}),
    requests: () => asked,
    stop: async () => {
      if (front.listening) await close();
      inner.close();
    },
  };
}

function served({ chainPem, keyPem }: IssuedCertificate) {
  return { cert: chainPem, key: keyPem };
}
