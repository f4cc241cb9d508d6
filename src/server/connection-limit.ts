import type { Server } from "node:http";
import type { Socket } from "node:net";

/** From this share of the connections on room is made for the next ones. */
const crowded = 0.9;

/**
 * Keeps at most `maxConnections` open. Where they become scarce, each new one takes the place of the oldest that has not finished its
 * TLS handshake, or else of all that idle; what is still too many is turned away. An API server opens another connection
 * where one that idled was cut, without telling anybody.
 */
export function limitConnections(server: Server, maxConnections: number): void {
  const greeting = new Map<string, Socket>();
  /** Without those that were cut just now and are not closed yet: a turn of the event loop may bring many connections. */
  const open = new Set<Socket>();
  const makeRoom = (): void => {
    const [oldest] = greeting;
    if (oldest === undefined) {
      server.closeIdleConnections();
      return;
    }
    const [key, socket] = oldest;
    greeting.delete(key);
    open.delete(socket);
    socket.destroy();
  };
  server.maxConnections = maxConnections;
  server.on("connection", (socket: Socket) => {
    const key = peerOf(socket);
    if (open.size >= maxConnections * crowded) makeRoom();
    // The server's own bound knows only of what its own socket has taken.
    if (open.size >= maxConnections) {
      socket.destroy();
      return;
    }
    open.add(socket);
    greeting.set(key, socket);
    socket.once("close", () => {
      open.delete(socket);
      if (greeting.get(key) === socket) greeting.delete(key);
    });
  });
  // The socket of the session is another one than that which it lies on.
  server.on("secureConnection", (session: Socket) => greeting.delete(peerOf(session)));
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
