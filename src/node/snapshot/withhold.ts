import { posix } from "node:path";
import { withheldMark } from "./marks.js";
import { type Redacted, type RedactionRule, redactJson, redactToml } from "./redact.js";
import type { PublishedFile } from "./spec.js";
import { filterEnvironment, filterUnit, withMarkedUser } from "./unit-file.js";

/** Longer texts are not published: the API server refuses objects of 1.5 MiB. */
const maxFileLength = 256 * 1024;

/**
 * What of a file of the node's runtime may leave the node. Whatever is not known to hold no secret stays: keys, headers,
 * users and passwords, comments, and every file of a kind that is not known.
 */
export function withholdSecrets(path: string, text: string): PublishedFile {
  if (text.length > maxFileLength) return { path, unreadable: "it is too large to be published" };
  const kept = keptText(path, text);
  return typeof kept === "string" ? { path, content: kept } : { path, unreadable: kept.reason };
}

interface Kept {
  readonly reason: string;
}

const unknownKind: Kept = { reason: "files of this kind are not published" };

function keptText(path: string, text: string): string | Kept {
  const name = posix.basename(path);
  if (/\.(key|crt|cert|cer|pem|ca)$/.test(name) || /^-----BEGIN /m.test(text)) return keptCertificates(name, text);
  if (name === "hosts.toml") return text === "" ? "" : published(redactToml(text, hostsRule));
  if (/\/registries\.conf$|\/registries\.conf\.d\/|short-name-aliases\.conf$/.test(path)) {
    return published(redactToml(text, registriesRule));
  }
  if (/^(policy|daemon)\.json$/.test(name)) {
    return published(redactJson(text, name === "policy.json" ? registriesRule : settingsRule));
  }
  if (/\.(service|conf)$/.test(name) && path.includes("/systemd/")) return filterUnit(text);
  if (/^\/etc\/(default|sysconfig)\/|^\/etc\/environment$/.test(path)) return filterEnvironment(text);
  if (/\.(toml|conf)$/.test(name) || path.includes("/crio.conf.d/")) {
    return published(redactToml(text, settingsRule));
  }
  return unknownKind;
}

function published(redacted: Redacted): string | Kept {
  return redacted.kind === "refused" ? { reason: "its secrets cannot be told from the rest" } : redacted.text;
}

/** Certificates alone; a file with a key in it stays as a whole, for its reader would miss the key. */
function keptCertificates(name: string, text: string): string | Kept {
  if (name.endsWith(".key") || /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) {
    return { reason: "private keys stay on the node" };
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g);
  return (blocks ?? []).map((block) => `${block}\n`).join("");
}

const secretKey = /pass|secret|token|auth|credential|^user(name)?$|cookie|^env$/i;
const headerKey = /^headers?$/i;
const hidesSecret = (path: readonly string[]): boolean =>
  path.some((key) => secretKey.test(key) || headerKey.test(key));

const hostsKeys: ReadonlySet<string> = new Set(["server", "capabilities", "ca", "client", "dial_timeout"]);

/** hosts.toml: all that containerd reads of it is known. */
const hostsRule: RedactionRule = {
  key: cleanUrl,
  hides: hidesSecret,
  text: (value, path) => {
    if (path.some((key) => headerKey.test(key))) return withheldMark;
    return hostsKeys.has(path.at(-1)?.toLowerCase() ?? "") ? cleanUrl(value) : "";
  },
};

/** registries.conf and policy.json hold names, files and public keys. */
const registriesRule: RedactionRule = {
  key: cleanUrl,
  hides: hidesSecret,
  text: (value, path) => (hidesSecret(path) ? "" : cleanUrl(value)),
};

/** Keys under which runtimes list registries. */
const registryKey =
  /^(registry|mirrors|configs|insecure[-_]registries|registry-mirrors|registries|imports|config_path|no-proxy)$/;
const harmless =
  /^$|^\/[\w./@+:-]*$|^([\d.]+(ns|us|µs|ms|s|m|h))+$|^io\.containerd\.[\w.-]+$|^v?\d+(\.\d+)*$|^(enforcing|permissive|disabled)$/;

/** config.toml, daemon.json, crio.conf: settings of whatever plugins there are. What is not known to be harmless goes. */
const settingsRule: RedactionRule = {
  key: cleanUrl,
  hides: hidesSecret,
  text: (value, path) => {
    if (path.some((key) => headerKey.test(key))) return withheldMark;
    // That containerd has credentials of its own decides who may pull; whose they are does not leave the node.
    if (path.some((key) => /^auths?$/.test(key))) return value === "" ? "" : withheldMark;
    if (path.some((key) => secretKey.test(key)) && !harmlessFile.test(value)) return "";
    if (path.some((key) => /prox(y|ies)$/i.test(key))) return withMarkedUser(value);
    return path.some((key) => registryKey.test(key)) || harmless.test(value) ? cleanUrl(value) : "";
  },
};

/** `global_auth_file = "/var/lib/kubelet/config.json"`: where credentials lie is no secret. */
const harmlessFile = /^\/[\w./-]+\.json$/;

/** An address without the user, password and query that a URL may carry; runtimes drop the same. */
function cleanUrl(value: string): string {
  const bare = value.replace(/^([^/@\s]*:\/\/)?[^/\s]*@(?=[^/])/, "$1");
  // A slash in a password: no runtime takes that for an address, nor what stands here in its place.
  if (!bare.startsWith("/") && /@(?!sha\d+:[0-9a-f]+$)/.test(bare.replace(/[?#].*$/s, ""))) {
    return `${/^[^/@\s]*:\/\//.exec(bare)?.[0] ?? ""}${withheldMark}:x`;
  }
  return bare.includes("://") ? bare.replace(/[?#].*$/s, "") : bare;
}
