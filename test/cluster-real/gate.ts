import { type AddressInfo, connect as connectPlain, createServer, type Server } from "node:net";

/** One address for several replicas, as a Service is; whoever cannot be reached is left out. */
export interface Gate {
  readonly port: number;
  route(ports: readonly number[]): void;
  close(): Promise<void>;
}

/** Starts one without a replica. */
export async function startGate(): Promise<Gate> {
  let targets: readonly number[] = [];
  let turn = 0;
  const open = new Set<{ destroy(): void }>();
  const server: Server = createServer((client) => {
    open.add(client);
    client.on("error", () => undefined);
    const reach = (left: number): void => {
      const port = targets[turn++ % Math.max(1, targets.length)];
      if (port === undefined || left === 0) return void client.destroy();
      const upstream = connectPlain({ host: "127.0.0.1", port });
      upstream.once("error", () => (upstream.pending ? reach(left - 1) : client.destroy()));
      upstream.once("connect", () => {
        open.add(upstream);
        client.pipe(upstream).pipe(client);
        client.once("close", () => upstream.destroy());
        upstream.once("close", () => client.destroy());
      });
    };
    reach(targets.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    route: (ports) => {
      targets = ports;
      // Whoever is connected already would never notice.
      for (const each of open) each.destroy();
      open.clear();
    },
    close: () =>
      new Promise((resolve) => {
        for (const each of open) each.destroy();
        server.close(() => resolve());
      }),
  };
}
