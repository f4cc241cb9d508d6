import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type Auth, type RegistrySpec, type SeenRequest, startLab } from "../test/support/lab/index.js";
import { companionArgument, tell } from "./processes.js";

/** The kinds of registry that a check may meet. */
export type Access = "public" | "basic" | "bearer";

/** Where the registries of the process listen, as `host:port`, and a node's files that name them as plain HTTP. */
export interface Registries {
  readonly addresses: Readonly<Record<Access, string>>;
  readonly nodeFiles: Readonly<Record<string, string>>;
}

/** What has arrived since the last time, by registry. */
export type Arrivals = Readonly<Record<Access, readonly SeenRequest[]>>;

const host = "127.0.0.1";
const auth: Readonly<Record<Access, Auth>> = { public: "none", basic: "basic", bearer: "bearer" };
const kinds = Object.keys(auth) as readonly Access[];

/** A loopback port that nobody had a moment ago: challenges name the port, so it must be known before. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function registry(access: Access, port: number): RegistrySpec {
  const hosts = `[host."http://${host}:${port}"]\n`;
  return { host, port, transport: { kind: "http" }, auth: auth[access], node: { "hosts.toml": hosts } };
}

function byKind<T>(value: (access: Access) => T): Readonly<Record<Access, T>> {
  return { public: value("public"), basic: value("basic"), bearer: value("bearer") };
}

// Plain HTTP: both sides of a comparison are then spared the same handshake, and neither needs a certificate authority.
companionArgument<null>();
const ports = new Map<Access, number>();
for (const access of kinds) ports.set(access, await freePort());
const portOf = (access: Access): number => ports.get(access) ?? 0;
const lab = await startLab({ ports: "real", registries: kinds.map((access) => registry(access, portOf(access))) });
const told = new Map<Access, number>();

process.on("message", () => {
  const arrivals: Arrivals = byKind((access) => {
    const seen = lab.requestsOf(host, portOf(access));
    const fresh = seen.slice(told.get(access) ?? 0);
    told.set(access, seen.length);
    return fresh;
  });
  tell(arrivals);
});

const ready: Registries = { addresses: byKind((access) => `${host}:${portOf(access)}`), nodeFiles: lab.nodeFiles };
tell(ready);
