import type { ConfigDocument } from "../../oci/index.js";
import type { ContentProblem, ResolvedImage } from "../types.js";
import type { BlobPlan, ContentRules } from "./rules.js";

/** Types, and beginnings of types up to a dot, that dockerd takes for images at all. */
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
 * Source: moby v20.10.24 distribution/pull_v2.go `pullSchema2Layers`, `checkSupportedMediaType`, distribution/config.go,
 * pkg/archive/archive.go `DetectCompression`, pkg/archive/diff.go `UnpackLayer`
 */
export const dockerContentRules: ContentRules = {
  plan: planBlobs,
  judgeConfig,
  blobHosts: "manifest-host",
  comparesSizes: false,
  refusesSizeZero: false,
  comparesDiffIds: true,
  packingOf: () => ({ kind: "sniffed", formats: ["gzip", "bzip2", "xz"] }),
  archive: { refusesEmptyWhiteouts: false },
};

function planBlobs({ config, layers }: ResolvedImage): BlobPlan {
  const uses = layers.map((_, diffIndex) => ({ kind: "unpacked", diffIndex }) as const);
  const problem = foreignType(config.mediaType, layers);
  return { layers: uses, advices: [], ...(problem === undefined ? {} : { problem }) };
}

function foreignType(configType: string, layers: ResolvedImage["layers"]): ContentProblem | undefined {
  if (!isImageType(configType) || configType.startsWith("application/vnd.docker.plugin.")) {
    return { kind: "not-an-image", mediaType: configType };
  }
  const index = layers.findIndex(({ mediaType }) => !isImageType(mediaType));
  const layer = layers[index];
  if (layer === undefined) return undefined;
  const blob = { kind: "layer", index, count: layers.length, digest: layer.digest } as const;
  return { kind: "layer-type", blob, mediaType: layer.mediaType };
}

function isImageType(mediaType: string): boolean {
  const folded = mediaType.toLowerCase();
  return imageTypes.some((type) => folded === type || folded.startsWith(`${type}.`));
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
