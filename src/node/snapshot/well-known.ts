import { X509Certificate } from "node:crypto";

/** Authorities that everybody knows, by the SHA-256 of their certificates in lower-case hexadecimal. */
export type WellKnownRoots = ReadonlyMap<string, string>;

/**
 * Authorities by fingerprint.
 * @param pems one certificate each; those that cannot be read are left out
 */
export function wellKnownRoots(pems: readonly string[]): WellKnownRoots {
  const roots = new Map<string, string>();
  for (const pem of pems) {
    const fingerprint = fingerprintOf(pem);
    if (fingerprint !== undefined) roots.set(fingerprint, pem.endsWith("\n") ? pem : `${pem}\n`);
  }
  return roots;
}

/** SHA-256 of a certificate in PEM, lower-case hexadecimal; undefined for one that cannot be read. */
export function fingerprintOf(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
  } catch {
    return undefined;
  }
}
