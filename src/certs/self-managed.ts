import type { Clock, Redacted } from "../core/index.js";
import type { TrustedAuthority } from "./bundle.js";
import { type KeeperEvent, keepCertificates } from "./keeper.js";
import { type IssuedPair, isBlank, readKept } from "./kept.js";
import { makeServingCertificates } from "./make.js";
import type { BundlePort, CertificateSecretPort, Leadership } from "./ports.js";
import { type CertificateLives, usualLives } from "./rotation.js";

/** What became of the certificates, for a log. */
export type SelfManagedEvent =
  | KeeperEvent
  | { readonly kind: "serving"; readonly fingerprint256: string; readonly notAfterMs: number }
  /** The Secret cannot be served from; what was served before still is. */
  | { readonly kind: "unusable"; readonly reason: string };

export interface SelfManagedDeps {
  readonly secret: CertificateSecretPort;
  readonly bundles: BundlePort;
  readonly leadership: Leadership;
  /** DNS names of the server, the one that the API server calls first. */
  readonly names: readonly string[];
  readonly clock: Clock;
  /** Milliseconds of a clock that nobody sets; the wall clock where absent. */
  readonly steadyMs?: () => number;
  /** From 0 to 1, for waits that differ between replicas; Math.random unless told otherwise. */
  readonly random?: () => number;
  readonly lives?: CertificateLives;
  readonly onEvent?: (event: SelfManagedEvent) => void;
}

/** The pair of the Secret as it changes. */
export interface SelfManagedCertificates {
  /** Until there is a pair, one that nobody trusts: probes do not verify, and the server is live while it waits. */
  current(): { readonly certificatePem: string; readonly keyPem: Redacted<string> };
  onChange(
    listener: (pair: { readonly certificatePem: string; readonly keyPem: Redacted<string> }) => void,
  ): () => void;
  /** When what is served expires, in milliseconds since 1970; undefined while there is no pair. */
  notAfterMs(): number | undefined;
  /** Why a server should not be sent requests now. */
  notReady(): string | undefined;
  stop(): void;
}

/** A configuration that cannot be changed must not keep a server from being ready for good. */
const longestPublicationMs = 30_000;

/**
 * Serves from a Secret, which every replica follows, and has the leader of the replicas make, renew and repair it. Starts at
 * once and never rejects for what is in the cluster: while there is no pair it waits for one.
 */
export async function openSelfManaged(deps: SelfManagedDeps): Promise<SelfManagedCertificates> {
  const { secret, names, clock, steadyMs = () => clock.nowMs(), onEvent } = deps;
  const placeholder = await makeServingCertificates({ names, days: 1, clock });
  const listeners = new Set<(pair: IssuedPair) => void>();
  let served: { readonly pair: IssuedPair; readonly authorities: readonly TrustedAuthority[] } | undefined;
  let unusable = "";
  let servedSinceMs = 0;
  let isPublished = false;

  const refuse = (reason: string): void => {
    if (reason !== unusable) onEvent?.({ kind: "unusable", reason });
    unusable = reason;
  };
  const adopt = (): void => {
    const found = secret.current();
    if (found.kind !== "found") return;
    if (isBlank(found.values)) {
      unusable = "the Secret is empty";
      return;
    }
    const { pair, authorities, faults } = readKept(found.values, names[0] ?? "", clock.nowMs());
    if (pair === undefined) {
      refuse(faults.join("; "));
      return;
    }
    unusable = "";
    const isSame = served?.pair.fingerprint256 === pair.fingerprint256;
    try {
      // A listener may refuse what only OpenSSL can judge; the old pair then stays.
      if (!isSame) for (const listener of listeners) listener(pair);
    } catch {
      refuse("OpenSSL does not take the pair");
      return;
    }
    served = { pair, authorities };
    if (isSame) return;
    servedSinceMs = steadyMs();
    onEvent?.({ kind: "serving", fingerprint256: pair.fingerprint256, notAfterMs: pair.notAfterMs });
  };
  const forget = secret.onChange(adopt);
  adopt();
  const stopKeeping = keepCertificates({
    ...deps,
    steadyMs,
    lives: deps.lives ?? usualLives,
    random: deps.random ?? Math.random,
    remembered: () => served,
    onEvent: (event) => onEvent?.(event),
  });

  const untrusted = (pair: IssuedPair): string | undefined => {
    const holders = deps.bundles.current();
    if (typeof holders === "string") return undefined;
    return holders.find(({ bundles }) => bundles.some((bundle) => !bundle.includes(pair.issuer.pem)))?.name;
  };
  return {
    current: () => served?.pair ?? placeholder,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    notAfterMs: () => served?.pair.notAfterMs,
    notReady: () => {
      // What the Secret holds may have become valid by time alone.
      if (served === undefined || clock.nowMs() >= served.pair.notAfterMs) adopt();
      if (served === undefined) return `there is no serving certificate yet: ${unusable || waitingFor(secret)}`;
      if (clock.nowMs() >= served.pair.notAfterMs) return "the serving certificate has expired";
      const holder = isPublished ? undefined : untrusted(served.pair);
      isPublished ||= holder === undefined || steadyMs() - servedSinceMs > longestPublicationMs;
      return isPublished ? undefined : `${holder} does not trust the serving certificate yet`;
    },
    stop: () => {
      forget();
      stopKeeping();
    },
  };
}

function waitingFor(secret: CertificateSecretPort): string {
  const found = secret.current();
  return found.kind === "unknown" ? found.reason : "the Secret has not been made";
}
