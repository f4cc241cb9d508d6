import type {
  FactOrigin,
  HostPlan,
  HostTls,
  NodeConfigIssue,
  NodeFiles,
  RegistryHost,
  RuntimeVersion,
} from "../types.js";
import { certsRoot, readCertsFolder } from "./certs-folder.js";
import { daemonFile } from "./daemon-config.js";
import type { InsecureRegistries, RegistrySecurity } from "./insecure-registries.js";
import type { DockerMirror } from "./mirrors.js";

/** What daemon.json and the command line say, understood. */
export interface DockerSettings {
  readonly insecure: InsecureRegistries;
  /** Registries that options on the command line may make insecure, with where they were found. */
  readonly maybeInsecure: readonly { readonly insecure: InsecureRegistries; readonly origin: FactOrigin }[];
  readonly mirrors: readonly DockerMirror[];
  readonly lines: Readonly<Record<string, number>>;
  /** What is wrong with the settings as a whole, each also part of every plan. */
  readonly issues: readonly NodeConfigIssue[];
  /** Whether these may not be the settings that are in force. */
  readonly doubtful: boolean;
}

export interface DockerNode {
  readonly files: NodeFiles;
  readonly version: Pick<RuntimeVersion, "major" | "minor">;
  readonly settings: DockerSettings;
  readonly addressesOf: (name: string) => readonly string[] | undefined;
}

type BrokenPlan = Extract<HostPlan, { kind: "broken" }>;

interface Endpoints {
  readonly kind: "endpoints";
  readonly hosts: readonly RegistryHost[];
  readonly issues: readonly NodeConfigIssue[];
  readonly partial: boolean;
}

/**
 * The endpoints that dockerd tries for one registry, in its order, one entry for each scheme; or the error with which it
 * tries none. Docker Hub has its mirrors and registry-1.docker.io, for which no folder is read; any other registry https
 * and, if it is insecure, http besides: then without verification, and certs.d is not read.
 * Source: `lookupV2Endpoints`, moby registry/service_v2.go; `newTLSConfig`, registry.go 20.10 to 28.
 */
export function planDockerHosts(node: DockerNode, domain: string): HostPlan {
  const { settings } = node;
  const found = domain === "docker.io" ? hubEndpoints(node) : ownEndpoints(node, domain);
  if (found.kind === "broken") return { ...found, issues: [...found.issues, ...settings.issues] };
  const { hosts, issues, partial } = found;
  return {
    kind: "hosts",
    hosts,
    issues: [...issues, ...unusedFolders(node, domain), ...settings.issues],
    ...((partial || settings.doubtful) && { partial: true as const }),
  };
}

function hubEndpoints(node: DockerNode): Endpoints | BrokenPlan {
  const { mirrors, lines } = node.settings;
  const hosts: RegistryHost[] = [];
  const issues: NodeConfigIssue[] = [];
  let partial = false;
  for (const mirror of mirrors) {
    const judged = judge(node, mirror.address);
    // The mirror's folder is read even for a mirror without TLS, and a broken one breaks every pull from Docker Hub.
    if (judged.kind === "broken") return judged;
    hosts.push(
      endpoint(mirror.scheme, mirror.address, judged.tls, {
        path: mirror.path,
        origin: originOf("registry-mirrors", lines),
      }),
    );
    issues.push(...judged.issues);
    partial ||= judged.partial;
  }
  return { kind: "endpoints", hosts: [...hosts, endpoint("https", "registry-1.docker.io", plainTls)], issues, partial };
}

function ownEndpoints(node: DockerNode, domain: string): Endpoints | BrokenPlan {
  const judged = judge(node, domain);
  if (judged.kind === "broken") return judged;
  const { tls, issues, partial, origin } = judged;
  const https = endpoint("https", domain, tls, origin);
  const hosts = tls.verify ? [https] : [https, endpoint("http", domain, tls, origin)];
  return { kind: "endpoints", hosts, issues, partial };
}

interface Judged {
  readonly kind: "judged";
  readonly tls: HostTls;
  readonly issues: readonly NodeConfigIssue[];
  readonly partial: boolean;
  readonly origin: { readonly origin?: FactOrigin };
}

/** How one address is spoken to. Where that depends on the node's DNS the safer reading is taken, and failures are doubtful. */
function judge({ files, version, settings, addressesOf }: DockerNode, host: string): Judged | BrokenPlan {
  const security = settings.insecure.securityOf(host, addressesOf);
  if (security === "insecure") {
    const origin = { origin: originOf("insecure-registries", settings.lines) };
    return { kind: "judged", tls: insecureTls, issues: unusedFiles(files, host), partial: false, origin };
  }
  const certificates = readCertsFolder(files, host, version);
  const doubts = doubtsAbout(settings, security, host, addressesOf);
  if (certificates.kind === "broken") {
    // An insecure registry's folder is not read, so that it breaks nothing.
    if (doubts.length === 0 && !settings.doubtful) return certificates;
    const { message, origin } = certificates;
    const issue = { code: "SettingIgnored" as const, message, origin };
    return { kind: "judged", tls: plainTls, issues: [issue, ...doubts], partial: true, origin: {} };
  }
  const { extraCaPems, clientCertificates } = certificates;
  const file = extraCaPems.length + clientCertificates.length > 0 ? `${certsRoot}/${host}` : undefined;
  return {
    kind: "judged",
    tls: { verify: true, extraCaPems, clientCertificates },
    issues: [...doubts, ...certificates.issues],
    partial: certificates.partial || doubts.length > 0,
    origin: file === undefined ? {} : { origin: { file } },
  };
}

function doubtsAbout(
  settings: DockerSettings,
  security: RegistrySecurity,
  host: string,
  addressesOf: DockerNode["addressesOf"],
): readonly NodeConfigIssue[] {
  const doubts: NodeConfigIssue[] = [];
  if (security === "depends") {
    doubts.push({
      code: "DependsOnNode",
      message: `its networks make ${host} insecure if the node's DNS gives it an address in one of them`,
      origin: originOf("insecure-registries", settings.lines),
    });
  }
  for (const { insecure, origin } of settings.maybeInsecure) {
    if (insecure.securityOf(host, addressesOf) === "secure") continue;
    const message = `--insecure-registry makes ${host} insecure if dockerd is started with it`;
    doubts.push({ code: "DependsOnNode", message, origin });
  }
  return doubts;
}

const plainTls: HostTls = { verify: true, extraCaPems: [], clientCertificates: [] };
const insecureTls: HostTls = { verify: false, extraCaPems: [], clientCertificates: [] };

function endpoint(
  scheme: "http" | "https",
  address: string,
  tls: HostTls,
  more: { readonly path?: string; readonly origin?: FactOrigin } = {},
): RegistryHost {
  return {
    scheme,
    address,
    path: "/v2",
    capabilities: ["pull", "resolve", "push"],
    tls,
    httpFallback: "never",
    headers: {},
    headersOnTokenRequests: false,
    dialTimeoutMs: 30_000,
    ...more,
  };
}

function originOf(key: string, lines: Readonly<Record<string, number>>): FactOrigin {
  const line = lines[key];
  return { file: daemonFile, ...(line !== undefined && { line }) };
}

function unusedFiles(files: NodeFiles, host: string): readonly NodeConfigIssue[] {
  return (files.list(`${certsRoot}/${host}`) ?? []).map((name) => ({
    code: "SettingIgnored" as const,
    message: `not used: ${host} is an insecure registry, whose certificates dockerd does not read`,
    origin: { file: `${certsRoot}/${host}/${name}` },
  }));
}

/** Folders that were surely meant for this registry but have another name. */
function unusedFolders({ files }: DockerNode, domain: string): readonly NodeConfigIssue[] {
  const bare = domain.replace(/:\d+$/, "");
  const isHub = domain === "docker.io";
  const twins = isHub ? [domain, "registry-1.docker.io", "index.docker.io"] : [bare, `${bare}:443`, `${bare}:80`];
  const reason = isHub
    ? "dockerd reads no certificates for Docker Hub"
    : `the folder for ${domain} is ${certsRoot}/${domain}, with the port exactly as in the image`;
  return twins
    .filter((name, index) => (isHub || name !== domain) && twins.indexOf(name) === index)
    .filter((name) => (files.list(`${certsRoot}/${name}`) ?? []).length > 0)
    .map((name) => ({
      code: "SettingIgnored",
      message: `not used: ${reason}`,
      origin: { file: `${certsRoot}/${name}` },
    }));
}
