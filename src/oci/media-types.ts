/** Media types by what they name. Source: OCI image-spec v1.1 media-types.md, Docker image manifest V2 schema 2 */
export const mediaTypes = {
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  schema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
  schema1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
} as const;

/**
 * The Accept header of containerd's resolve, in its order; some registries choose by it.
 * Source: containerd v1.6.20 remotes/docker/resolver.go `NewResolver`, the same up to 2.3
 */
export const manifestAccept: readonly string[] = [
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  "*/*",
];

/** Whether the type names an OCI index or a Docker manifest list. Compared byte by byte, as containerd does. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerIndex;
}

/** Whether the type names an image manifest (OCI, or Docker schema 2). */
export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** Whether the type names Docker's old schema 1, signed or not. */
export function isSchema1Type(mediaType: string): boolean {
  return mediaType === mediaTypes.schema1Signed || mediaType === mediaTypes.schema1;
}

/** Whether the type names an image's config, as opposed to an artifact's. */
export function isConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}
