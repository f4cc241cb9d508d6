import { createHmac, X509Certificate } from "node:crypto";
import { createSecureContext, DEFAULT_CIPHERS, rootCertificates, type SecureContext } from "node:tls";
import { LRUCache } from "lru-cache";
import type { HostTls, SystemRoots } from "../node/index.js";

/** TLS settings ready for use, or why OpenSSL refused them (its code only). `key` names the settings without secrets. */
export type Trust =
  | { readonly kind: "usable"; readonly key: string; readonly context: SecureContext; readonly verify: boolean }
  | { readonly kind: "unusable"; readonly key: string; readonly code: string };

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Builds and remembers TLS settings. Two hosts with the same settings share one context, and so connections and tokens.
 * @param systemCaPems  roots of hosts that bring none of their node; undefined: those that come with Node
 * @param identityKey   key under which settings are hashed, since client keys are among them
 */
export function createTrustStore(systemCaPems: readonly string[] | undefined, identityKey: string) {
  const keys = new WeakMap<HostTls, string>();
  const stores = new WeakMap<SystemRoots, readonly string[]>();
  const defaults = systemCaPems?.flatMap(readableCertificates);
  const trusts = new LRUCache<string, Trust>({ max: 64 });

  function keyOf(tls: HostTls): string {
    let key = keys.get(tls);
    if (key === undefined) {
      const hash = createHmac("sha256", identityKey).update(tls.verify ? "verify" : "skip");
      if (tls.systemRoots !== undefined) hash.update("\0roots").update(tls.systemRoots.id);
      for (const pem of tls.extraCaPems) hash.update("\0ca").update(pem);
      for (const pair of tls.clientCertificates) {
        hash.update("\0client").update(pair.certificatePem).update("\0key").update(pair.keyPem.reveal());
      }
      key = hash.digest("hex");
      keys.set(tls, key);
    }
    return key;
  }

  /** A node has well over a hundred, the same for all its hosts: they are looked at once. */
  function rootsFor({ systemRoots }: HostTls): readonly string[] | undefined {
    if (systemRoots === undefined) return defaults;
    let roots = stores.get(systemRoots);
    if (roots === undefined) {
      roots = systemRoots.pems.flatMap(readableCertificates);
      stores.set(systemRoots, roots);
    }
    return roots;
  }

  return {
    keyOf,
    trustFor(tls: HostTls): Trust {
      const key = keyOf(tls);
      let trust = trusts.get(key);
      if (trust === undefined) {
        trust = buildTrust(tls, key, rootsFor(tls));
        trusts.set(key, trust);
      }
      return trust;
    },
  };
}

function buildTrust(tls: HostTls, key: string, roots: readonly string[] | undefined): Trust {
  const extra = tls.extraCaPems.flatMap(readableCertificates);
  const [client] = tls.clientCertificates;
  try {
    const context = createSecureContext({
      // Go takes every certificate of its pool as an anchor, intermediates and leaves too.
      allowPartialTrustChain: true,
      minVersion: "TLSv1.2",
      // OpenSSL 3.2 raised its default to level 2, which refuses 1024-bit keys that Go accepts.
      ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=1`,
      ...(roots !== undefined || extra.length > 0 ? { ca: [...(roots ?? rootCertificates), ...extra] } : {}),
      ...(client === undefined ? {} : { cert: client.certificatePem, key: client.keyPem.reveal() }),
    });
    return { kind: "usable", key, context, verify: tls.verify };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    return { kind: "unusable", key, code };
  }
}

/** The certificates of a PEM file that can be read; the rest is skipped, as Go's AppendCertsFromPEM does. */
function readableCertificates(pem: string): readonly string[] {
  return (pem.match(pemBlock) ?? []).filter((block) => {
    try {
      return new X509Certificate(block).raw.length > 0;
    } catch {
      return false;
    }
  });
}
