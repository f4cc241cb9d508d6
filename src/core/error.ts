/**
 * The closed set of codes a {@link PullguardError} can carry. Callers compare codes, never texts.
 *
 * - `InputInvalid`        a manifest, image list or flag the person gave cannot be used (exit 2, HTTP 400)
 * - `ReviewInvalid`       a request body is no AdmissionReview v1 (HTTP 400)
 * - `ConfigInvalid`       Pullguard's own configuration is wrong
 * - `NodeConfigInvalid`   a node's file cannot be read or parsed
 * - `CertificateInvalid`  the serving certificate or key cannot be used
 * - `ClusterUnavailable`  the API server does not answer or refuses
 * - `Internal`            a fault of Pullguard itself
 */
export type ErrorCode =
  | "InputInvalid"
  | "ReviewInvalid"
  | "ConfigInvalid"
  | "NodeConfigInvalid"
  | "CertificateInvalid"
  | "ClusterUnavailable"
  | "Internal";

/** The one error class of this project: a stable code, a message for people (never a credential), the cause kept. */
export class PullguardError extends Error {
  override readonly name = "PullguardError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
