import { posix } from "node:path";
import type { HostPlan, HostTls, NodeConfigIssue, NodeFiles, RegistryHost } from "../types.js";
import { allCapabilities, withoutUser } from "./host-entry.js";
import { parseGoUrl } from "./host-url.js";
import type { ImageConfig } from "./image-config.js";
import type { LegacyTls } from "./legacy-settings.js";
import { isLocalhost } from "./localhost.js";
import { readNodeFile } from "./node-file.js";
import { readCaPems, readClientPair } from "./pem.js";
import { defaultDialTimeoutMs, isMirror } from "./place-host.js";
import type { HostTraits } from "./traits.js";

/**
 * The hosts of a registry where `config_path` is empty and the CRI plugin pulls by itself: the endpoints of
 * `registry.mirrors`, paths as written, then the registry, plain HTTP for localhost.
 * Source: `registryHosts` and `registryEndpoints`, containerd pkg/cri/server/image_pull.go 1.6.20 and 1.7.34,
 * internal/cri/server/images/image_pull.go 2.0 to 2.3.
 */
export function planLegacyHosts(
  files: NodeFiles,
  config: ImageConfig,
  domain: string,
  traits: HostTraits,
  knowsTls: boolean,
): HostPlan {
  const endpoints = endpointsOf(config, domain);
  const origin = config.mirrorOrigins.get(domain) ?? config.mirrorOrigins.get("*") ?? config.mirrorsOrigin;
  const hosts: RegistryHost[] = [];
  const issues: NodeConfigIssue[] = [];
  const unread: NodeConfigIssue[] = [];
  const brokenPlan = (message: string): HostPlan => ({ kind: "broken", message, origin, issues: [] });
  for (const { written, isDefault } of endpoints) {
    const url = parseGoUrl(written);
    const name = JSON.stringify(withoutUser(written));
    if (url === undefined) return brokenPlan(`parse registry endpoint ${name} from mirrors`);
    const settings = knowsTls ? config.configs.get(url.host)?.tls : undefined;
    const insecure = isLocalhost(domain) && url.scheme === "http";
    const tls = settings === undefined ? plainTls(!insecure) : readLegacyTls(files, settings, unread);
    if (typeof tls === "string") return brokenPlan(`get TLSConfig for registry ${name}: ${tls}`);
    if ((url.scheme !== "http" && url.scheme !== "https") || url.host === "") {
      const message = `the endpoint ${name} is never reached: it needs http:// or https:// and a host name`;
      issues.push({ code: "SettingIgnored", message, origin });
      continue;
    }
    hosts.push({
      scheme: url.scheme,
      address: url.host,
      path: url.path === "" ? "/v2" : posix.normalize(`/${url.path}`).replace(/\/$/, ""),
      capabilities: allCapabilities(traits).filter((capability) => capability !== "push"),
      tls,
      httpFallback: "never",
      headers: {},
      headersOnTokenRequests: traits.headersOnTokenRequests,
      dialTimeoutMs: defaultDialTimeoutMs,
      ...(isMirror(url.host, domain) && { mirrorOf: domain }),
      ...(!isDefault && { origin }),
    });
  }
  return { kind: "hosts", hosts, issues: [...unread, ...issues], ...(unread.length > 0 && { partial: true as const }) };
}

interface Endpoint {
  readonly written: string;
  readonly isDefault?: true;
}

function endpointsOf({ mirrors }: ImageConfig, domain: string): readonly Endpoint[] {
  const endpoints = (mirrors.get(domain) ?? mirrors.get("*") ?? []).map((written) => ({
    written: withScheme(written),
  }));
  if (endpoints.some(({ written }) => parseGoUrl(written)?.host === domain)) return endpoints;
  const own = domain === "docker.io" ? "registry-1.docker.io" : domain;
  return [...endpoints, { written: `${defaultScheme(own)}://${own}`, isDefault: true }];
}

/** An endpoint that is no URL stays as it is: what makes it one is tried, and refused, with a scheme before it. */
function withScheme(endpoint: string): string {
  if (endpoint.includes("://")) return endpoint;
  const host = parseGoUrl(`dummy://${endpoint}`)?.host ?? "";
  return `${defaultScheme(host)}://${endpoint}`;
}

function defaultScheme(host: string): "http" | "https" {
  return isLocalhost(host) ? "http" : "https";
}

function plainTls(verify: boolean): HostTls {
  return { verify, extraCaPems: [], clientCertificates: [] };
}

/** The settings, or the error for which no host of the registry is asked. Source: `getTLSConfig`, containerd 1.x. */
function readLegacyTls(files: NodeFiles, tls: LegacyTls, unread: NodeConfigIssue[]): HostTls | string {
  const { caFile, certFile, keyFile } = tls;
  if (certFile !== "" && keyFile === "") return `there is no key file for the cert file "${certFile}"`;
  if (certFile === "" && keyFile !== "") return `there is no cert file for the key file "${keyFile}"`;
  const clientCertificates: HostTls["clientCertificates"][number][] = [];
  if (certFile !== "") {
    const texts = [certFile, keyFile].map((file) => readFile(files, file, unread));
    const [certificate, key] = texts;
    const missing = texts.find((text) => text !== undefined && "error" in text);
    if (missing !== undefined && "error" in missing) return `failed to load cert file: ${missing.error}`;
    if (certificate !== undefined && key !== undefined && "text" in certificate && "text" in key) {
      const pair = readClientPair(certificate.text, key.text);
      if ("refusal" in pair) return `failed to load cert file: ${pair.refusal}`;
      clientCertificates.push(pair);
    }
  }
  const ca = caFile === "" ? undefined : readFile(files, caFile, unread);
  if (ca !== undefined && "error" in ca) return `failed to load CA file: ${ca.error}`;
  // Unlike a hosts.toml, nothing is said of a file without certificates.
  const extraCaPems = ca === undefined ? [] : readCaPems(ca.text);
  return { verify: !tls.insecureSkipVerify, extraCaPems, clientCertificates };
}

/** Undefined where the file was not shown, which is noted. */
function readFile(
  files: NodeFiles,
  file: string,
  unread: NodeConfigIssue[],
): { readonly text: string } | { readonly error: string } | undefined {
  const reading = readNodeFile(files, [], posix.resolve("/", file));
  if (reading.kind === "text") return { text: reading.text };
  if (reading.kind === "absent") return { error: reading.error };
  unread.push({
    code: "CertificateFileUnreadable",
    message: `Pullguard cannot read it: ${reading.reason}`,
    origin: { file },
  });
  return undefined;
}
