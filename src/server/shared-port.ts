import { once } from "node:events";
import { Server as HttpsServer } from "node:https";
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from "node:net";

/**
 * Node.js takes one connection of a listening socket in each turn of its event loop, however many wait: where turns take long,
 * a burst of new connections waits for as many turns as it has connections, and API servers give up. Sockets that share the
 * port are served side by side.
 * Source: libuv 1.45 and later, `uv__server_io`.
 */
const sockets = 32;

/** Whether several sockets of one process can listen on one port. Source: Node.js 22.12 and 23.1, `reusePort`; Linux only here. */
export function canSharePort(version: string, platform: NodeJS.Platform): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return platform === "linux" && (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12));
}

/** Sockets beside the server's own. */
export interface SharedPort {
  /** Takes no new connections; resolves when those that came this way have ended. */
  close(): Promise<void>;
}

/**
 * Listens with a server that takes its connections from several sockets where that is possible, and from one where not. To the
 * server a connection is the same whichever of them took it.
 * @throws the socket's own error if the port cannot be had, also where somebody else shares theirs
 */
export async function listenShared(
  server: Server,
  where: { readonly port: number; readonly host?: string },
): Promise<SharedPort> {
  if (!canSharePort(process.versions.node, process.platform)) {
    await listening(server, where);
    return { close: () => Promise.resolve() };
  }
  if (where.port !== 0) await assertFree(where);
  await listening(server, { ...where, reusePort: true });
  const { port } = server.address() as AddressInfo;
  // A TLS server's connections end with either side, an HTTP server's may send on; neither waits for more to send.
  const like = { allowHalfOpen: !(server instanceof HttpsServer), noDelay: true };
  const offer = (socket: Socket): void => void server.emit("connection", socket);
  const others = Array.from({ length: sockets - 1 }, () => createServer(like, offer));
  const close = async (): Promise<void> => {
    await Promise.all(others.map(closed));
  };
  try {
    await Promise.all(others.map((other) => listening(other, { ...where, port, reusePort: true })));
  } catch (error) {
    await Promise.all([close(), closed(server)]);
    throw error;
  }
  return { close };
}

/** Whoever shares a port is not told that it is taken: that takes a socket which does not. */
async function assertFree(where: ListenOptions): Promise<void> {
  const probe = createServer();
  await listening(probe, where);
  await closed(probe);
}

async function listening(server: Server, options: ListenOptions & { readonly reusePort?: boolean }): Promise<void> {
  server.listen(options);
  await once(server, "listening");
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
