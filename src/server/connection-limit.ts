import type { Server } from "node:http";
import type { Socket } from "node:net";

/** From this share of the connections on room is made for the next ones. */
const crowded = 0.9;

/**
 * Keeps at most `maxConnections` open. Where they become scarce, each new one takes the place of the oldest that has not finished its
 * TLS handshake, or else of all that idle; what is still too many is turned away. An API server opens another connection
 * where one that idled was cut, without telling anybody.
 * @returns takes a connection that another socket than the server's has accepted, within the same bound
 */
export function limitConnections(server: Server, maxConnections: number): (socket: Socket) => void {
  const greeting = new Map<string, Socket>();
  let open = 0;
  server.maxConnections = maxConnections;
  server.on("connection", (socket: Socket) => {
    const key = peerOf(socket);
    open += 1;
    if (open > maxConnections * crowded) {
      const [oldest] = greeting.values();
      if (oldest === undefined) server.closeIdleConnections();
      else oldest.destroy();
    }
    greeting.set(key, socket);
    socket.once("close", () => {
      open -= 1;
      greeting.delete(key);
    });
  });
  // The socket of the session is another one than that which it lies on.
  server.on("secureConnection", (session: Socket) => greeting.delete(peerOf(session)));
  return (socket) => {
    if (open >= maxConnections) socket.destroy();
    else server.emit("connection", socket);
  };
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
