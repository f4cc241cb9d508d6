import { posix } from "node:path";
import { readCaPems, readClientPair } from "../containerd/pem.js";
import type { FactOrigin, HostTls, NodeConfigIssue, NodeFiles } from "../types.js";

/** Folders with one folder a host, in the runtime's order; the first that has one for the host is the only one read. */
export const certificateRoots = [
  "/root/.config/containers/certs.d",
  "/etc/containers/certs.d",
  "/etc/docker/certs.d",
] as const;

/** The certificates of one host. `broken`: the runtime does not talk to this host at all. */
export type CertificatesReading =
  | {
      readonly kind: "certificates";
      readonly extraCaPems: readonly string[];
      readonly clientCertificates: HostTls["clientCertificates"];
      readonly origin?: FactOrigin;
      readonly issues: readonly NodeConfigIssue[];
      /** A file could not be read. */
      readonly partial: boolean;
    }
  | { readonly kind: "broken"; readonly message: string; readonly origin: FactOrigin };

/**
 * The CAs (`*.crt`) and client certificates (`*.cert` with the `*.key` of the same name) for a host, `host:port` where the name
 * has a port. A `*.crt` without a certificate in it counts for nothing; a half of a pair is an error.
 * Source: containers/image docker/docker_client.go `dockerCertDir`, pkg/tlsclientconfig `SetupCertificates`.
 */
export function readCertificates(files: NodeFiles, host: string): CertificatesReading {
  const places = certificateRoots.map((root) => posix.join(root, host));
  const folders = places.filter((folder) => files.exists(folder));
  const [folder, ...shadowed] = folders;
  const before = folder === undefined ? places : places.slice(0, places.indexOf(folder));
  for (const place of before) {
    const reading = files.read(place);
    if (reading.kind === "unreadable") return { ...nothing, issues: [unread(place, reading.reason)], partial: true };
  }
  if (folder === undefined) return { ...nothing, issues: strayIssues(files, host) };
  const names = files.list(folder);
  if (names === undefined) {
    return { kind: "broken", message: `readdirent ${folder}: not a directory`, origin: { file: folder } };
  }
  const read = readFolder(files, folder, names);
  if (read.kind === "broken") return read;
  const issues = [...read.issues, ...ineffectiveIssues(folder, names), ...shadowIssues(files, folder, shadowed)];
  return { ...read, issues };
}

type Certificates = Extract<CertificatesReading, { kind: "certificates" }>;

const nothing: Certificates = {
  kind: "certificates",
  extraCaPems: [],
  clientCertificates: [],
  issues: [],
  partial: false,
};

function readFolder(files: NodeFiles, folder: string, names: readonly string[]): CertificatesReading {
  const extraCaPems: string[] = [];
  const clientCertificates: HostTls["clientCertificates"][number][] = [];
  const issues: NodeConfigIssue[] = [];
  let first: string | undefined;
  for (const name of names) {
    const file = posix.join(folder, name);
    const half = missingHalf(name, names);
    if (half !== undefined) return { kind: "broken", message: half, origin: { file } };
    const [, stem, ending] = /^(.*)\.(crt|cert)$/s.exec(name) ?? [];
    if (stem === undefined) continue;
    const texts = readTexts(files, ending === "crt" ? [file] : [file, posix.join(folder, `${stem}.key`)], issues);
    if (texts === undefined) continue;
    first ??= file;
    const [certificate = "", key = ""] = texts;
    if (ending === "crt") {
      const pems = readCaPems(certificate);
      if (pems.length === 0) issues.push(ineffective(file, "it holds no certificate that can be read"));
      extraCaPems.push(...pems);
      continue;
    }
    const pair = readClientPair(certificate, key);
    if ("refusal" in pair) return { kind: "broken", message: pair.refusal, origin: { file } };
    clientCertificates.push(pair);
  }
  const partial = issues.some(({ code }) => code === "CertificateFileUnreadable");
  const origin = first === undefined ? {} : { origin: { file: first } };
  return { kind: "certificates", extraCaPems, clientCertificates, issues, partial, ...origin };
}

function missingHalf(name: string, names: readonly string[]): string | undefined {
  const [, stem, ending] = /^(.*)\.(cert|key)$/s.exec(name) ?? [];
  if (stem === undefined) return undefined;
  const other = `${stem}.${ending === "cert" ? "key" : "cert"}`;
  if (names.includes(other)) return undefined;
  return ending === "key"
    ? `missing client certificate ${other} for key ${name}`
    : `missing key ${other} for client certificate ${name}. Note that CA certificates should use the extension .crt`;
}

function readTexts(
  files: NodeFiles,
  paths: readonly string[],
  issues: NodeConfigIssue[],
): readonly string[] | undefined {
  const texts: string[] = [];
  for (const file of paths) {
    const reading = files.read(file);
    if (reading.kind === "text") {
      texts.push(reading.text);
      continue;
    }
    const reason = reading.kind === "unreadable" ? reading.reason : "it is gone";
    issues.push(unread(file, reason));
    return undefined;
  }
  return texts;
}

function unread(file: string, reason: string): NodeConfigIssue {
  return { code: "CertificateFileUnreadable", message: `Pullguard cannot read it: ${reason}`, origin: { file } };
}

function ineffective(file: string, message: string): NodeConfigIssue {
  return { code: "SettingIgnored", message, origin: { file } };
}

/** Certificates under names that the runtime passes over. */
function ineffectiveIssues(folder: string, names: readonly string[]): readonly NodeConfigIssue[] {
  return names
    .filter((name) => name.endsWith(".pem") || name === "hosts.toml")
    .map((name) =>
      ineffective(
        posix.join(folder, name),
        name === "hosts.toml" ? "not used: this runtime reads no hosts.toml" : "not used: a CA must end in .crt",
      ),
    );
}

function shadowIssues(files: NodeFiles, folder: string, shadowed: readonly string[]): readonly NodeConfigIssue[] {
  return shadowed.flatMap((other) =>
    (files.list(other) ?? [])
      .filter((name) => name.endsWith(".crt") || name.endsWith(".cert"))
      .map((name): NodeConfigIssue => {
        const message = `not used, because the folder ${folder} exists`;
        return { code: "CertificatesShadowed", message, origin: { file: posix.join(other, name) } };
      }),
  );
}

/** A folder without the port is not for a registry with one. */
function strayIssues(files: NodeFiles, host: string): readonly NodeConfigIssue[] {
  const bare = host.replace(/:\d+$/, "");
  if (bare === host) return [];
  return certificateRoots
    .map((root) => posix.join(root, bare))
    .filter((folder) => files.exists(folder))
    .map((folder) => ineffective(folder, `not used for ${host}: the folder's name lacks the port`));
}
