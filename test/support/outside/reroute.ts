import { readFileSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import type { NetConnectOpts, Socket } from "node:net";
import type { SecureContext, SecureContextOptions } from "node:tls";

/** Where `host:port` is really found, as the variable PULLGUARD_TEST_OUTSIDE says it in JSON. */
export type Routes = Readonly<Record<string, number>>;

/**
 * Loaded before a program (`node --import`): connections to names of the outside world lead to ports of loopback, and no
 * connection leaves this machine. The program itself, its names, certificates and messages stay as they are.
 */
const routes = JSON.parse(process.env.PULLGUARD_TEST_OUTSIDE ?? "{}") as Routes;
// What an import gives cannot be changed; the module itself can.
const required = createRequire(import.meta.url);
const net = required("node:net") as typeof import("node:net");
const tls = required("node:tls") as typeof import("node:tls");
const connect = net.connect as (options: NetConnectOpts, ...more: readonly unknown[]) => Socket;

function rerouted(options: NetConnectOpts, ...more: readonly unknown[]): Socket {
  if (typeof options !== "object" || !("port" in options)) return connect(options, ...more);
  const { host = "localhost", port } = options;
  const found = routes[`${host}:${port}`];
  if (found !== undefined) return connect({ ...options, host: "127.0.0.1", port: found, lookup: undefined }, ...more);
  const isHere = host === "localhost" || host.startsWith("127.");
  // Nobody listens on port 1 of loopback.
  return connect(isHere ? options : { ...options, host: "127.0.0.1", port: 1, lookup: undefined }, ...more);
}

const authority = readFileSync(process.env.PULLGUARD_TEST_AUTHORITY ?? "", "utf8");
const makeContext = tls.createSecureContext;

/** Whoever brings no roots of their own trusts the authority of the world outside, as everybody trusts the public ones. */
function contextOf(options: SecureContextOptions = {}): SecureContext {
  return makeContext(options.ca === undefined ? { ...options, ca: [...tls.rootCertificates, authority] } : options);
}

Object.assign(tls, { createSecureContext: contextOf });
Object.assign(net, { connect: rerouted, createConnection: rerouted });
syncBuiltinESMExports();
