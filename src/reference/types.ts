/**
 * An image reference after the kubelet's and containerd's normalisation.
 * `domain` is never rewritten to the host that is dialled (docker.io stays docker.io).
 */
export interface ImageReference {
  /** As the manifest has it. */
  readonly written: string;
  /** `docker.io`, `registry.example.com:5000`, … upper case kept. */
  readonly domain: string;
  /** Repository path without domain, `library/nginx`. */
  readonly path: string;
  /** The tag as written, or `latest` where neither tag nor digest was written. Kept beside a digest. */
  readonly tag?: string;
  /** `sha256:…`; where present it alone decides what is pulled. */
  readonly digest?: string;
}

/**
 * Which distribution grammar applies: `legacy` (kubelet up to about 1.29, containerd 1.6 and early 1.7; the 255 limit
 * counts domain and path, an upper-case first component is no domain) or `current` (distribution/reference 0.6.0).
 */
export type ReferenceGrammar = "legacy" | "current";

/** Why a string is no image reference; `message` is the runtime's own wording. */
export interface ReferenceFault {
  readonly code: "InvalidFormat" | "UppercaseName" | "NameTooLong" | "BareHexName" | "InvalidDigest" | "EmptyName";
  readonly message: string;
}

export type ReferenceParse =
  | { readonly kind: "reference"; readonly reference: ImageReference }
  | { readonly kind: "invalid"; readonly fault: ReferenceFault };
