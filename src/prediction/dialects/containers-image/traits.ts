import { imageLibraryMinor, type RuntimeVersion } from "../../../node/index.js";
import type { ContainersImageContentTraits } from "../../content/containers-image.js";

/** What changed between releases of containers-image and CRI-O in how an image is read. */
export interface ContainersImageTraits extends ContainersImageContentTraits {
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
    artifacts: storesArtifacts ? "stored" : library >= 22 ? "refused" : "unpacked",
    checksDiffIds: library >= 34,
    prefersZstd: library >= 25,
    oldTls: library < 26,
  };
}

/**
 * Layers of a Docker manifest must have one of these, or the manifest is refused.
 * Source: containers/image manifest/docker_schema2.go `SupportedSchema2MediaType`.
 */
export const dockerLayerTypes: readonly string[] = [
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.foreign.diff.tar",
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
];

/** Larger manifests are refused. In bytes. Source: containers/image internal/iolimits `MaxManifestBodySize`. */
export const maxManifestBytes = 4 * 1024 * 1024;
