import type { RegistryHost } from "../node/index.js";
import type { ContentProblem, FailureReason, NotFoundHints } from "../prediction/index.js";
import { repositoryName } from "../reference/index.js";
import { type Diagnosis, type DiagnosisContext, diagnose, hostLabel } from "./diagnosis.js";

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

/** The reference resolves, but what it leads to cannot be pulled. */
export function diagnoseContent(problem: ContentProblem, host: RegistryHost, context: DiagnosisContext): Diagnosis {
  const name = hostLabel(host, context.reference);
  const repository = repositoryName(context.reference);
  switch (problem.kind) {
    case "platform-missing":
      return diagnose("PlatformNotFound", context, {
        message: `the image exists for ${listed(problem.offered)}, not for ${problem.wanted}`,
        fix: `Build ${repository} for ${problem.wanted}, or select nodes by kubernetes.io/arch.`,
        // Runtimes before containerd 2.1 fall back to 32-bit entries, later ones do not.
        ...doubtIf(context.profile.runtimeIsAssumed === true && problem.offered.some(is32Bit)),
      });
    case "platform-unknown":
      return diagnose("PlatformUnknown", context, {
        message: `the image exists only for ${listed(problem.offered)}; the nodes' platform is not known`,
        fix: "Say the nodes' platform with --platform, or set the nodeSelector kubernetes.io/arch.",
      });
    case "child-missing":
      return diagnose("ManifestMissing", context, {
        message: `the image needs ${shortDigest(problem.digest)}, which ${name} does not serve`,
      });
    case "digest-mismatch":
      return diagnose("ManifestCorrupt", context, {
        message: `${name} serves other bytes for ${shortDigest(problem.expected)} (they hash to ${shortDigest(problem.actual)})`,
      });
    case "size-mismatch":
      return diagnose("ManifestCorrupt", context, {
        message: `${name} announces ${problem.declaredBytes} bytes for ${shortDigest(problem.digest)} and serves ${problem.actualBytes}`,
      });
    case "empty":
      return diagnose("ManifestCorrupt", context, {
        message: `${name} serves an empty manifest ${shortDigest(problem.digest)}`,
      });
    case "invalid-digest-header":
      return diagnose("ManifestUnreadable", context, {
        message: `${name} sends a Docker-Content-Digest that is no digest`,
      });
    case "unreadable":
      return diagnose("ManifestUnreadable", context, {
        message: `what ${name} serves as manifest is none: ${problem.reason}`,
      });
    case "unsupported-type": {
      const type = problem.mediaType.slice(0, 100) || "no media type";
      const what =
        problem.part === undefined
          ? `${name} serves the manifest as ${type}`
          : `the image has a ${problem.part} of type ${type}`;
      return diagnose("ManifestTypeUnsupported", context, { message: `${what}, which the runtime cannot pull` });
    }
    case "schema1":
      return diagnose("ManifestSchema1", context, {
        message: "the image is a Docker schema 1 image, which this runtime refuses",
        ...doubtIf(context.profile.runtimeIsAssumed === true),
      });
    case "nested-too-deep":
      return diagnose("ManifestUnreadable", context, {
        message: "the image's indexes are nested too deep to follow",
        firm: false,
      });
  }
}

function doubtIf(doubtful: boolean): { readonly firm?: false } {
  return doubtful ? { firm: false } : {};
}

function is32Bit(platform: string): boolean {
  return /\/(386|arm)(\/|$)/.test(platform);
}

function listed(platforms: readonly string[]): string {
  if (platforms.length === 0) return "no platform at all";
  const shown = platforms.slice(0, 6).join(", ");
  return platforms.length > 6 ? `${shown} and ${platforms.length - 6} more` : shown;
}

/** Enough of a digest for a person to recognise it. */
function shortDigest(digest: string): string {
  const [algorithm, hex] = digest.split(":", 2);
  return hex === undefined ? digest : `${algorithm}:${hex.slice(0, 12)}…`;
}
