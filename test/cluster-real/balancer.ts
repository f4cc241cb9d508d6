import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What stands for a Service: a port of loopback whose connections go to one of the replicas' ports each. */
export interface Balancer {
  readonly port: number;
  /** The replicas that new connections go to, one after the other. Those that stand stay where they are. */
  use(ports: readonly number[]): void;
  stop(): Promise<void>;
}

/**
 * Spreads connections as kube-proxy does: it knows nothing of requests, and a replica that is gone refuses the connection for
 * as long as it is listed. Source: kubernetes pkg/proxy/iptables/proxier.go, DNAT to one endpoint for each connection.
 */
export async function startBalancer(): Promise<Balancer> {
  let ports: readonly number[] = [];
  let next = 0;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
  };
  // Each side's end is passed on by itself, as packets are.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    keep(client);
    const port = ports[next % ports.length];
    next += 1;
    if (port === undefined) return void client.resetAndDestroy();
    const replica = keep(connect({ port, host: "127.0.0.1", allowHalfOpen: true }));
    client.pipe(replica).pipe(client);
    replica.on("error", () => client.resetAndDestroy());
    client.on("error", () => replica.destroy());
    replica.on("close", () => client.destroy());
    client.on("close", () => replica.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    use: (wanted) => {
      ports = wanted;
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
