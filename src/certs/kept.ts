import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { Redacted } from "../core/index.js";
import { parseBundle, type TrustedAuthority } from "./bundle.js";
import type { ServingPair } from "./files.js";
import type { KeyedCertificate } from "./make.js";

/** The entries of the Secret that certificates are kept in, decoded; whatever is in them. */
export type SecretValues = Redacted<Readonly<Record<string, string>>>;

/** The names of those entries: those of a `kubernetes.io/tls` Secret, and the key of the newest CA. */
export const entryNames = {
  certificate: "tls.crt",
  key: "tls.key",
  bundle: "ca.crt",
  authorityKey: "ca.key",
} as const;

/** Whether nobody has put anything into the Secret yet; it may be installed so, for the leader to fill. */
export function isBlank(values: SecretValues): boolean {
  const entries = values.reveal();
  return Object.values(entryNames).every((name) => (entries[name] ?? "").trim() === "");
}

/** A pair to serve, and the CA of the bundle that signed it. */
export interface IssuedPair extends ServingPair {
  readonly issuer: TrustedAuthority;
}

/** What a Secret holds that can be used at a given time. */
export interface KeptCertificates {
  /** What the bundle's entry says, word for word. */
  readonly bundleText: string;
  /** CAs that are still valid, the newest first as written. */
  readonly authorities: readonly TrustedAuthority[];
  /** The CA whose key is there. */
  readonly signer?: TrustedAuthority & KeyedCertificate;
  readonly pair?: IssuedPair;
  /** Why there is no signer or no pair, for people; holds no value of the Secret. */
  readonly faults: readonly string[];
}

/**
 * What of the Secret can be used now for a server called `name`: keys that belong to their certificates, certificates that are
 * valid and signed by a CA of the bundle. Never throws.
 */
export function readKept(values: SecretValues, name: string, nowMs: number): KeptCertificates {
  const entries = values.reveal();
  const faults: string[] = [];
  const bundleText = entries[entryNames.bundle] ?? "";
  const authorities = parseBundle(bundleText).filter(({ notBeforeMs, notAfterMs }) => {
    return notBeforeMs <= nowMs && nowMs < notAfterMs;
  });
  if (authorities.length === 0) faults.push(`${entryNames.bundle} holds no CA certificate that is valid now`);
  const signer = signerOf(authorities, entries[entryNames.authorityKey]);
  if (signer === undefined && authorities.length > 0) {
    faults.push(`${entryNames.authorityKey} is not the key of a CA in ${entryNames.bundle}`);
  }
  const pair = readPair(entries, authorities, name, nowMs);
  if (typeof pair === "string") faults.push(pair);
  return {
    bundleText,
    authorities,
    ...(signer === undefined ? {} : { signer }),
    ...(typeof pair === "string" ? {} : { pair }),
    faults,
  };
}

function signerOf(
  authorities: readonly TrustedAuthority[],
  keyPem: string | undefined,
): (TrustedAuthority & KeyedCertificate) | undefined {
  const publicKey = publicKeyOf(keyPem);
  if (publicKey === undefined || keyPem === undefined) return undefined;
  const found = authorities.find(({ certificate }) => certificate.publicKey.equals(publicKey));
  return found === undefined ? undefined : { ...found, certificatePem: found.pem, keyPem: new Redacted(keyPem) };
}

/** The pair, or why it cannot be served. */
function readPair(
  entries: Readonly<Record<string, string>>,
  authorities: readonly TrustedAuthority[],
  name: string,
  nowMs: number,
): IssuedPair | string {
  const certificatePem = entries[entryNames.certificate] ?? "";
  const keyPem = entries[entryNames.key] ?? "";
  if (certificatePem.trim() === "") return `${entryNames.certificate} is empty`;
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certificatePem);
  } catch {
    return `${entryNames.certificate} holds no PEM certificate`;
  }
  const publicKey = publicKeyOf(keyPem);
  if (publicKey === undefined) return `${entryNames.key} holds no PEM private key`;
  if (!certificate.publicKey.equals(publicKey)) return `${entryNames.key} is not the key of ${entryNames.certificate}`;
  if (certificate.checkHost(name) === undefined) return `${entryNames.certificate} is not for ${name}`;
  const notBeforeMs = Date.parse(certificate.validFrom);
  const notAfterMs = Date.parse(certificate.validTo);
  if (nowMs < notBeforeMs) {
    return `${entryNames.certificate} is not valid before ${new Date(notBeforeMs).toISOString()}`;
  }
  if (nowMs >= notAfterMs) return `${entryNames.certificate} expired at ${new Date(notAfterMs).toISOString()}`;
  const issuer = authorities.find(
    (authority) =>
      certificate.checkIssued(authority.certificate) && certificate.verify(authority.certificate.publicKey),
  );
  if (issuer === undefined) return `${entryNames.certificate} is not signed by a CA in ${entryNames.bundle}`;
  return {
    certificatePem,
    keyPem: new Redacted(keyPem),
    fingerprint256: certificate.fingerprint256,
    notBeforeMs,
    notAfterMs,
    names: certificate.subjectAltName ?? "",
    issuer,
  };
}

function publicKeyOf(keyPem: string | undefined) {
  try {
    return keyPem === undefined ? undefined : createPublicKey(createPrivateKey(keyPem));
  } catch {
    return undefined;
  }
}
