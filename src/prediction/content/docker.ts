import type { ConfigDocument } from "../../oci/index.js";
import type { ContentProblem, ResolvedImage } from "../types.js";
import type { BlobPlan, CompressionFormat, ContentRules } from "./rules.js";

/** What changed between releases in what dockerd makes of the contents of an image. */
export interface DockerContentTraits {
  /** Compressions that a layer may have, whatever its media type says: the first bytes decide. */
  readonly compressions: readonly CompressionFormat[];
  /** Whether an artifact of `application/vnd.docker.ai.…` is refused by name. */
  readonly refusesModels: boolean;
}

/** Types, and beginnings of types up to a dot, that dockerd takes for images at all. The empty one is among them, strange as that is. */
const imageTypes = [
  "application/vnd.oci.image",
  "application/vnd.docker",
  "application/octet-stream",
  "application/json",
  "text/html",
  "",
];

/**
 * dockerd's rules: every layer is unpacked whatever its type says, sizes in descriptors do not count, and the digests of
 * the unpacked layers must be those of the config, one for one.
 * Source: moby v20.10.24 distribution/pull_v2.go `pullSchema2Layers`, distribution/config.go, pkg/archive/archive.go
 * `DetectCompression`, pkg/archive/diff.go `UnpackLayer`
 */
export function dockerContentRules(traits: DockerContentTraits): ContentRules {
  return {
    plan: (image) => planBlobs(image, traits),
    judgeConfig,
    blobHosts: "manifest-host",
    comparesSizes: false,
    refusesSizeZero: false,
    comparesDiffIds: true,
    packingOf: () => ({ kind: "sniffed", formats: traits.compressions }),
    archive: { refusesEmptyWhiteouts: false },
  };
}

/**
 * The first media type of a config or layer that dockerd refuses to pull, or undefined: OCI image and Docker types pass
 * whatever comes after the prefix, and a few that old registries made up.
 * Source: `checkSupportedMediaType`, moby distribution/pull_v2.go; the list is the same from 20.10 to 28.
 */
export function refusedType(types: readonly string[], { refusesModels }: DockerContentTraits): string | undefined {
  return types.find((type) => {
    const lower = type.toLowerCase();
    if (refusesModels && lower.startsWith("application/vnd.docker.ai.")) return true;
    return !imageTypes.some((known) => lower === known || lower.startsWith(`${known}.`));
  });
}

function planBlobs({ config, layers }: ResolvedImage, traits: DockerContentTraits): BlobPlan {
  const uses = layers.map((_, diffIndex) => ({ kind: "unpacked", diffIndex }) as const);
  const problem = foreignType(config.mediaType, layers, traits);
  return { layers: uses, advices: [], ...(problem === undefined ? {} : { problem }) };
}

function foreignType(
  configType: string,
  layers: ResolvedImage["layers"],
  traits: DockerContentTraits,
): ContentProblem | undefined {
  if (refusedType([configType], traits) !== undefined || configType.startsWith("application/vnd.docker.plugin.")) {
    return { kind: "not-an-image", mediaType: configType };
  }
  const mediaType = refusedType(
    layers.map((layer) => layer.mediaType),
    traits,
  );
  const index = layers.findIndex((layer) => layer.mediaType === mediaType);
  const layer = layers[index];
  if (mediaType === undefined || layer === undefined) return undefined;
  const blob = { kind: "layer", index, count: layers.length, digest: layer.digest } as const;
  return { kind: "layer-type", blob, mediaType };
}

function judgeConfig({ config, layers }: ResolvedImage, document: ConfigDocument): ContentProblem | undefined {
  if (document.kind === "unreadable")
    return { kind: "config-unreadable", digest: config.digest, reason: document.reason };
  const { os, diffIds, hasRootfs } = document.config;
  if (!hasRootfs) return { kind: "config-unreadable", digest: config.digest, reason: "it has no rootfs" };
  if (os !== "" && os !== "linux") return { kind: "system-mismatch", os };
  return diffIds.length === layers.length
    ? undefined
    : { kind: "layer-count", layers: layers.length, diffIds: diffIds.length };
}
