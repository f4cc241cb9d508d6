import type { FactOrigin, HostTls, NodeConfigIssue, NodeFiles } from "../types.js";
import type { ClientFiles } from "./host-entry.js";
import { readNodeFile } from "./node-file.js";
import { readCaPems, readClientPair } from "./pem.js";

/** The TLS settings of one host, all paths absolute. */
export interface TlsSettings {
  readonly skipVerify?: boolean;
  readonly caFiles?: readonly string[];
  readonly clientFiles: readonly ClientFiles[];
}

/**
 * `broken`: the runtime refuses the whole registry with this message. `issues`: files that the runtime may well read but
 * Pullguard cannot, hence left out of `tls`.
 */
export type TlsReading =
  | { readonly kind: "tls"; readonly tls: HostTls; readonly issues: readonly NodeConfigIssue[] }
  | BrokenTls;

interface BrokenTls {
  readonly kind: "broken";
  readonly message: string;
  readonly origin: FactOrigin;
}

/**
 * Reads the CA and client files of one host in the runtime's order.
 * @param roots  the configuration roots: what lies below them was shown completely
 * Source: `ConfigureHosts`, containerd remotes/docker/config/hosts.go 1.6 to 2.3.
 */
export function readHostTls(files: NodeFiles, roots: readonly string[], settings: TlsSettings): TlsReading {
  const issues: NodeConfigIssue[] = [];
  const texts = (paths: readonly string[], what: "CA cert" | "CERT file") =>
    readTexts(files, roots, paths, what, issues);

  const extraCaPems: string[] = [];
  for (const file of settings.caFiles ?? []) {
    const reading = texts([file], "CA cert");
    if (reading.kind === "broken") return reading;
    if (reading.kind === "unseen") continue;
    const pems = readCaPems(reading.first);
    if (pems.length === 0) return broken(`unable to load CA cert "${file}"`, file);
    extraCaPems.push(...pems);
  }

  const clientCertificates: HostTls["clientCertificates"][number][] = [];
  for (const { certificate, key = certificate } of settings.clientFiles) {
    const reading = texts([certificate, key], "CERT file");
    if (reading.kind === "broken") return reading;
    if (reading.kind === "unseen") continue;
    const pair = readClientPair(reading.first, reading.last);
    if ("refusal" in pair) return broken(`failed to load X509 key pair: ${pair.refusal}`, certificate);
    clientCertificates.push(pair);
  }
  return { kind: "tls", tls: { verify: settings.skipVerify !== true, extraCaPems, clientCertificates }, issues };
}

type TextsReading =
  | { readonly kind: "texts"; readonly first: string; readonly last: string }
  | { readonly kind: "unseen" }
  | BrokenTls;

/** Reads files that are of use only together; those that cannot be read are added to `issues`. */
function readTexts(
  files: NodeFiles,
  roots: readonly string[],
  paths: readonly string[],
  what: "CA cert" | "CERT file",
  issues: NodeConfigIssue[],
): TextsReading {
  const texts: string[] = [];
  for (const file of new Set(paths)) {
    const reading = readNodeFile(files, roots, file);
    if (reading.kind === "absent") return broken(`unable to read ${what} "${file}": ${reading.error}`, file);
    if (reading.kind === "text") texts.push(reading.text);
    else issues.push(unreadable(file, reading.reason));
  }
  const [first, last = first] = texts;
  if (first === undefined || last === undefined || texts.length < new Set(paths).size) return { kind: "unseen" };
  return { kind: "texts", first, last };
}

function broken(message: string, file: string): BrokenTls {
  return { kind: "broken", message, origin: { file } };
}

function unreadable(file: string, reason: string): NodeConfigIssue {
  return { code: "CertificateFileUnreadable", message: `Pullguard cannot read it: ${reason}`, origin: { file } };
}
