import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { access, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, PullguardError, Redacted } from "../core/index.js";
import type { ServingCertificates } from "./make.js";

/** The file names of a `kubernetes.io/tls` Secret when it is mounted. */
const caFile = "ca.crt";
const certificateFile = "tls.crt";
const keyFile = "tls.key";

/** The pair a server can serve at once, with what is worth knowing of it. Times in milliseconds since the epoch. */
export interface ServingPair {
  readonly certificatePem: string;
  readonly keyPem: Redacted<string>;
  /** SHA-256 over the leaf's DER, colon-separated upper-case hex. */
  readonly fingerprint256: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Subject alternative names as OpenSSL prints them: `DNS:a, IP Address:127.0.0.1`. */
  readonly names: string;
}

/**
 * Writes `ca.crt`, `tls.crt` and `tls.key` (readable by the owner alone) into a folder, making it if need be. Each file
 * appears complete or not at all.
 * @param force  replaces files that exist
 * @returns `caBundle` for the webhook configuration and the paths written
 * @throws PullguardError `InputInvalid` if one of the files exists and `force` is false; nothing is written then.
 *   `CertificateInvalid` if the folder cannot be written
 */
export async function writeServingCertificates(
  directory: string,
  certificates: ServingCertificates,
  force: boolean,
): Promise<{ readonly caBundle: string; readonly files: readonly string[] }> {
  const targets = [
    { path: join(directory, caFile), text: certificates.caPem, mode: 0o644 },
    { path: join(directory, certificateFile), text: certificates.certificatePem, mode: 0o644 },
    { path: join(directory, keyFile), text: certificates.keyPem.reveal(), mode: 0o600 },
  ];
  if (!force) {
    for (const { path } of targets) {
      if (await exists(path)) {
        throw new PullguardError("InputInvalid", `${path} exists already, use force to replace it`);
      }
    }
  }
  try {
    await mkdir(directory, { recursive: true });
    for (const target of targets) {
      await replaceFile(target.path, target.text, target.mode);
    }
  } catch (error) {
    throw new PullguardError("CertificateInvalid", `${directory} cannot be written: ${codeOf(error)}`, {
      cause: error,
    });
  }
  return { caBundle: certificates.caBundle, files: targets.map(({ path }) => path) };
}

/**
 * Reads `tls.crt` and `tls.key` of a folder and makes sure that they can be served: both readable, belonging together,
 * valid now.
 * @throws PullguardError `CertificateInvalid` naming the file and the reason
 */
export async function loadServingPair(directory: string, clock: Pick<Clock, "nowMs">): Promise<ServingPair> {
  const paths = { certificate: join(directory, certificateFile), key: join(directory, keyFile) };
  const certificatePem = await readPem(paths.certificate);
  const keyPem = new Redacted(await readPem(paths.key));
  const certificate = parseCertificate(paths.certificate, certificatePem);
  const key = parseKey(paths.key, keyPem);
  if (!certificate.publicKey.equals(createPublicKey(key))) {
    throw invalid(paths.key, `is not the key of the certificate in ${paths.certificate}`);
  }
  const notBeforeMs = Date.parse(certificate.validFrom);
  const notAfterMs = Date.parse(certificate.validTo);
  const nowMs = clock.nowMs();
  if (nowMs < notBeforeMs) {
    throw invalid(paths.certificate, `is not valid before ${new Date(notBeforeMs).toISOString()}`);
  }
  if (nowMs > notAfterMs) {
    throw invalid(paths.certificate, `expired at ${new Date(notAfterMs).toISOString()}`);
  }
  return {
    certificatePem,
    keyPem,
    fingerprint256: certificate.fingerprint256,
    notBeforeMs,
    notAfterMs,
    names: certificate.subjectAltName ?? "",
  };
}

function parseCertificate(path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw invalid(path, "holds no PEM certificate", error);
  }
}

function parseKey(path: string, pem: Redacted<string>): KeyObject {
  try {
    return createPrivateKey(pem.reveal());
  } catch (error) {
    throw invalid(path, "holds no PEM private key that can be read without a passphrase", error);
  }
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw invalid(path, `cannot be read: ${codeOf(error)}`, error);
  }
}

async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.new`;
  // A draft left over from a crash could have wider rights than `mode`, which only applies to a file that is created.
  await rm(draft, { force: true });
  await writeFile(draft, text, { mode, flag: "wx" });
  await rename(draft, path);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") {
      return false;
    }
    throw new PullguardError("CertificateInvalid", `${path} cannot be looked at: ${codeOf(error)}`, { cause: error });
  }
}

function invalid(path: string, reason: string, cause?: unknown): PullguardError {
  return new PullguardError("CertificateInvalid", `${path} ${reason}`, cause === undefined ? undefined : { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown reason";
}
