import { Redacted } from "../core/index.js";
import { joinBundles, parseBundle, renderBundle, type TrustedAuthority } from "./bundle.js";
import { entryNames, type IssuedPair, type KeptCertificates, type SecretValues } from "./kept.js";
import { backdatedMs, issueServing, type KeyedCertificate, makeAuthority } from "./make.js";

/** How long certificates last and new CAs are known before they are needed; milliseconds. */
export interface CertificateLives {
  readonly authorityMs: number;
  readonly servingMs: number;
  /** So long a CA is in every webhook configuration before a certificate that it signed is served. */
  readonly publishedMs: number;
}

/**
 * A leaked serving key is of use for three months at most, and a renewal that fails has a month to be noticed and mended. A CA
 * lasts as long as a year, so that the key in the Secret is replaced about every nine months. API servers hear of a changed
 * configuration within a second; a minute covers those that have just come back.
 */
export const usualLives: CertificateLives = {
  authorityMs: 365 * 86_400_000,
  servingMs: 90 * 86_400_000,
  publishedMs: 60_000,
};

/** What the one that makes certificates knows beside the Secret. */
export interface RotationView {
  readonly nowMs: number;
  /** DNS names of the server, the one that is called first. */
  readonly names: readonly string[];
  readonly lives: CertificateLives;
  /** What this process could serve last; used when the Secret is lost, so that a new CA still gets known before it is needed. */
  readonly remembered?: { readonly pair: IssuedPair; readonly authorities: readonly TrustedAuthority[] };
  /** Milliseconds since each CA, by fingerprint, is in every webhook configuration; undefined where it is not. */
  readonly publishedForMs: (fingerprint256: string) => number | undefined;
}

/** What to write, and why; or when to look again. */
export type RotationStep =
  | { readonly kind: "wait"; readonly untilMs: number }
  | { readonly kind: "write"; readonly values: SecretValues; readonly reason: string };

/**
 * The next step from what the Secret holds. A new CA comes in beside the old one and signs nothing at first; once it is known for
 * long enough, the next certificate is signed by it. A certificate never outlives its CA, so a CA leaves when it has expired:
 * by then nobody can serve a certificate that it signed, not even a replica that has seen no change for months.
 * @param kept  undefined where there is no Secret, or nothing in it
 */
export async function nextStep(kept: KeptCertificates | undefined, view: RotationView): Promise<RotationStep> {
  const { nowMs, lives, publishedForMs } = view;
  const authorities = knownAuthorities(kept, view);
  const pair = usablePair(kept, authorities, view);
  const signer = kept?.signer;
  if (signer === undefined || signer.notAfterMs - nowMs < lives.servingMs) {
    return await withNewAuthority({ authorities, ...(pair === undefined ? {} : { pair }) }, kept, view);
  }
  const bundle = joinBundles([signer], authorities);
  if (pair === undefined) {
    return write(bundle, signer, await issue(signer, view), reasonOf(kept));
  }
  const isNewSigner = pair.issuer.fingerprint256 !== signer.fingerprint256;
  const knownMs = publishedForMs(signer.fingerprint256);
  if (isNewSigner && knownMs !== undefined && knownMs >= lives.publishedMs) {
    return write(bundle, signer, await issue(signer, view), "the new CA is known, its first certificate is served");
  }
  const renewMs = pair.notAfterMs - Math.min(lives.servingMs, pair.notAfterMs - pair.notBeforeMs) / 3;
  if (nowMs >= renewMs) {
    // While a new CA gets known, the certificate of the old one still holds for months.
    if (!isNewSigner) return write(bundle, signer, await issue(signer, view), "the serving certificate is renewed");
  }
  if (kept?.pair === undefined || kept.bundleText !== renderBundle(bundle)) {
    return write(bundle, signer, pair, reasonOf(kept));
  }
  const waitMs = isNewSigner ? Math.max(0, lives.publishedMs - (knownMs ?? 0)) : renewMs - nowMs;
  return { kind: "wait", untilMs: nowMs + Math.min(waitMs, signer.notAfterMs - lives.servingMs - nowMs) };
}

/** A Secret that can sign says itself whom to trust; of one that cannot, whatever was trusted before stays trusted. */
function knownAuthorities(
  kept: KeptCertificates | undefined,
  { remembered, nowMs }: RotationView,
): readonly TrustedAuthority[] {
  if (kept?.signer !== undefined) return kept.authorities;
  const before = remembered?.authorities.filter(({ notAfterMs }) => nowMs < notAfterMs) ?? [];
  return joinBundles(kept?.authorities ?? [], before);
}

/** What is served until a new CA is known: the Secret's pair, or the one that this process remembers. */
function usablePair(
  kept: KeptCertificates | undefined,
  authorities: readonly TrustedAuthority[],
  { remembered, nowMs }: RotationView,
): IssuedPair | undefined {
  if (kept?.pair !== undefined) return kept.pair;
  const pair = remembered?.pair;
  if (pair === undefined || nowMs >= pair.notAfterMs) return undefined;
  return authorities.some(({ fingerprint256 }) => fingerprint256 === pair.issuer.fingerprint256) ? pair : undefined;
}

async function withNewAuthority(
  before: { readonly authorities: readonly TrustedAuthority[]; readonly pair?: IssuedPair },
  kept: KeptCertificates | undefined,
  view: RotationView,
): Promise<RotationStep> {
  const { nowMs, lives } = view;
  const made = await makeAuthority({ notBeforeMs: nowMs - backdatedMs, notAfterMs: nowMs + lives.authorityMs });
  const bundle = joinBundles(parseBundle(made.certificatePem), before.authorities);
  if (before.pair !== undefined) {
    const isRotation = kept?.signer !== undefined;
    return write(bundle, made, before.pair, isRotation ? "a new CA takes over" : reasonOf(kept));
  }
  return write(bundle, made, await issue({ ...made, notAfterMs: nowMs + lives.authorityMs }, view), reasonOf(kept));
}

function issue(signer: KeyedCertificate & { readonly notAfterMs: number }, { names, nowMs, lives }: RotationView) {
  const notAfterMs = Math.min(nowMs + lives.servingMs, signer.notAfterMs);
  return issueServing(signer, names, { notBeforeMs: nowMs - backdatedMs, notAfterMs });
}

function reasonOf(kept: KeptCertificates | undefined): string {
  if (kept === undefined) return "there was no pair";
  return kept.faults.length === 0 ? "CAs that have expired are removed" : kept.faults.join("; ");
}

function write(
  bundle: readonly TrustedAuthority[],
  signer: KeyedCertificate,
  pair: KeyedCertificate,
  reason: string,
): RotationStep {
  const values = new Redacted({
    [entryNames.certificate]: pair.certificatePem,
    [entryNames.key]: pair.keyPem.reveal(),
    [entryNames.bundle]: renderBundle(bundle),
    [entryNames.authorityKey]: signer.keyPem.reveal(),
  });
  return { kind: "write", values, reason };
}
