import { isIP } from "node:net";
import { generate } from "selfsigned";

/** What a certificate shall say. Dates default to one hour ago and to one day ahead. */
export interface CertificateWish {
  /** DNS names and IP addresses of the subjectAltName; an empty list leaves the extension out. */
  readonly names: readonly string[];
  readonly commonName?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** A leaf with its key. `chainPem` is what a server sends: the leaf, then the intermediates, without the root. */
export interface IssuedCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly chainPem: string;
}

/** A certificate authority for one test file; its keys live in memory only. */
export interface Authority {
  readonly certificatePem: string;
  issue(wish: CertificateWish): Promise<IssuedCertificate>;
  /** An authority below this one. What it issues brings its certificate along in `chainPem`. */
  intermediate(name?: string): Promise<Authority>;
}

interface Signer {
  readonly cert: string;
  readonly key: string;
}

const hourMs = 3_600_000;

function usages(authority: boolean): NonNullable<Parameters<typeof generate>[1]>["extensions"] {
  return authority
    ? [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "keyUsage", keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
      ]
    : [
        { name: "basicConstraints", cA: false, critical: true },
        { name: "keyUsage", digitalSignature: true, critical: true },
        { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      ];
}

async function make(wish: CertificateWish, authority: boolean, signer?: Signer): Promise<Signer> {
  const altNames = wish.names.map((name) =>
    isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name },
  );
  const made = await generate([{ name: "commonName", value: wish.commonName ?? wish.names[0] ?? "nameless" }], {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: wish.notBefore ?? new Date(Date.now() - hourMs),
    notAfterDate: wish.notAfter ?? new Date(Date.now() + 24 * hourMs),
    extensions: [
      ...(usages(authority) ?? []),
      ...(altNames.length > 0 ? [{ name: "subjectAltName" as const, altNames }] : []),
    ],
    ...(signer ? { ca: signer } : {}),
  });
  return { cert: `${made.cert.trim()}\n`, key: made.private };
}

function authorityOf(own: Signer, intermediatesPem: string): Authority {
  return {
    certificatePem: own.cert,
    async issue(wish) {
      const leaf = await make(wish, false, own);
      return { certificatePem: leaf.cert, keyPem: leaf.key, chainPem: leaf.cert + intermediatesPem };
    },
    async intermediate(name = "Test Intermediate") {
      const below = await make({ names: [], commonName: name }, true, own);
      return authorityOf(below, below.cert + intermediatesPem);
    },
  };
}

/** A fresh root authority with an EC key. `name` becomes the common name: plain letters, no commas. */
export async function createAuthority(name: string): Promise<Authority> {
  return authorityOf(await make({ names: [], commonName: name }, true), "");
}

/** A server certificate that signs for itself, no authority involved. */
export async function selfSigned(wish: CertificateWish): Promise<IssuedCertificate> {
  const own = await make(wish, false);
  return { certificatePem: own.cert, keyPem: own.key, chainPem: own.cert };
}
