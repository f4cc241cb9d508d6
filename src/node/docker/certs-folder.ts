import { posix } from "node:path";
import { readCaPems, readClientPair } from "../containerd/pem.js";
import type { HostPlan, HostTls, NodeConfigIssue, NodeFiles, RuntimeVersion } from "../types.js";

/** Where dockerd looks for the certificates of registries; no setting moves it. */
export const certsRoot = "/etc/docker/certs.d";

type BrokenPlan = Extract<HostPlan, { kind: "broken" }>;

/** What a registry's certificate folder gives, or the error with which dockerd refuses every pull from the registry. */
export type CertsReading =
  | {
      readonly kind: "certificates";
      readonly extraCaPems: readonly string[];
      readonly clientCertificates: HostTls["clientCertificates"];
      readonly issues: readonly NodeConfigIssue[];
      /** A file that counts could not be read. */
      readonly partial: boolean;
    }
  | BrokenPlan;

interface Found {
  readonly extraCaPems: string[];
  readonly clientCertificates: HostTls["clientCertificates"][number][];
  readonly issues: NodeConfigIssue[];
  partial: boolean;
}

/**
 * Reads the folder named exactly like the registry (`host` or `host:port` as in the image), file by file in order of name:
 * `*.crt` are authorities besides the system's, `*.cert` client certificates with the `*.key` of the same name. A pair of
 * which one half is missing, or that does not fit, fails every pull from the registry; a `.crt` without a certificate is
 * passed over in silence. Nothing else in the folder counts, and no other folder does.
 * Source: `ReadCertsDirectory` (28: `loadTLSConfig`), moby registry/registry.go 20.10 to 28.
 */
export function readCertsFolder(files: NodeFiles, host: string, version: Pick<RuntimeVersion, "major">): CertsReading {
  const folder = posix.join(certsRoot, host);
  const names = files.list(folder);
  const found: Found = { extraCaPems: [], clientCertificates: [], issues: [], partial: false };
  if (names === undefined) return withoutNames(files, folder, found);
  for (const name of names) {
    const refusal = readOne(files, { folder, names, name, version }, found);
    if (refusal !== undefined) return { ...refusal, issues: found.issues };
  }
  return { kind: "certificates", ...found };
}

/** A plain file is an error, nothing at all is fine, and what cannot be listed may hold anything. */
function withoutNames(files: NodeFiles, folder: string, found: Found): CertsReading {
  const reading = files.read(folder);
  if (reading.kind === "text") {
    return broken(`readdirent ${folder}: not a directory`, folder, `Make ${folder} a folder, or remove it.`);
  }
  if (reading.kind === "unreadable") unreadable(folder, reading.reason, found);
  return { kind: "certificates", ...found };
}

interface Place {
  readonly folder: string;
  readonly names: readonly string[];
  readonly name: string;
  readonly version: Pick<RuntimeVersion, "major">;
}

function readOne(files: NodeFiles, place: Place, found: Found): BrokenPlan | undefined {
  const { folder, name } = place;
  const path = posix.join(folder, name);
  if (name.endsWith(".crt")) {
    readAuthority(files, path, found);
    return undefined;
  }
  if (name.endsWith(".cert")) return readPair(files, place, found);
  if (name.endsWith(".key")) return keyWithoutCertificate(place);
  found.issues.push(ignored(path, whyIgnored(files, path, name)));
  return undefined;
}

function readAuthority(files: NodeFiles, path: string, found: Found): void {
  const reading = files.read(path);
  if (reading.kind !== "text") {
    unreadable(path, reading.kind === "missing" ? "it leads nowhere" : reading.reason, found);
    return;
  }
  const pems = readCaPems(reading.text);
  if (pems.length === 0) found.issues.push(ignored(path, "dockerd finds no certificate in it and passes it over"));
  found.extraCaPems.push(...pems);
}

function readPair(files: NodeFiles, { folder, names, name, version }: Place, found: Found): BrokenPlan | undefined {
  const path = posix.join(folder, name);
  const stem = name.slice(0, -".cert".length);
  const keyName = `${stem}.key`;
  if (!names.includes(keyName)) {
    const advice =
      version.major >= 23
        ? "CA certificates must use the extension .crt"
        : "Note that CA certificates should use the extension .crt";
    const fix = `Rename ${path} to ${stem}.crt on every node if it is the registry's CA; if it is a client certificate, put its key beside it as ${keyName}.`;
    return broken(`missing key ${keyName} for client certificate ${name}. ${advice}`, path, fix);
  }
  const texts: string[] = [];
  for (const file of [path, posix.join(folder, keyName)]) {
    const reading = files.read(file);
    if (reading.kind === "text") texts.push(reading.text);
    else unreadable(file, reading.kind === "missing" ? "it leads nowhere" : reading.reason, found);
  }
  const [certificate, key] = texts;
  if (certificate === undefined || key === undefined) return undefined;
  const pair = readClientPair(certificate, key);
  if ("refusal" in pair) {
    const fix = `Put a client certificate into ${path} and its key into ${keyName} on every node, or remove both; a CA belongs into a file whose name ends in .crt.`;
    return broken(pair.refusal, path, fix);
  }
  found.clientCertificates.push(pair);
  return undefined;
}

function keyWithoutCertificate({ folder, names, name, version }: Place): BrokenPlan | undefined {
  const stem = name.slice(0, -".key".length);
  const certName = `${stem}.cert`;
  if (names.includes(certName)) return undefined;
  const path = posix.join(folder, name);
  const other = names.includes(`${stem}.crt`)
    ? `rename ${stem}.crt to ${certName} if it is the client certificate of that key`
    : `put the client certificate beside it as ${certName}`;
  const verb = version.major >= 23 ? "missing" : "Missing";
  return broken(
    `${verb} client certificate ${certName} for key ${name}`,
    path,
    `Remove ${path} on every node, or ${other}.`,
  );
}

function whyIgnored(files: NodeFiles, path: string, name: string): string {
  if (name === "hosts.toml") return "dockerd does not read hosts.toml; only containerd does";
  const reading = files.read(path);
  const isCertificate = reading.kind === "text" && readCaPems(reading.text).length > 0;
  const advice = isCertificate ? `; rename it to ${name.replace(/\.[^.]*$/, "")}.crt if it is the registry's CA` : "";
  return `dockerd reads only files whose names end in .crt, .cert or .key${advice}`;
}

function unreadable(file: string, reason: string, found: Found): void {
  found.issues.push({
    code: "CertificateFileUnreadable",
    message: `Pullguard cannot read it: ${reason}`,
    origin: { file },
  });
  found.partial = true;
}

function ignored(file: string, message: string): NodeConfigIssue {
  return { code: "SettingIgnored", message: `not used: ${message}`, origin: { file } };
}

function broken(message: string, file: string, fix: string): BrokenPlan {
  return { kind: "broken", message, fix, origin: { file }, issues: [] };
}
