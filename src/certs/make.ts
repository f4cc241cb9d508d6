import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { generate } from "selfsigned";
import { type Clock, PullguardError, Redacted } from "../core/index.js";

/** For whom and how long. `names` are DNS names or IP addresses; the first is the one that people read. */
export interface ServingCertificateOrder {
  readonly names: readonly string[];
  readonly days: number;
  readonly clock: Pick<Clock, "nowMs">;
  /** `ec` is P-256, `rsa` has 2048 bits. */
  readonly keyType?: "ec" | "rsa";
}

/** A CA certificate, a server certificate signed by it and the server's key; PEM. The CA's own key is thrown away. */
export interface ServingCertificates {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: Redacted<string>;
  /** `caBundle` of a webhook configuration: `caPem` in base64. */
  readonly caBundle: string;
}

/** A certificate with its key; PEM. */
export interface KeyedCertificate {
  readonly certificatePem: string;
  readonly keyPem: Redacted<string>;
}

/** When a certificate is valid, in milliseconds since 1970; certificates hold whole seconds. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

type KeyType = "ec" | "rsa";

const dayMs = 86_400_000;
/** Clocks of API servers may lag behind the machine on which the certificate is made. */
export const backdatedMs = 3_600_000;
const longestDays = 3_650;

/**
 * Makes what a webhook needs to be called by the API server: a CA for `caBundle` and a certificate for `names`.
 * Each call makes a new CA under a new name, so that old and new bundles can be trusted side by side.
 * @throws PullguardError `InputInvalid` for names or days that no certificate can have
 */
export async function makeServingCertificates(order: ServingCertificateOrder): Promise<ServingCertificates> {
  const { names, days, clock, keyType = "ec" } = order;
  requireDays(days);
  const nowMs = clock.nowMs();
  const validity = { notBeforeMs: nowMs - backdatedMs, notAfterMs: nowMs + days * dayMs };
  requireNames(names);
  const authority = await makeAuthority(validity, keyType);
  const leaf = await issueServing(authority, names, validity, keyType);
  const caPem = authority.certificatePem;
  return { caPem, ...leaf, caBundle: Buffer.from(caPem).toString("base64") };
}

/** Makes a CA with a name of its own, which may sign certificates of servers but no other CA. */
export async function makeAuthority(validity: Validity, keyType: KeyType = "ec"): Promise<KeyedCertificate> {
  const name = `pullguard-ca-${randomBytes(6).toString("hex")}`;
  const made = await generate([{ name: "commonName", value: name }], {
    ...shape(validity, keyType),
    extensions: [
      { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { certificatePem: withFinalNewline(made.cert), keyPem: new Redacted(made.private) };
}

/**
 * Makes a server's key and has an authority sign a certificate for it.
 * @throws PullguardError `InputInvalid` for names that no certificate can have
 */
export async function issueServing(
  authority: KeyedCertificate,
  names: readonly string[],
  validity: Validity,
  keyType: KeyType = "ec",
): Promise<KeyedCertificate> {
  requireNames(names);
  // A common name holds 64 characters at most and nobody verifies it any more: the names are in the SAN.
  const made = await generate([{ name: "commonName", value: "pullguard-webhook" }], {
    ...shape(validity, keyType),
    ca: { key: authority.keyPem.reveal(), cert: authority.certificatePem },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: keyType === "rsa", critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: names.map(alternativeName) },
    ],
  });
  return { certificatePem: withFinalNewline(made.cert), keyPem: new Redacted(made.private) };
}

function shape({ notBeforeMs, notAfterMs }: Validity, keyType: KeyType) {
  return {
    keyType,
    curve: "P-256",
    keySize: 2048,
    algorithm: "sha256",
    notBeforeDate: new Date(notBeforeMs),
    notAfterDate: new Date(notAfterMs),
  } as const;
}

function alternativeName(name: string) {
  return isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name };
}

function requireNames(names: readonly string[]): void {
  if (names.length === 0) {
    throw new PullguardError("InputInvalid", "a serving certificate needs at least one name");
  }
  for (const name of names) {
    if (isIP(name) === 0 && !isDnsName(name)) {
      throw new PullguardError("InputInvalid", `${JSON.stringify(name)} is neither a DNS name nor an IP address`);
    }
  }
}

function requireDays(days: number): void {
  if (!Number.isInteger(days) || days < 1 || days > longestDays) {
    throw new PullguardError("InputInvalid", `a serving certificate lasts 1 to ${longestDays} whole days, not ${days}`);
  }
}

function isDnsName(name: string): boolean {
  const labels = name.split(".");
  const [first, ...rest] = labels;
  const named = first === "*" && rest.length > 0 ? rest : labels;
  return name.length <= 253 && named.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
}

function withFinalNewline(pem: string): string {
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}
