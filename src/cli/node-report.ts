import { X509Certificate } from "node:crypto";
import { posix } from "node:path";
import { parseNodeCredentials } from "../credentials/index.js";
import {
  certificateRootsOf,
  configuredRegistries,
  type FactOrigin,
  type HostPlan,
  type HostProxy,
  type NodeConfigIssue,
  type NodeFiles,
  type NodeProfile,
  type RegistryHost,
  renderRuntime,
} from "../node/index.js";
import { formatPlatform } from "../oci/index.js";
import { repositoryName } from "../reference/index.js";
import { proxyOf } from "../registry/index.js";
import type { GivenNode, RuntimeBasis } from "./given-node.js";
import type { NodeSubject } from "./node-subject.js";

/** A place in a node's files: `file:line`. */
export type Place = string;

/** A CA that a host is judged by besides the system's. `file` where it was found in the node's files. */
export interface ReportedAuthority {
  readonly subject: string;
  readonly fingerprint256: string;
  readonly file?: string;
}

/** One host as the node tries it; no secret in it. */
export interface ReportedHost {
  readonly url: string;
  readonly mirrorOf?: string;
  /** Where it is not the image's own. */
  readonly repository?: string;
  readonly from: Place | "the runtime's default";
  readonly capabilities: readonly string[];
  readonly verifiesCertificate: boolean;
  readonly systemCertificates: number | "not known";
  readonly authorities: readonly ReportedAuthority[];
  readonly clientCertificates: number;
  readonly headerNames: readonly string[];
  readonly proxy?: {
    readonly url: string;
    readonly from?: Place;
    readonly credentials: "none" | "withheld" | "present";
  };
  readonly fallsBackToHttp: RegistryHost["httpFallback"];
}

export interface ReportedIssue {
  readonly code: string;
  readonly at: Place;
  readonly message: string;
}

/** What a node does for one registry or image. */
export interface ReportedPlan {
  readonly subject: string;
  readonly kind: NodeSubject["kind"];
  /** `unsure`: a file that decides about it could not be read. */
  readonly outcome: "hosts" | "broken" | "refused";
  readonly unsure: boolean;
  /** Why no host is tried, and where that is written. */
  readonly reason?: { readonly message: string; readonly at: Place };
  readonly hosts: readonly ReportedHost[];
  readonly credentials: readonly string[];
  /** Versions of the runtime that would do otherwise, where the version is only assumed. */
  readonly differsOn: readonly string[];
  /** Whether another repository of this registry may be treated otherwise. */
  readonly perRepository: boolean;
  readonly issues: readonly ReportedIssue[];
}

export interface NodeReport {
  readonly root?: string;
  readonly runtime: string;
  readonly basis: RuntimeBasis;
  readonly platform?: string;
  readonly hostsRoot: string;
  readonly settings: NodeProfile["settings"];
  readonly kubelet: NodeProfile["kubelet"];
  /** Keys of the node's own credentials, the file they lie in, and the kubelet's credential providers if any. */
  readonly credentials: {
    readonly known: boolean;
    readonly keys: readonly string[];
    readonly files: readonly string[];
  };
  readonly registries: readonly string[];
  readonly issues: readonly ReportedIssue[];
  readonly plan?: ReportedPlan;
}

/** Gathers what a node's files say, of all registries or of one. */
export function reportNode(node: GivenNode, subject: NodeSubject | undefined): NodeReport {
  const { profile, basis, root, files } = node;
  const { platform, runtime, hostsRoot, settings, kubelet, credentials } = profile;
  return {
    ...(root !== undefined && { root }),
    runtime: renderRuntime(runtime),
    basis,
    ...(platform !== undefined && { platform: formatPlatform(platform) }),
    hostsRoot,
    settings,
    kubelet,
    credentials: {
      known: credentials.kind === "known",
      keys: files === undefined ? [] : credentialKeys(files),
      files: credentials.kind === "known" ? credentials.files : [],
    },
    registries: files === undefined ? [] : configuredRegistries(files, profile),
    issues: profile.issues.map(reportedIssue),
    ...(subject !== undefined && { plan: reportPlan(node, subject) }),
  };
}

function reportPlan({ profile, others, files }: GivenNode, subject: NodeSubject): ReportedPlan {
  const { reference } = subject;
  const plan = profile.hostsFor(reference);
  const hosts = plan.kind === "hosts" ? plan.hosts : [];
  const general = new Set(profile.issues.map(({ message }) => message));
  return {
    subject: subject.kind === "registry" ? reference.domain : reference.written,
    kind: subject.kind,
    outcome: plan.kind,
    unsure: profile.trust === "unknown" || (plan.kind === "hosts" && plan.partial === true),
    ...(plan.kind !== "hosts" && { reason: { message: plan.message, at: place(plan.origin) } }),
    hosts: hosts.map((host) => reportHost(host, files, { profile, domain: reference.domain })),
    credentials: credentialsFor(profile, subject),
    differsOn: others
      .filter((other) => differs(plan, other.hostsFor(reference)))
      .map(({ runtime }) => renderRuntime(runtime)),
    perRepository: profile.hostsScope === "repository" && subject.kind === "registry",
    issues: plan.issues.filter(({ message }) => !general.has(message)).map(reportedIssue),
  };
}

/** Whether two plans lead to other places or trust otherwise; what else they know of makes no difference to a person. */
function differs(plan: HostPlan, other: HostPlan): boolean {
  const essence = (of: HostPlan) =>
    of.kind === "hosts"
      ? of.hosts.map(({ scheme, address, path, httpFallback, tls }) => [
          scheme,
          address,
          path,
          httpFallback === "never",
          tls.verify,
          tls.extraCaPems,
        ])
      : of.message;
  return JSON.stringify(essence(plan)) !== JSON.stringify(essence(other));
}

/** For whom a host is asked, and by whom. */
interface Asker {
  readonly profile: NodeProfile;
  /** Of the image. */
  readonly domain: string;
}

function reportHost(host: RegistryHost, files: NodeFiles | undefined, asker: Asker): ReportedHost {
  const { tls, origin, mirrorOf, repository } = host;
  const url = `${host.scheme}://${host.address}${host.path}`;
  const proxy = host.proxy === undefined || !URL.canParse(url) ? undefined : proxyOf(host.proxy, new URL(url));
  return {
    url,
    ...(mirrorOf !== undefined && { mirrorOf }),
    ...(repository !== undefined && { repository }),
    from: origin === undefined ? "the runtime's default" : place(origin),
    capabilities: host.capabilities,
    verifiesCertificate: tls.verify,
    systemCertificates: tls.systemRoots?.pems.length ?? "not known",
    authorities: tls.extraCaPems.map((pem) => reportAuthority(pem, files, host, asker)),
    clientCertificates: tls.clientCertificates.length,
    headerNames: Object.keys(host.headers).sort(),
    ...(proxy !== undefined && { proxy: reportProxy(proxy) }),
    fallsBackToHttp: host.httpFallback,
  };
}

function reportProxy({ scheme, address, origin, credentials }: HostProxy): NonNullable<ReportedHost["proxy"]> {
  return {
    url: `${scheme}://${address}`,
    ...(origin !== undefined && { from: place(origin) }),
    credentials: typeof credentials === "string" ? credentials : "present",
  };
}

function reportAuthority(
  pem: string,
  files: NodeFiles | undefined,
  host: RegistryHost,
  asker: Asker,
): ReportedAuthority {
  const certificate = readCertificate(pem);
  if (certificate === undefined) return { subject: "a certificate that cannot be read", fingerprint256: "" };
  const { subject, fingerprint256 } = certificate;
  const file = files === undefined ? undefined : fileWith(fingerprint256, files, host, asker);
  return { subject: subject.split("\n").join(", "), fingerprint256, ...(file !== undefined && { file }) };
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** The plan does not keep which file a CA came from, so it is looked for where one may lie. */
function fileWith(
  fingerprint: string,
  files: NodeFiles,
  { origin, address }: RegistryHost,
  { profile, domain }: Asker,
): string | undefined {
  const folders = [
    ...(origin === undefined ? [] : [posix.dirname(origin.file)]),
    ...certificateRootsOf(profile).flatMap((root) => [address, domain].map((name) => posix.join(root, name))),
  ];
  const named = origin === undefined ? [] : quotedPaths(textOf(files, origin.file), posix.dirname(origin.file));
  const beside = folders.flatMap((folder) => (files.list(folder) ?? []).map((name) => posix.join(folder, name)));
  return [...named, ...beside].find((path) => certificatesIn(textOf(files, path)).includes(fingerprint));
}

function quotedPaths(text: string, folder: string): readonly string[] {
  return [...text.matchAll(/["']([^"'\n]{1,400})["']/g)].map(([, path = ""]) => posix.resolve(folder, path));
}

function textOf(files: NodeFiles, path: string): string {
  const reading = files.read(path);
  return reading.kind === "text" ? reading.text : "";
}

function certificatesIn(text: string): readonly (string | undefined)[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((pem) => readCertificate(pem)?.fingerprint256);
}

/** The keys under which the kubelet's own files hold credentials. */
function credentialKeys(files: NodeFiles): readonly string[] {
  const read = (path: string): string | undefined => {
    const reading = files.read(path);
    return reading.kind === "text" ? reading.text : undefined;
  };
  const places = { kubeletRoot: "/var/lib/kubelet", home: "/root" };
  const { keyring } = parseNodeCredentials(read, places, { identityKey: new Uint8Array(32) });
  // Every key either applies to a repository or misses it.
  const some = "pullguard.invalid/repository";
  const origins = [...keyring.lookup(some), ...keyring.nearMisses(some)].map(({ origin }) => origin.key);
  return [...new Set(origins)].sort();
}

function credentialsFor({ credentials }: NodeProfile, { reference }: NodeSubject): readonly string[] {
  if (credentials.kind === "unknown") return [];
  const repository = repositoryName(reference);
  const own = credentials
    .lookup(repository)
    .map(({ origin }) => `key ${origin.key}${origin.kind === "node" ? ` of ${origin.file}` : ""}`);
  const providers = (credentials.providersFor?.(repository) ?? []).map((name) => `credential provider ${name}`);
  return [...own, ...providers];
}

function reportedIssue({ code, origin, message }: NodeConfigIssue): ReportedIssue {
  return { code, at: place(origin), message };
}

function place({ file, line }: FactOrigin): Place {
  return line === undefined ? file : `${file}:${line}`;
}
