import { createPrivateKey, X509Certificate } from "node:crypto";
import { Redacted } from "../../core/index.js";
import type { HostTls } from "../types.js";

type ClientCertificate = HostTls["clientCertificates"][number];

interface PemBlock {
  readonly type: string;
  readonly pem: string;
}

/**
 * The certificates in a CA file, each as one clean PEM block; broken blocks and everything else are passed over, as Go does.
 * Empty means that the runtime refuses the file.
 * Source: Go crypto/x509 `CertPool.AppendCertsFromPEM`.
 */
export function readCaPems(text: string): readonly string[] {
  return pemBlocks(text)
    .filter(({ type }) => type === "CERTIFICATE")
    .flatMap(({ pem }) => cleanCertificate(pem) ?? []);
}

/**
 * A client certificate chain with its key, or the words in which Go refuses the pair (they quote no content).
 * Source: Go crypto/tls `X509KeyPair`.
 */
export function readClientPair(
  certificateText: string,
  keyText: string,
): ClientCertificate | { readonly refusal: string } {
  const blocks = pemBlocks(certificateText);
  const chain = blocks.filter(({ type }) => type === "CERTIFICATE").flatMap(({ pem }) => cleanCertificate(pem) ?? []);
  const leaf = chain[0];
  if (leaf === undefined) return { refusal: missingCertificate(blocks) };
  const keyBlocks = pemBlocks(keyText);
  const key = keyBlocks.find(({ type }) => type === "PRIVATE KEY" || type.endsWith(" PRIVATE KEY"));
  if (key === undefined) return { refusal: missingKey(keyBlocks) };
  try {
    const privateKey = createPrivateKey(key.pem);
    if (!new X509Certificate(leaf).checkPrivateKey(privateKey)) {
      return { refusal: "tls: private key does not match public key" };
    }
  } catch {
    return { refusal: "tls: failed to parse private key" };
  }
  return { certificatePem: chain.join(""), keyPem: new Redacted(key.pem) };
}

function missingCertificate(blocks: readonly PemBlock[]): string {
  const types = blocks.map(({ type }) => type);
  if (types.includes("CERTIFICATE")) return "x509: malformed certificate";
  if (types.length === 0) return "tls: failed to find any PEM data in certificate input";
  if (types.length === 1 && types[0]?.endsWith("PRIVATE KEY")) {
    return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched";
  }
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${types.join(" ")}]`;
}

function missingKey(blocks: readonly PemBlock[]): string {
  const types = blocks.map(({ type }) => type);
  if (types.length === 0) return "tls: failed to find any PEM data in key input";
  if (types.length === 1 && types[0] === "CERTIFICATE") {
    return "tls: found a certificate rather than a key in the PEM for the private key";
  }
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${types.join(" ")}]`;
}

function pemBlocks(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  const begin = /^-----BEGIN ([A-Z0-9 ]+)-----[ \t\r]*$/gm;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    // Between another BEGIN and its END nothing belongs to this block.
    const next = text.indexOf("-----BEGIN", begin.lastIndex);
    const rest = text.slice(begin.lastIndex, next < 0 ? undefined : next);
    const length = rest.indexOf(`-----END ${match[1]}-----`);
    if (length < 0) continue;
    const body = rest.slice(0, length);
    blocks.push({
      type: match[1] ?? "",
      pem: `-----BEGIN ${match[1]}-----${body.replaceAll("\r", "")}-----END ${match[1]}-----\n`,
    });
    begin.lastIndex += length;
  }
  return blocks;
}

function cleanCertificate(pem: string): string | undefined {
  // Go passes over certificates with PEM headers.
  if (pem.includes(":")) return undefined;
  try {
    return new X509Certificate(pem).toString();
  } catch {
    return undefined;
  }
}
