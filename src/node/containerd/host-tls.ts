import { posix } from "node:path";
import type { FactOrigin, HostTls, NodeConfigIssue, NodeFiles } from "../types.js";
import type { ClientFiles } from "./host-entry.js";
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

/** A node's file as its runtime finds it; `unseen`: it may be there, but was not shown. */
export type NodeFileReading =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "absent"; readonly error: string }
  | { readonly kind: "unseen"; readonly reason: string };

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

/**
 * Reads a file and says in Go's words why there is none. A file outside `roots` whose folder was not shown either is `unseen`,
 * not absent: whoever copied the configuration may have left the rest of the node behind.
 */
export function readNodeFile(files: NodeFiles, roots: readonly string[], path: string): NodeFileReading {
  const clean = posix.normalize(path);
  if (files.list(clean) !== undefined) return { kind: "absent", error: `read ${path}: is a directory` };
  const reading = files.read(clean);
  if (reading.kind === "text") return reading;
  if (reading.kind === "unreadable") return { kind: "unseen", reason: reading.reason };
  const shown = roots.some((root) => clean.startsWith(`${posix.normalize(root).replace(/\/$/, "")}/`));
  if (shown || files.exists(posix.dirname(clean))) {
    return { kind: "absent", error: `open ${path}: no such file or directory` };
  }
  return { kind: "unseen", reason: "it lies outside the part of the node that was shown" };
}

function broken(message: string, file: string): BrokenTls {
  return { kind: "broken", message, origin: { file } };
}

function unreadable(file: string, reason: string): NodeConfigIssue {
  return { code: "CertificateFileUnreadable", message: `Pullguard cannot read it: ${reason}`, origin: { file } };
}
