import type { RegistryHost } from "../node/index.js";
import type { FailureReason, NotFoundHints } from "../prediction/index.js";
import { repositoryName } from "../reference/index.js";
import { type Diagnosis, type DiagnosisContext, diagnose, hostLabel } from "./diagnosis.js";
import { shortDigest } from "./short-digest.js";

/** Every host that was asked says 404. */
export function diagnoseNotFound(
  host: RegistryHost,
  hints: NotFoundHints | undefined,
  context: DiagnosisContext,
): Diagnosis {
  const { reference } = context;
  const name = hostLabel(host, reference);
  const repository = host.meaning ?? repositoryName(reference);
  if (reference.digest !== undefined) {
    return diagnose("DigestNotFound", context, {
      message: `${name} has no manifest ${shortDigest(reference.digest)} in ${repository}`,
    });
  }
  if (hints?.repository === "missing") {
    return diagnose("RepositoryNotFound", context, {
      message: `${name} has no repository ${host.repository ?? reference.path}`,
    });
  }
  const similar = hints?.similarTags ?? [];
  return diagnose("TagNotFound", context, {
    message: `${repository} has no tag ${reference.tag ?? "latest"}${similar.length === 0 ? "" : `; similar: ${similar.join(", ")}`}`,
    ...(similar[0] === undefined
      ? {}
      : { fix: `Use the tag ${similar[0]}, or push ${repository}:${reference.tag ?? "latest"}.` }),
  });
}

/** An HTTP status that is neither 401, 403 nor 404. */
export function diagnoseStatus(
  reason: Extract<FailureReason, { kind: "status" }>,
  host: RegistryHost,
  context: DiagnosisContext,
): Diagnosis {
  const name = hostLabel(host, context.reference);
  const { status } = reason;
  if (status === 429) {
    const wait = reason.retryAfterSeconds === undefined ? "" : `; it asks to wait ${reason.retryAfterSeconds} s`;
    return diagnose("RegistryRateLimited", context, { message: `${name} limits the rate of pulls (429)${wait}` });
  }
  if (status >= 500) return diagnose("RegistryUnavailable", context, { message: `${name} answers ${status}` });
  if (status < 400 || passing.has(status)) {
    return diagnose("RegistryProtocolError", context, {
      message: `${name} answers ${status} to a request for a manifest`,
    });
  }
  return diagnose("RegistryRejected", context, {
    message: `${name} refuses the request with ${status}${firstError(reason)}`,
  });
}

/** Client errors that may pass by themselves: proxy authentication, timeouts, misdirected or early requests. */
const passing: ReadonlySet<number> = new Set([407, 408, 421, 423, 425]);

function firstError({ errors }: Extract<FailureReason, { kind: "status" }>): string {
  const [first] = errors;
  return first === undefined ? "" : ` (${first.code})`;
}
