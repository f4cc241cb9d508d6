import type { Behaviour, RegistrySpec, Transport } from "../support/lab/index.js";

const trusted: Transport = { kind: "trusted" };
const http: Transport = { kind: "http" };
const stranger: Transport = { kind: "stranger" };

function registry(
  host: string,
  port: number,
  transport: Transport,
  values: { readonly auth?: "basic"; readonly behaviours?: readonly Behaviour[] } = {},
): RegistrySpec {
  // All serve the same bytes, so that any of them may stand for any other.
  return { host, port, transport, contentOf: "trusted.test", ...values };
}

/** A few registries of each temper, for nodes that are configured at random. None of them keeps anybody waiting. */
export const randomRegistries: readonly RegistrySpec[] = [
  registry("trusted.test", 443, trusted),
  registry("port.test", 8443, trusted),
  registry("stranger.test", 443, stranger),
  registry("strangerport.test", 5000, stranger),
  registry("self.test", 443, { kind: "self-signed" }),
  registry("othername.test", 443, { kind: "trusted", names: ["nobody.test"] }),
  registry("http.test", 80, http),
  registry("httpport.test", 5000, http),
  registry("basic.test", 443, trusted, { auth: "basic" }),
  registry("door.test", 443, trusted, { behaviours: [{ kind: "needs-header", name: "x-door", value: "open" }] }),
  registry("below.test", 443, trusted, { behaviours: [{ kind: "path-prefix", path: "/proxy/v2" }] }),
  registry("nothing.test", 443, trusted, { behaviours: [{ kind: "status", status: 404 }] }),
  registry("down.test", 443, trusted, { behaviours: [{ kind: "status", status: 503 }] }),
  registry("refused.test", 443, { kind: "nothing-listens" }),
  registry("127.0.77.240", 5000, http),
  registry("127.0.77.240", 80, http),
  registry("127.0.77.241", 5000, stranger),
  registry("127.0.77.242", 443, trusted),
  registry("127.0.77.243", 443, stranger),
];

/** Registries as images name them; the last ones are nobody's. */
export const askedDomains: readonly string[] = [
  ...randomRegistries.map(({ host, port }) => (port === 443 || port === 80 ? host : `${host}:${port}`)),
  "http.test:80",
  "127.0.77.242:443",
  "docker.io",
  "noname.test",
];

/** The URL at which a registry is really found. */
export function trueUrl(domain: string): string {
  const spec = randomRegistries.find(({ host, port }) => [host, `${host}:${port}`].includes(domain));
  return `${spec?.transport.kind === "http" ? "http" : "https"}://${domain}`;
}

/** Hosts as configurations name them, without scheme and path. */
export const namedHosts: readonly string[] = [...new Set([...askedDomains, "127.0.77.240:80"])].filter(
  (name) => name !== "docker.io",
);
