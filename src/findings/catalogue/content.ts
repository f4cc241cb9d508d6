import type { CauseEntry } from "../cause-entry.js";
import { permanent, transient } from "./kinds.js";

/** What a reference leads to. */
export const contentCauses = {
  TagNotFound: {
    ...permanent,
    explanation: "The repository has no such tag.",
    fix: "Correct the tag, or push it.",
    symptom: "not found; manifest unknown",
  },
  RepositoryNotFound: {
    ...permanent,
    explanation: "The registry has no such repository.",
    fix: "Correct the repository's name, or push the image.",
    symptom: "not found; name unknown",
  },
  DigestNotFound: {
    ...permanent,
    explanation: "The repository has no manifest with this digest.",
    fix: "Use a digest that exists; a garbage collection may have removed this one.",
    symptom: "not found; manifest unknown",
  },
  PlatformNotFound: {
    ...permanent,
    explanation: "The image exists, but not for the nodes' platform.",
    fix: "Build the image for this platform, or select nodes of a platform it has.",
    symptom: "no match for platform in manifest: not found",
  },
  PlatformUnknown: {
    ...transient,
    kubeletReason: null,
    explanation: "The image does not exist for linux/amd64, and nothing is known of the nodes' platform.",
    fix: "Say the nodes' platform, or set the nodeSelector kubernetes.io/arch.",
    symptom: "no match for platform in manifest: not found",
  },
  ManifestCorrupt: {
    ...permanent,
    explanation: "The bytes that the registry serves are not those that the digest promises.",
    fix: "Push the image again; check the registry's storage and every cache in front of it.",
    symptom: "failed commit on ref: unexpected commit digest; failed size validation",
  },
  ManifestMissing: {
    ...permanent,
    explanation: "The tag or the image's index names a manifest that the registry does not serve.",
    fix: "Push the image again with all its platforms.",
    symptom: "failed to copy: httpReadSeeker: failed open: content not found",
  },
  ManifestUnreadable: {
    ...permanent,
    explanation: "What the registry serves as the manifest is no manifest.",
    fix: "Push the image again; check what is in front of the registry.",
    symptom: "invalid character '<' looking for beginning of value",
  },
  ManifestTypeUnsupported: {
    ...permanent,
    explanation: "The registry serves the manifest with a media type that the runtime cannot pull.",
    fix: "Push the image as OCI or Docker schema 2 manifest; correct the registry's Content-Type.",
    symptom: "could not fetch content descriptor; unexpected media type",
  },
  ManifestTooLarge: {
    ...permanent,
    explanation: "The manifest is larger than the runtime accepts (4 MiB).",
    fix: "Reduce the manifest: fewer layers, annotations or platforms.",
    symptom: "rejecting N byte manifest: not found",
  },
  ManifestSchema1: {
    ...permanent,
    explanation: "The image is a Docker schema 1 image, which this runtime no longer pulls.",
    fix: "Rebuild or convert the image to OCI or Docker schema 2.",
    symptom: "schema 1 image manifests are no longer supported",
  },
} as const satisfies Record<string, CauseEntry>;
