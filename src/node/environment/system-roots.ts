import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { FactOrigin, NodeConfigIssue, NodeFiles, SystemRoots } from "../types.js";
import type { RuntimeEnvironment } from "./runtime-environment.js";

const bundles: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];
const folders: readonly string[] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/** What a node's files tell of the certificates that its runtime trusts. */
export interface SystemRootsReading {
  /** Absent where the files hold no store at all, or one that cannot be read completely: nothing is known then. */
  readonly roots?: SystemRoots;
  /** The bundle that was read; absent where the store is made of single files alone. */
  readonly bundle?: string;
  readonly issues: readonly NodeConfigIssue[];
  /** The node has a store that Pullguard does not see: what it trusts is not certain. */
  readonly partial: boolean;
}

/**
 * The certificates that a Go program on the node trusts: the first bundle there is and every file of the certificate
 * folders. `SSL_CERT_FILE` takes the place of the list of bundles, `SSL_CERT_DIR` (with `:` between) that of the folders.
 * Source: Go crypto/x509 root_linux.go and root_unix.go `loadSystemRoots`.
 */
export function readSystemRoots(files: NodeFiles, { variables }: RuntimeEnvironment): SystemRootsReading {
  const file = variables.get("SSL_CERT_FILE");
  const folder = variables.get("SSL_CERT_DIR");
  const ownFile = file !== undefined && file.value !== "";
  const ownFolders = folder !== undefined && folder.value !== "";
  const pems = new Set<string>();
  const issues: NodeConfigIssue[] = [];
  const tried = new Set<string>();
  const read = (path: string): boolean => {
    // The bundle mostly lies in one of the folders.
    if (tried.has(path)) return false;
    tried.add(path);
    const reading = files.read(path);
    if (reading.kind === "unreadable" && files.list(path) === undefined) {
      issues.push(unseen({ file: path }, `Pullguard cannot read it: ${reading.reason}`));
    }
    if (reading.kind === "text") for (const pem of certificatesIn(reading.text)) pems.add(pem);
    return reading.kind === "text";
  };

  const bundle = (ownFile ? [file.value] : bundles).find(read);
  if (ownFile && bundle === undefined && issues.length === 0)
    issues.push(unseen(file.origin, `${file.value} of SSL_CERT_FILE was not shown`));
  for (const path of ownFolders ? folder.value.split(":") : folders) {
    const names = files.list(path);
    if (names === undefined && ownFolders && path !== "") {
      issues.push(unseen(folder.origin, `the folder ${path} of SSL_CERT_DIR was not shown`));
    }
    for (const one of certificateFiles(files, path, names, bundle !== undefined)) read(one);
  }
  const partial = issues.length > 0;
  if (partial || (pems.size === 0 && !ownFile && !ownFolders)) return { issues, partial };
  return { roots: systemRoots([...pems]), ...(bundle === undefined ? {} : { bundle }), issues, partial };
}

/** Links out of what was shown are left out beside a bundle: it is written from what they lead to. */
function certificateFiles(
  files: NodeFiles,
  folder: string,
  names: readonly string[] | undefined,
  hasBundle: boolean,
): readonly string[] {
  const listed = (names ?? []).map((name) => posix.join(folder, name));
  return hasBundle ? listed.filter((path) => files.exists(path)) : listed;
}

/** The store of a node from its certificates, each as one PEM text. */
export function systemRoots(pems: readonly string[]): SystemRoots {
  const hash = createHash("sha256");
  for (const pem of pems) hash.update(pem).update("\0");
  const id = hash.digest("base64url");
  return { pems, id, toJSON: () => id };
}

function unseen(origin: FactOrigin, message: string): NodeConfigIssue {
  return { code: "CertificateFileUnreadable", message, origin };
}

/** The certificates as written; whether one of them is broken only shows when a connection needs it. */
function certificatesIn(text: string): readonly string[] {
  const blocks = text
    .replaceAll(/[ \t]*\r?\n/g, "\n")
    .trimEnd()
    .match(/^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----$/gm);
  return (blocks ?? []).map((block) => `${block}\n`);
}
