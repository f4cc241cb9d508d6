import type { CauseEntry } from "../cause-entry.js";
import { advice, permanent, transient } from "./kinds.js";

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
  ConfigMissing: {
    ...permanent,
    explanation: "The image's config is listed by its manifest, but the registry does not serve it.",
    fix: "Push the image again; check what the registry's garbage collection removes.",
    symptom: "could not fetch content descriptor (application/vnd.oci.image.config.v1+json) from remote: not found",
  },
  ConfigCorrupt: {
    ...permanent,
    explanation: "The bytes that the registry serves for the image's config are not those that the manifest promises.",
    fix: "Push the image again; check the registry's storage and every cache in front of it.",
    symptom: "failed commit on ref config-sha256: unexpected commit digest; unexpected commit size",
  },
  ConfigUnreadable: {
    ...permanent,
    explanation: "The image's config is no image config.",
    fix: "Build and push the image again.",
    symptom: "unmarshal image config: invalid character; json: cannot unmarshal",
  },
  ConfigInconsistent: {
    ...permanent,
    explanation: "The image's config lists another number of layers than its manifest.",
    fix: "Build and push the image again; check the tool that wrote the manifest.",
    symptom: "number of layers and diffIDs don't match; mismatched image rootfs and manifest layers",
  },
  ArtifactNotImage: {
    ...permanent,
    explanation:
      "What the reference leads to is no container image: a Helm chart, a signature, a WASM module or the like.",
    fix: "Name a container image; charts and other artifacts have clients of their own.",
    symptom: "mismatched image rootfs and manifest layers; unsupported media type",
  },
  LayerTypeUnsupported: {
    ...permanent,
    explanation: "The image has a layer of a type that the nodes' runtime does not unpack.",
    fix: "Build the image with layers of type tar, tar+gzip or tar+zstd as the nodes' runtime knows them.",
    symptom: "failed to get stream processor: no processor for media-type",
  },
  LayerMissing: {
    ...permanent,
    explanation: "The image's manifest lists a layer that the registry does not serve.",
    fix: "Push the image again; check what the registry's garbage collection removes.",
    symptom: "could not fetch content descriptor from remote: not found; unknown blob",
  },
  LayerSizeMismatch: {
    ...permanent,
    explanation: "A layer has another size than the image's manifest says.",
    fix: "Build and push the image again; check the tool that wrote the manifest.",
    symptom: "failed to read expected number of bytes: unexpected EOF; unexpected commit size",
  },
  LayerCorrupt: {
    ...permanent,
    explanation: "The bytes that the registry serves for a layer are not those that the manifest promises.",
    fix: "Push the image again; check the registry's storage and every cache in front of it.",
    symptom: "failed commit on ref layer-sha256: unexpected commit digest; filesystem layer verification failed",
  },
  LayerUnreadable: {
    ...permanent,
    explanation: "A layer arrives as promised, but cannot be unpacked.",
    fix: "Build and push the image again; check the tool that wrote the layer.",
    symptom: "failed to extract layer: archive/tar: invalid tar header; gzip: invalid checksum; unexpected EOF",
  },
  LayerDiffIdMismatch: {
    ...permanent,
    explanation: "A layer unpacks to another archive than the image's config lists.",
    fix: "Build and push the image again; check the tool that wrote config or manifest.",
    symptom: "wrong diff id calculated on extraction",
  },
  LayersUnverified: {
    ...transient,
    kubeletReason: null,
    explanation: "Not every layer could be read to its end, so nothing can be said about the rest.",
    fix: "Verify again, with more time (--deadline) or a faster connection.",
    symptom: "none",
  },
  ArchitectureMismatch: {
    ...advice,
    explanation: "The image is pulled, but it was built for another architecture than the nodes have.",
    fix: "Build the image for the nodes' platform, or select nodes of the image's.",
    symptom: "exec format error; CrashLoopBackOff",
  },
  ArtifactCannotStart: {
    ...advice,
    explanation: "The runtime pulls the artifact, but no container can be started from it.",
    fix: "Name a container image; charts and other artifacts have clients of their own.",
    symptom: "CreateContainerError",
  },
  LayerPathEscapes: {
    ...advice,
    explanation: "A layer holds names that lead out of the image; the runtime keeps them inside.",
    fix: "Find out who built the layer: honest tools write no such names.",
    symptom: "none",
  },
} as const satisfies Record<string, CauseEntry>;
