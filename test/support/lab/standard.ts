import type { LabSpec } from "./lab.js";
import type { Auth, Behaviour, RegistrySpec, Transport } from "./spec.js";

const caFile = "lab-ca.pem";
const trusted: Transport = { kind: "trusted" };
const http: Transport = { kind: "http" };

function hostsToml(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}

/** hosts.toml that names the authority for the registry itself, as most of the recorded nodes had it. */
export function knowsAuthority(address: string): Readonly<Record<string, string>> {
  return {
    "hosts.toml": hostsToml([
      `server = "https://${address}"`,
      `ca = "${caFile}"`,
      `[host."https://${address}"]`,
      `  ca = "${caFile}"`,
    ]),
    [caFile]: "{ca}",
  };
}

/** hosts.toml with one mirror in front of the registry. */
export function mirroredBy(
  server: string,
  mirror: string,
  extra: readonly string[] = [],
): Readonly<Record<string, string>> {
  return {
    "hosts.toml": hostsToml([
      `server = "${server}"`,
      `ca = "${caFile}"`,
      `[host."${mirror}"]`,
      '  capabilities = ["pull", "resolve"]',
      ...extra.map((line) => `  ${line}`),
      `  ca = "${caFile}"`,
    ]),
    [caFile]: "{ca}",
  };
}

/** A registry with a certificate of the known authority whose node configuration names that authority. */
export function secure(
  host: string,
  behaviours: readonly Behaviour[] = [],
  auth: Auth = "none",
  port = 443,
): RegistrySpec {
  const node = knowsAuthority(port === 443 ? host : `${host}:${port}`);
  return { host, port, transport: trusted, auth, behaviours, node };
}

const unavailable: Behaviour = { kind: "status", status: 503 };
const anonymousTokens: Behaviour = { kind: "anonymous-tokens" };

const recorded: readonly RegistrySpec[] = [
  secure("basic.test", [], "basic"),
  secure("basicport.test", [], "basic", 8443),
  secure("bearer.test", [], "bearer"),
  secure("bearerpub.test", [anonymousTokens], "bearer"),
  secure("cdn.test"),
  secure("corrupt.test", [{ kind: "flipped-layers" }]),
  { host: "crtonly.test", port: 443, transport: trusted, node: { "ca.crt": "{ca}" } },
  secure("denied.test", [{ kind: "forbidden" }], "bearer"),
  secure("drip.test", [{ kind: "drip", bytesPerSecond: 64 }]),
  secure("e404all.test", [{ kind: "status", status: 404 }]),
  secure("e429.test", [{ kind: "status", status: 429, headers: { "retry-after": "30" } }]),
  secure("e503.test", [unavailable]),
  { ...secure("expired.test"), transport: { kind: "trusted", validity: "expired" } },
  secure("hang.test", [{ kind: "hang" }]),
  secure("head405.test", [{ kind: "head-405" }]),
  {
    host: "hostca.test",
    port: 443,
    transport: trusted,
    node: {
      "hosts.toml": hostsToml(['server = "https://hostca.test"', '[host."https://hostca.test"]', `  ca = "${caFile}"`]),
      [caFile]: "{ca}",
    },
  },
  { host: "http.test", port: 80, transport: http },
  { host: "httpport.test", port: 5000, transport: http },
  {
    host: "httpserver.test",
    port: 5000,
    transport: http,
    node: { "hosts.toml": hostsToml(['server = "http://httpserver.test:5000"']), [caFile]: "{ca}" },
  },
  {
    host: "httpset.test",
    port: 5000,
    transport: http,
    node: {
      "hosts.toml": hostsToml([
        'server = "http://httpset.test:5000"',
        '[host."http://httpset.test:5000"]',
        '  capabilities = ["pull", "resolve"]',
      ]),
      [caFile]: "{ca}",
    },
  },
  secure("hub.test", [anonymousTokens, { kind: "hidden", visible: ["team/", "library/"] }], "bearer"),
  { ...secure("mirrored.test", [unavailable]), node: mirroredBy("https://mirrored.test", "https://ok.test") },
  { ...secure("mirrormiss.test"), node: mirroredBy("https://mirrormiss.test", "https://e404all.test") },
  secure("missblob.test", [{ kind: "missing-layers" }]),
  secure("nodigest.test", [{ kind: "no-digest-header" }]),
  secure("ok.test"),
  secure("okport.test", [], "none", 8443),
  {
    ...secure("overridepath.test", [unavailable]),
    node: mirroredBy("https://overridepath.test", "https://sub.test/proxy/v2", ["override_path = true"]),
  },
  secure("redir.test", [{ kind: "blob-redirect", to: "https://cdn.test" }]),
  { host: "self.test", port: 443, transport: { kind: "self-signed" } },
  secure("sub.test", [{ kind: "path-prefix", path: "/proxy/v2" }]),
  secure("tokdown.test", [{ kind: "realm", url: "https://refused.test/token" }], "bearer"),
  secure("tokhtml.test", [{ kind: "token-answer", answer: "html" }], "bearer"),
  { host: "unknown.test", port: 443, transport: { kind: "stranger" } },
  secure("wrongmanifest.test", [{ kind: "wrong-manifest-bytes" }]),
  { ...secure("wrongname.test"), transport: { kind: "trusted", names: ["nobody.test"] } },
  { host: "refused.test", port: 443, transport: { kind: "nothing-listens" } },
];

const furtherFaults: readonly RegistrySpec[] = [
  secure("weird.test", [], "weird"),
  secure(
    "scoped.test",
    [anonymousTokens, { kind: "hidden", visible: ["team/"], error: "insufficient_scope" }],
    "bearer",
  ),
  secure("forbidden.test", [{ kind: "forbidden" }]),
  secure("hangtls.test", [{ kind: "hang-in-handshake" }]),
  secure("endlessheaders.test", [{ kind: "endless-headers" }]),
  secure("endlessbody.test", [{ kind: "endless-body" }, { kind: "no-digest-header" }]),
  secure("redirectloop.test", [{ kind: "redirect-loop" }]),
  secure("slow.test", [{ kind: "delay", delayMs: 400 }]),
  secure("lure.test", [{ kind: "realm", url: "https://thief.test/token" }], "bearer"),
  secure("thief.test", [{ kind: "token-answer", answer: "insist" }]),
];

/**
 * The standard laboratory: one registry for each way in which a pull goes wrong (or right), with the node configuration
 * that the recorded nodes had. docker.io is configured on the node alone and leads to hub.test. `nosuch-name.test` is in
 * nobody's hosts file.
 */
export function standardLab(ports: LabSpec["ports"]): LabSpec {
  return {
    ports,
    registries: [...recorded, ...furtherFaults],
    nodeOnly: { "docker.io": { ...mirroredBy("https://hub.test", "https://hub.test") } },
  };
}
