import { imageLibraryMinor, type RuntimeVersion } from "../../../node/index.js";

/** What changed between releases of containers-image and CRI-O in how an image is read. */
export interface ContainersImageTraits {
  /** Whether an image whose config is no image config ends the pull. CRI-O 1.33 stores such artifacts, too. */
  readonly refusesArtifacts: boolean;
  /** Of two entries for the same platform, the one that says it is compressed with zstd is taken. */
  readonly prefersZstd: boolean;
  /** Whether TLS 1.0 and 1.1 are spoken. */
  readonly oldTls: boolean;
}

/**
 * Each line names the containers-image minor (or CRI-O release) that brought the behaviour.
 * Source: containers/image docker/docker_client.go, manifest/oci_index.go, internal/image/oci.go at v5.17 to v5.38; CRI-O
 * internal/storage/image.go at v1.24 to v1.36.
 */
export function containersImageTraits(runtime: RuntimeVersion): ContainersImageTraits {
  const library = imageLibraryMinor(runtime);
  const storesArtifacts = runtime.name === "cri-o" && (runtime.major > 1 || runtime.minor >= 33);
  return {
    refusesArtifacts: library >= 22 && !storesArtifacts,
    prefersZstd: library >= 25,
    oldTls: library < 26,
  };
}

/** What the runtime makes of the blobs of an image, for whoever reads them. */
export interface BlobRules {
  /** Layers of an OCI manifest may have any type; what they hold is found out. */
  readonly ociLayerTypes: "any";
  /** Whether an unpacked layer must be what the config's `diff_ids` say. */
  readonly checksDiffIds: boolean;
  /** Layers of a Docker manifest must have one of these, or the manifest is refused. */
  readonly dockerLayerTypes: readonly string[];
  /** Compressions that are recognised by a layer's first bytes, whatever its type says; anything else is read as a tar. */
  readonly compressions: readonly ("gzip" | "bzip2" | "xz" | "zstd")[];
  /** Whether the size that a descriptor states must be true; its digest always must. */
  readonly checksSizes: boolean;
  /** In bytes; a larger config ends the pull. */
  readonly maxConfigBytes: number;
}

/** Source: containers/image manifest/docker_schema2.go `SupportedSchema2MediaType`. */
export const dockerLayerTypes: readonly string[] = [
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.foreign.diff.tar",
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
];

/**
 * The rules of one release.
 * Source: containers/image pkg/compression/compression.go, internal/iolimits, storage/storage_dest.go (`diff_ids` from 5.34
 * on); that sizes are not compared was seen with podman 4.3.1.
 */
export function blobRulesOf(runtime: RuntimeVersion): BlobRules {
  return {
    ociLayerTypes: "any",
    checksDiffIds: imageLibraryMinor(runtime) >= 34,
    dockerLayerTypes,
    compressions: ["gzip", "bzip2", "xz", "zstd"],
    checksSizes: false,
    maxConfigBytes: 4 * 1024 * 1024,
  };
}

/** Larger manifests are refused. In bytes. Source: containers/image internal/iolimits `MaxManifestBodySize`. */
export const maxManifestBytes = 4 * 1024 * 1024;
