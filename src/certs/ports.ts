import type { SecretValues } from "./kept.js";

/** The one Secret that certificates are kept in, as it was heard of last. */
export type CertificateSecret =
  | { readonly kind: "unknown"; readonly reason: string }
  | { readonly kind: "absent" }
  /** `token` is what the port needs to replace just this version. */
  | { readonly kind: "found"; readonly values: SecretValues; readonly token: unknown };

/** `lost`: somebody else was faster, which is no fault. */
export type WriteOutcome = "written" | "lost";

/** Port: a Secret that is followed. */
export interface CertificateSecretPort {
  current(): CertificateSecret;
  /** Hears every change of what `current` says. */
  onChange(listener: () => void): () => void;
  /**
   * Makes the Secret, or replaces the entries given of the version that was found; others stay.
   * @throws whatever keeps it from being written, with a message for people that holds no value
   */
  write(
    before: Exclude<CertificateSecret, { kind: "unknown" }>,
    values: SecretValues,
    signal: AbortSignal,
  ): Promise<WriteOutcome>;
}

/** Something in the cluster that says which CAs an API server trusts: a webhook configuration. */
export interface BundleHolder {
  /** For people, and to tell holders apart: `ValidatingWebhookConfiguration pullguard`. */
  readonly name: string;
  /** The bundle of each webhook in it, PEM; "" where there is none. */
  readonly bundles: readonly string[];
  readonly token: unknown;
}

/** Port: the holders there are, which are followed. */
export interface BundlePort {
  /** A text says why they are not known. */
  current(): readonly BundleHolder[] | string;
  onChange(listener: () => void): () => void;
  /** Makes `pem` the bundle of every webhook of a holder, unless the holder has changed in a way that matters. Throws as above. */
  write(holder: BundleHolder, pem: string, signal: AbortSignal): Promise<WriteOutcome>;
}

/** Port: whether this process is the one that makes certificates. */
export interface Leadership {
  isLeader(): boolean;
  onChange(listener: (isLeader: boolean) => void): () => void;
}
