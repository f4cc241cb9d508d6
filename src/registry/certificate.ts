import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import { foreignText } from "./foreign-text.js";
import type { ServedCertificate, TransportFault } from "./types.js";

type CertificateReason = Extract<TransportFault, { kind: "certificate" }>["reason"];

const reasonOfCode: Readonly<Record<string, CertificateReason>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "unknown-authority",
  UNABLE_TO_GET_ISSUER_CERT: "unknown-authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unknown-authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unknown-authority",
  CERT_UNTRUSTED: "unknown-authority",
};

const words: Readonly<Record<CertificateReason, string>> = {
  "unknown-authority": "the certificate is signed by an authority that is not trusted",
  "self-signed": "the certificate signs for itself and is not trusted",
  expired: "the certificate has expired",
  "not-yet-valid": "the certificate is not valid yet",
  "wrong-name": "the certificate is for other names",
  "no-subject-alternative-name": "the certificate has no subjectAltName; a common name does not count",
  other: "the certificate is not acceptable",
};

/**
 * What a Go client would hold against the certificate the peer served, or undefined if nothing. Go looks at the leaf's
 * dates first, then at its names, then at who signed it. Source: Go crypto/x509 verify.go `Certificate.Verify`.
 * @param socket    after a handshake that Node was told not to judge
 * @param hostname  name or address that was dialled, without brackets
 */
export function judgeCertificate(socket: TLSSocket, hostname: string, peer: string): TransportFault | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return certificateFault("other", peer, "none served");
  const chain = servedChain(certificate);
  const [served = describeCertificate(certificate)] = chain;
  // Declared as Error, in fact the bare code.
  const code = String(socket.authorizationError ?? "");
  if (code === "CERT_HAS_EXPIRED") return certificateFault("expired", peer, `on ${served.validTo}`, served);
  if (code === "CERT_NOT_YET_VALID")
    return certificateFault("not-yet-valid", peer, `before ${served.validFrom}`, served);
  if (certificate.subjectAltName === undefined) {
    return certificateFault("no-subject-alternative-name", peer, undefined, served);
  }
  if (!served.names.some((name) => namesMatch(name, hostname))) {
    return certificateFault("wrong-name", peer, foreignText(served.names.join(", ")), served);
  }
  if (socket.authorized) return undefined;
  const reason = reasonOfCode[code] ?? "other";
  return { ...certificateFault(reason, peer, reason === "other" ? code : `issuer ${served.issuer}`, served), chain };
}

/** What the peer sent, the leaf first, in its order; at most ten. */
export function servedChain(leaf: X509Certificate): readonly ServedCertificate[] {
  const chain: ServedCertificate[] = [];
  for (let at: X509Certificate | undefined = leaf; at !== undefined && chain.length < 10; at = at.issuerCertificate) {
    chain.push(describeCertificate(at));
  }
  return chain;
}

function certificateFault(reason: CertificateReason, peer: string, detail?: string, served?: ServedCertificate) {
  const message = `${peer}: ${words[reason]}${detail === undefined ? "" : ` (${detail})`}`;
  return { kind: "certificate", reason, message, ...(served === undefined ? {} : { served }) } as const;
}

function describeCertificate(certificate: X509Certificate): ServedCertificate {
  return {
    subject: foreignText(certificate.subject.split("\n").join(", ")),
    issuer: foreignText(certificate.issuer.split("\n").join(", ")),
    fingerprint256: certificate.fingerprint256,
    validFrom: certificate.validFrom,
    validTo: certificate.validTo,
    names: alternativeNames(certificate.subjectAltName ?? ""),
    isAuthority: certificate.ca,
    selfIssued: certificate.subject === certificate.issuer,
    pem: certificate.toString(),
  };
}

/** Who signed a served certificate, as far as the peer itself shows it. */
export type ServedAuthority =
  /** The chain ends in a certificate that signs for itself; where that is the leaf, there is no authority. */
  | { readonly kind: "root" | "self-signed"; readonly certificate: ServedCertificate }
  /** The topmost certificate that was sent; the one above it was not. */
  | { readonly kind: "intermediate"; readonly certificate: ServedCertificate }
  | { readonly kind: "not-sent"; readonly issuer: string };

/** The certificate that would have to be trusted: the topmost that was sent, whatever the order. Undefined for no chain. */
export function servedAuthority(chain: readonly ServedCertificate[]): ServedAuthority | undefined {
  const [leaf] = chain;
  if (leaf === undefined) return undefined;
  let top = leaf;
  // No more steps than certificates: two that name each other as issuer lead in a circle.
  for (const _ of chain) {
    const above = chain.find(({ subject }) => subject === top.issuer);
    if (top.selfIssued || above === undefined) break;
    top = above;
  }
  if (top.selfIssued) return { kind: top === leaf ? "self-signed" : "root", certificate: top };
  return top === leaf ? { kind: "not-sent", issuer: leaf.issuer } : { kind: "intermediate", certificate: top };
}

/** Node separates entries by ", " and quotes any entry that could be mistaken for two; quoted ones name no host. */
function alternativeNames(text: string): readonly string[] {
  return text
    .split(", ")
    .map((entry) => /^(?:DNS|IP Address):([\w.:*-]+)$/.exec(entry)?.[1])
    .filter((name) => name !== undefined);
}

/**
 * Whether a name of a certificate covers a host as Go sees it: `*` stands for exactly the first label, also directly
 * under a top-level name (Node would refuse `*.local`); addresses match addresses only.
 */
export function namesMatch(pattern: string, hostname: string): boolean {
  if (isIP(hostname) !== 0) return isIP(pattern) !== 0 && canonicalAddress(pattern) === canonicalAddress(hostname);
  const wanted = hostname.toLowerCase().replace(/\.$/, "").split(".");
  const labels = pattern.toLowerCase().split(".");
  if (labels.length !== wanted.length || isIP(pattern) !== 0) return false;
  return labels.every((label, index) => label !== "" && ((index === 0 && label === "*") || label === wanted[index]));
}

function canonicalAddress(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}
