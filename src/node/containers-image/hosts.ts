import { isIPv4 } from "node:net";
import { type ImageReference, repositoryName } from "../../reference/index.js";
import { isLocalhost } from "../containerd/localhost.js";
import type { FactOrigin, NodeConfigIssue, NodeFiles, RegistryHost } from "../types.js";
import { readCertificates } from "./certificates.js";
import { findRegistry, type PullSource } from "./sources.js";
import type { RegistriesConfig } from "./types.js";

/** A place to pull from, or why the runtime never gets as far as asking there. */
export type SourceHost =
  | {
      readonly kind: "host";
      readonly host: RegistryHost;
      readonly issues: readonly NodeConfigIssue[];
      readonly partial: boolean;
    }
  | { readonly kind: "blocked" | "broken"; readonly message: string; readonly origin: FactOrigin };

const dialTimeoutMs = 30_000;
const hubDomain = "docker.io";
const hubAddress = "registry-1.docker.io";

/** The image that is asked for, among several that a short name may stand for. */
export interface Candidate {
  readonly reference: ImageReference;
  /** What the Pod's own spelling is taken for by everybody else; it differs for a short name. */
  readonly asked: ImageReference;
  /** What every image of this registry is trusted with whatever registries.conf says (crio.conf's insecure_registries). */
  readonly insecure: boolean;
  /** Set where the name alone does not say which image it is. */
  readonly meaning?: string;
}

/**
 * How the runtime talks to one source of an image.
 * Source: containers/image docker/docker_image_src.go `newImageSourceAttempt`, docker_client.go `newDockerClient`.
 */
export function sourceHost(
  files: NodeFiles,
  config: RegistriesConfig,
  candidate: Candidate,
  source: PullSource,
): SourceHost {
  const { domain, path } = source.reference;
  const certificates = readCertificates(files, domain);
  if (certificates.kind === "broken") return certificates;
  const own = findRegistry(config, repositoryName(source.reference));
  if (own?.blocked === true) {
    return { kind: "blocked", message: `registry ${own.prefix} is blocked`, origin: own.origin };
  }
  const insecure = source.insecure || candidate.insecure;
  const { extraCaPems, clientCertificates } = certificates;
  const origin = source.table?.origin ?? certificates.origin;
  const elsewhere = domain !== candidate.reference.domain;
  const host: RegistryHost = {
    scheme: "https",
    address: domain === hubDomain ? hubAddress : domain,
    path: "/v2",
    ...(path !== candidate.asked.path && { repository: path }),
    capabilities: ["pull", "resolve"],
    tls: { verify: !insecure, extraCaPems, clientCertificates },
    httpFallback: insecure ? "plain-http-or-unreachable" : "never",
    headers: {},
    headersOnTokenRequests: false,
    dialTimeoutMs,
    ...(elsewhere && { mirrorOf: candidate.reference.domain, kubeletCredentials: "withheld" as const }),
    ...(candidate.meaning !== undefined && { meaning: candidate.meaning }),
    ...(origin !== undefined && { origin }),
  };
  return { kind: "host", host, issues: certificates.issues, partial: certificates.partial };
}

/**
 * Whether `insecure_registries` of crio.conf names a registry, or `unknown` where that takes a name server: networks are
 * compared with the host's addresses. 127.0.0.0/8 is always among them.
 * Source: CRI-O internal/storage/image.go `isSecureIndex`, up to 1.34.
 */
export function isInsecureForCrio(domain: string, entries: readonly string[]): boolean | "unknown" {
  if (entries.includes(domain) || isLocalhost(domain)) return true;
  const networks = entries.flatMap((entry) => networkOf(entry) ?? []);
  if (networks.length === 0) return false;
  const host = domain.replace(/:\d+$/, "");
  if (!isIPv4(host)) return "unknown";
  return networks.some(({ address, bits }) => bits === 0 || numberOf(host) >>> (32 - bits) === address >>> (32 - bits));
}

function networkOf(entry: string): { readonly address: number; readonly bits: number } | undefined {
  const [, address = "", bits] = /^(\d+\.\d+\.\d+\.\d+)\/(\d{1,2})$/.exec(entry) ?? [];
  if (bits === undefined || !isIPv4(address) || Number(bits) > 32) return undefined;
  return { address: numberOf(address), bits: Number(bits) };
}

function numberOf(address: string): number {
  return address.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}
