import { type ConfigDocument, isConfigType } from "../../oci/index.js";
import type { ContentProblem, ResolvedImage } from "../types.js";
import type { ContentRules, DoubtfulProblem } from "./rules.js";

const releases = "releases of the runtime differ in what they compare";

/**
 * The rules of containers-image, the library of CRI-O and podman: an artifact is told by its config's type, sizes in
 * descriptors do not count, and layers are stored under the digests they really have.
 * Source: containers/image v5.23.1 internal/image/oci.go `OCIConfig`, storage/storage_image.go
 */
export const containersImageContentRules: ContentRules = {
  plan: ({ config, layers }) => ({
    layers: layers.map((_, diffIndex) => ({ kind: "unpacked", diffIndex }) as const),
    advices: [],
    ...(isConfigType(config.mediaType)
      ? {}
      : { problem: { kind: "not-an-image", mediaType: config.mediaType } as const }),
  }),
  judgeConfig,
  blobHosts: "manifest-host",
  comparesSizes: false,
  refusesSizeZero: false,
  comparesDiffIds: "unsure",
  packingOf: () => ({ kind: "sniffed", formats: ["gzip", "zstd", "bzip2", "xz"] }),
  archive: { escapes: "refused" },
};

function judgeConfig(
  { config, layers }: ResolvedImage,
  document: ConfigDocument,
): ContentProblem | DoubtfulProblem | undefined {
  if (document.kind === "unreadable")
    return { kind: "config-unreadable", digest: config.digest, reason: document.reason };
  const { diffIds } = document.config;
  if (diffIds.length === layers.length) return undefined;
  const problem: ContentProblem = { kind: "layer-count", layers: layers.length, diffIds: diffIds.length };
  return { kind: "doubtful", problem, doubt: releases };
}
