import type { RegistrySpec } from "../support/lab/index.js";
import { privateNetwork } from "../support/real/index.js";
import type { ParityCase } from "./scenario.js";

/** A dockerd with its files, and the pulls that it and Pullguard are both asked about. */
export interface DockerWorld {
  readonly name: string;
  /** Below /etc/docker, by path from there; `{ca}`, `{stranger}`, `{client}` and `{key}` in a body become PEM. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether Pullguard sees the node's /etc/hosts too, and so knows what networks in daemon.json mean. */
  readonly showsHosts: boolean;
  readonly cases: readonly ParityCase[];
}

/** daemon.json with these insecure registries and mirrors. */
export function daemonJson(
  insecure: readonly string[],
  mirrors: readonly string[] = [],
): Readonly<Record<string, string>> {
  return { "daemon.json": JSON.stringify({ "insecure-registries": insecure, "registry-mirrors": mirrors }) };
}

/** `host:port` as an image may have it, the port left out where `bare`. */
export function imageAddress({ host, port }: RegistrySpec, bare: boolean): string {
  return bare ? host : `${host}:${port}`;
}

const ports = [443, 80, 5000, 8443] as const;

const transports: readonly { readonly name: string; readonly spec: Omit<RegistrySpec, "host" | "port"> }[] = [
  { name: "http", spec: { transport: { kind: "http" } } },
  { name: "trusted", spec: { transport: { kind: "trusted" } } },
  { name: "stranger", spec: { transport: { kind: "stranger" } } },
  { name: "self", spec: { transport: { kind: "self-signed" } } },
  { name: "expired", spec: { transport: { kind: "trusted", validity: "expired" } } },
  { name: "wrongname", spec: { transport: { kind: "trusted", names: ["nobody.test"] } } },
  { name: "client", spec: { transport: { kind: "trusted" }, behaviours: [{ kind: "needs-client-certificate" }] } },
];

/** Every way to serve on every port, each under a name of its own; some on addresses without a name. */
export const transportRegistries: readonly RegistrySpec[] = [
  ...ports.flatMap((port) => transports.map(({ name, spec }) => ({ host: `${name}${port}.test`, port, ...spec }))),
  { host: `${privateNetwork}.200.1`, port: 5000, transport: { kind: "http" } },
  { host: `${privateNetwork}.200.2`, port: 443, transport: { kind: "trusted" } },
  { host: `${privateNetwork}.200.3`, port: 8443, transport: { kind: "self-signed" } },
  // One name, TLS on one port and none on another.
  { host: "both.test", port: 443, transport: { kind: "stranger" }, auth: "basic" },
  { host: "both.test", port: 80, transport: { kind: "http" } },
  { host: "Upper.test", port: 5000, transport: { kind: "http" } },
];
