import { X509Certificate } from "node:crypto";

/** A CA certificate that somebody may trust. Times in milliseconds since 1970. */
export interface TrustedAuthority {
  /** PEM, ends in a newline. */
  readonly pem: string;
  readonly certificate: X509Certificate;
  readonly fingerprint256: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
/** More than any rotation leaves; whatever is beyond is somebody's mistake, and an API server reads the bundle for each connection. */
const maxAuthorities = 10;

/** The CA certificates of a PEM text, in order, each once; what is no CA certificate is left out. Never throws. */
export function parseBundle(text: string): readonly TrustedAuthority[] {
  const found = new Map<string, TrustedAuthority>();
  for (const [block] of text.slice(0, 200_000).matchAll(pemBlock)) {
    const authority = authorityOf(block);
    if (authority !== undefined && !found.has(authority.fingerprint256)) found.set(authority.fingerprint256, authority);
    if (found.size === maxAuthorities) break;
  }
  return [...found.values()];
}

/** The text of a bundle, the same for the same certificates in the same order. */
export function renderBundle(authorities: readonly TrustedAuthority[]): string {
  return authorities.map(({ pem }) => pem).join("");
}

/** Several bundles in one, each certificate once, where it came first. */
export function joinBundles(...bundles: readonly (readonly TrustedAuthority[])[]): readonly TrustedAuthority[] {
  const all = new Map<string, TrustedAuthority>();
  for (const authority of bundles.flat()) {
    if (!all.has(authority.fingerprint256)) all.set(authority.fingerprint256, authority);
  }
  return [...all.values()];
}

function authorityOf(block: string): TrustedAuthority | undefined {
  try {
    const certificate = new X509Certificate(block);
    if (!certificate.ca) return undefined;
    return {
      // OpenSSL's own text, so that equal certificates are equal texts.
      pem: certificate.toString(),
      certificate,
      fingerprint256: certificate.fingerprint256,
      notBeforeMs: Date.parse(certificate.validFrom),
      notAfterMs: Date.parse(certificate.validTo),
    };
  } catch {
    return undefined;
  }
}
