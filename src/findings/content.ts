import type { RegistryHost } from "../node/index.js";
import type { ContentProblem } from "../prediction/index.js";
import { repositoryName } from "../reference/index.js";
import { doubtOtherRuntimes } from "./assumed-runtime.js";
import { type BlobProblem, diagnoseBlob, isBlobProblem } from "./content-blobs.js";
import { type Diagnosis, type DiagnosisContext, diagnose, hostLabel } from "./diagnosis.js";
import { shortDigest } from "./short-digest.js";

/** The reference resolves, but what it leads to cannot be pulled. */
export function diagnoseContent(problem: ContentProblem, host: RegistryHost, context: DiagnosisContext): Diagnosis {
  const diagnosis = isBlobProblem(problem)
    ? diagnoseBlob(problem, host, context)
    : diagnoseManifest(problem, host, context);
  return doubtOtherRuntimes(diagnosis, problem, context);
}

function diagnoseManifest(
  problem: Exclude<ContentProblem, BlobProblem>,
  host: RegistryHost,
  context: DiagnosisContext,
): Diagnosis {
  const name = hostLabel(host, context.reference);
  const repository = repositoryName(context.reference);
  switch (problem.kind) {
    case "platform-missing":
      return diagnose("PlatformNotFound", context, {
        message: `the image exists for ${listed(problem.offered)}, not for ${problem.wanted}`,
        fix: `Build ${repository} for ${problem.wanted}, or select nodes by kubernetes.io/arch.`,
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
      });
    case "nested-too-deep":
      return diagnose("ManifestUnreadable", context, {
        message: "the image's indexes are nested too deep to follow",
        firm: false,
      });
  }
}

function listed(platforms: readonly string[]): string {
  if (platforms.length === 0) return "no platform at all";
  const shown = platforms.slice(0, 6).join(", ");
  return platforms.length > 6 ? `${shown} and ${platforms.length - 6} more` : shown;
}
