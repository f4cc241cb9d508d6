import { posix } from "node:path";
import type { HostPlan, NodeConfigIssue, NodeFiles, RegistryHost, RuntimeSettings, RuntimeVersion } from "../types.js";
import { type CertificateFiles, findCertificateFiles } from "./cert-files.js";
import type { HostsFileEntry } from "./host-entry.js";
import { findHostFolder } from "./host-folder.js";
import { readHostTls } from "./host-tls.js";
import { parseHostsFile } from "./hosts-file.js";
import { readNodeFile } from "./node-file.js";
import { type HostDraft, placeHost } from "./place-host.js";
import { type HostTraits, hostTraits } from "./traits.js";

/** Characters of a hosts.toml that are read; no real one comes near. */
const maxHostsFileLength = 1024 * 1024;

/** What a registry's folder asks for, file names resolved, and what is wrong with it. */
interface FolderReading {
  readonly drafts: readonly HostDraft[];
  readonly issues: readonly NodeConfigIssue[];
  readonly partial: boolean;
  /** The file that names the hosts could not be read. */
  readonly unseenHosts?: true;
}

type BrokenPlan = Extract<HostPlan, { kind: "broken" }>;

/**
 * The hosts that containerd tries for one registry, in its order, or the error with which it refuses to try any.
 * @param roots   the folders of `config_path`, such as `/etc/containerd/certs.d`; none: every registry has its default
 * @param domain  the registry of the reference, `docker.io` for Docker Hub
 * @param engine  where the node's configuration forces one
 * Source: `ConfigureHosts`, containerd remotes/docker/config/hosts.go 1.6.20 to 1.7.34, core/remotes/docker/config/hosts.go 2.0 to
 * 2.3.4.
 */
export function planHosts(
  files: NodeFiles,
  roots: readonly string[],
  domain: string,
  version: Pick<RuntimeVersion, "major" | "minor" | "patch">,
  engine?: RuntimeSettings["engine"],
): HostPlan {
  const traits = hostTraits(version, engine);
  const { folder, shadowed, unseen } = findHostFolder(files, roots, domain, traits);
  if (unseen !== undefined) {
    // Whatever stands in it comes before the folders that were seen.
    const issues = [unreadable(unseen.path, unseen.reason)];
    return buildPlan(files, roots, domain, traits, { ...nothing, issues, partial: true, unseenHosts: true });
  }
  if (folder === undefined) return buildPlan(files, roots, domain, traits, nothing);

  const runtime = `containerd ${version.major}.${version.minor}.${version.patch}`;
  const reading = readFolder(files, roots, folder, traits, runtime);
  if ("kind" in reading) return reading;
  const issues = [...reading.issues, ...shadowIssues(files, folder, shadowed)];
  return buildPlan(files, roots, domain, traits, { ...reading, issues });
}

function unreadable(file: string, reason: string): NodeConfigIssue {
  return { code: "HostsFileUnreadable", message: `Pullguard cannot read it: ${reason}`, origin: { file } };
}

const upstreamOnly: HostDraft = { capabilities: [], clientFiles: [], headers: {} };
const nothing: FolderReading = { drafts: [upstreamOnly], issues: [], partial: false };

function readFolder(
  files: NodeFiles,
  roots: readonly string[],
  folder: string,
  traits: HostTraits,
  runtime: string,
): FolderReading | BrokenPlan {
  const file = posix.join(folder, "hosts.toml");
  const origin = { file };
  if (files.list(folder) === undefined) {
    return { kind: "broken", message: `open ${file}: not a directory`, origin: { file: folder }, issues: [] };
  }
  const reading = readNodeFile(files, roots, file);
  const certificates = findCertificateFiles(files, folder);
  if (reading.kind === "absent") {
    if (files.exists(file)) return { kind: "broken", message: reading.error, origin, issues: [] };
    return { drafts: [certificateDraft(certificates)], issues: [], partial: false };
  }
  if (reading.kind === "text" && reading.text === "") {
    return { drafts: [certificateDraft(certificates)], issues: [], partial: false };
  }
  if (reading.kind === "unseen" || reading.text.length > maxHostsFileLength) {
    const reason = reading.kind === "unseen" ? reading.reason : "it is larger than 1 MiB";
    return {
      drafts: [certificateDraft(certificates)],
      issues: [unreadable(file, reason)],
      partial: true,
      unseenHosts: true,
    };
  }

  const parsed = parseHostsFile(reading.text, traits);
  if (parsed.kind === "ignored") {
    const where = parsed.line === undefined ? origin : { file, line: parsed.line };
    const message = `${runtime} ignores this file: ${parsed.problem}`;
    return {
      drafts: [certificateDraft(certificates)],
      issues: [{ code: "HostsFileIgnored", message, origin: where }],
      partial: false,
    };
  }
  const drafts = parsed.entries.map((entry) => entryDraft(entry, folder, file));
  return { drafts, issues: unusedCertificateIssues(drafts, certificates, file), partial: false };
}

function certificateDraft(certificates: CertificateFiles): HostDraft {
  const file = certificates.caFiles?.[0] ?? certificates.clientFiles[0]?.certificate;
  return { ...upstreamOnly, ...certificates, ...(file !== undefined && { origin: { file } }) };
}

function entryDraft(entry: HostsFileEntry, folder: string, file: string): HostDraft {
  const absolute = (path: string) => (posix.isAbsolute(path) ? path : posix.join(folder, path));
  const { line, caFiles, clientFiles, ...rest } = entry;
  const isDefault =
    entry.url === undefined &&
    caFiles === undefined &&
    entry.skipVerify === undefined &&
    clientFiles.length + Object.keys(entry.headers).length === 0;
  return {
    ...rest,
    clientFiles: clientFiles.map(({ certificate, key }) => ({
      certificate: absolute(certificate),
      ...(key !== undefined && { key: absolute(key) }),
    })),
    ...(caFiles !== undefined && { caFiles: caFiles.map(absolute) }),
    ...(!isDefault && { origin: line === undefined ? { file } : { file, line } }),
  };
}

function buildPlan(
  files: NodeFiles,
  roots: readonly string[],
  domain: string,
  traits: HostTraits,
  reading: FolderReading,
): HostPlan {
  const hosts: RegistryHost[] = [];
  const unusable: NodeConfigIssue[] = [];
  const unread: NodeConfigIssue[] = [];
  for (const [index, draft] of reading.drafts.entries()) {
    const placed = placeHost(draft, domain, traits, index === reading.drafts.length - 1);
    // The files of an unusable host are read all the same, and break the plan all the same.
    const tls = readHostTls(files, roots, {
      ...draft,
      ...(placed.kind === "host" && placed.skipVerify !== undefined && { skipVerify: placed.skipVerify }),
    });
    const issues = [...reading.issues, ...unread];
    if (tls.kind === "broken") return { ...tls, issues };
    unread.push(...tls.issues);
    if (placed.kind === "host") hosts.push({ ...placed.host, tls: tls.tls });
    else unusable.push(placed.issue);
  }
  return {
    kind: "hosts",
    hosts,
    issues: [...unread, ...unusable, ...reading.issues],
    ...((reading.partial || unread.length > 0) && { partial: true as const }),
    ...(reading.unseenHosts === true && { unseenHosts: true as const }),
  };
}

/** A valid hosts.toml switches off the certificate files beside it, unless it names them. */
function unusedCertificateIssues(
  drafts: readonly HostDraft[],
  certificates: CertificateFiles,
  hostsFile: string,
): readonly NodeConfigIssue[] {
  const named = new Set(
    drafts.flatMap(({ caFiles = [], clientFiles }) => [
      ...caFiles,
      ...clientFiles.map(({ certificate }) => certificate),
    ]),
  );
  return certificateNames(certificates)
    .filter((file) => !named.has(file))
    .map((file) => ({
      code: "HostsFileShadowsCertificates",
      message: `not used, because ${hostsFile} exists and does not name it`,
      origin: { file },
    }));
}

/** Settings in folders that would have applied, had not a more specific folder been found first. */
function shadowIssues(files: NodeFiles, folder: string, shadowed: readonly string[]): readonly NodeConfigIssue[] {
  const hostsFile = (path: string) => posix.join(path, "hosts.toml");
  const ownHostsFile = files.exists(hostsFile(folder));
  return shadowed.flatMap((path) => {
    const unused = [
      ...(ownHostsFile || !files.exists(hostsFile(path)) ? [] : [hostsFile(path)]),
      ...certificateNames(findCertificateFiles(files, path)),
    ];
    return unused.map((file) => ({
      code: "CertificatesShadowed" as const,
      message: `not used, because the folder ${folder} exists`,
      origin: { file },
    }));
  });
}

function certificateNames({ caFiles = [], clientFiles }: CertificateFiles): readonly string[] {
  return [...caFiles, ...clientFiles.map(({ certificate }) => certificate)];
}
