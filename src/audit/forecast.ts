import { X509Certificate } from "node:crypto";
import { type CredentialExpiry, credentialExpiry, type RegistryCredential } from "../credentials/index.js";
import type { HostTls } from "../node/index.js";
import type { ServedCertificate } from "../registry/index.js";
import type { ExpiryForecast } from "./types.js";

/**
 * What of a registry's certificates ends when: the one it serves, those between, and the authority above them, served or among what the
 * nodes trust. Of several authorities that would do, the one that lasts longest counts.
 * @param host address that was looked at
 * @param trust of the nodes
 */
export function certificateForecasts(
  registry: string,
  host: string,
  chain: readonly ServedCertificate[],
  trust: readonly Pick<HostTls, "extraCaPems" | "systemRoots">[],
): readonly ExpiryForecast[] {
  const forecasts = chain.map(({ subject, validTo, selfIssued, isAuthority }, index) =>
    forecast(registry, index === 0 ? "certificate" : selfIssued && isAuthority ? "authority" : "intermediate", {
      name: `${host}: ${subject}`,
      expires: isoDate(validTo),
    }),
  );
  const top = chain.at(-1);
  if (top === undefined || (top.selfIssued && chain.length > 1)) return forecasts;
  const anchor = anchorOf(top.pem, trust);
  return anchor === undefined
    ? forecasts
    : [...forecasts, forecast(registry, "authority", { ...anchor, name: `${host}: ${anchor.name}` })];
}

function forecast(
  registry: string,
  what: ExpiryForecast["what"],
  { name, expires }: { readonly name: string; readonly expires: string | null },
): ExpiryForecast {
  return { what, registry, name, expires, note: null };
}

function anchorOf(
  pem: string,
  trust: readonly Pick<HostTls, "extraCaPems" | "systemRoots">[],
): { readonly name: string; readonly expires: string | null } | undefined {
  const top = certificateOf(pem);
  if (top === undefined) return undefined;
  const pems = new Set(trust.flatMap(({ extraCaPems, systemRoots }) => [...extraCaPems, ...(systemRoots?.pems ?? [])]));
  let best: X509Certificate | undefined;
  for (const bundle of pems) {
    for (const [one] of bundle.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)) {
      const found = certificateOf(one);
      if (found === undefined || !(top.checkIssued(found) || found.fingerprint256 === top.fingerprint256)) continue;
      if (best === undefined || Date.parse(found.validTo) > Date.parse(best.validTo)) best = found;
    }
  }
  return best === undefined ? undefined : { name: best.subject.split("\n").join(", "), expires: isoDate(best.validTo) };
}

function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function isoDate(text: string): string | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/** What of the credentials for a registry ends when; each Secret's entry once. */
export function credentialForecasts(
  registry: string,
  credentials: Iterable<RegistryCredential>,
): readonly ExpiryForecast[] {
  const found = new Map<string, ExpiryForecast>();
  for (const credential of credentials) {
    const { origin } = credential;
    const place = origin.kind === "secret" ? `Secret ${origin.namespace}/${origin.name}` : origin.file;
    const name = `${place} (${origin.key})`;
    const end: CredentialExpiry = credentialExpiry(credential, registry);
    if (end.kind === "none") continue;
    const expires = end.kind === "at" ? new Date(end.expiresMs).toISOString() : null;
    found.set(name, { what: "credential", registry, name, expires, note: end.note });
  }
  return [...found.values()];
}
