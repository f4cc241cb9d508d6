import type { RuntimeVersion } from "../../node/index.js";
import { type ConfigDocument, isConfigType } from "../../oci/index.js";
import type { ContentProblem, ResolvedImage } from "../types.js";
import type { ContentRules } from "./rules.js";

/**
 * The rules of containers-image, the library of CRI-O and podman: an artifact is told by its config's type, sizes in
 * descriptors do not count, layers of any type are unpacked, and they are stored under the digests they really have,
 * whatever the config lists. Later releases were not seen doing so; what they compare is left open.
 * Source: containers/image v5.23.1 internal/image/oci.go `OCIConfig`, storage/storage_image.go; podman 4.3.1 by trial
 */
export function containersImageContentRules({ name, major, minor }: RuntimeVersion): ContentRules {
  const wasSeen = name === "podman" ? major < 5 : major === 1 && minor < 26;
  return {
    // Releases that refuse artifacts do so when they read the manifest; the others keep what they cannot run.
    plan: ({ config, layers }) =>
      isConfigType(config.mediaType)
        ? { layers: layers.map((_, diffIndex) => ({ kind: "unpacked", diffIndex }) as const), advices: [] }
        : {
            layers: layers.map(() => ({ kind: "stored" }) as const),
            advices: [{ kind: "artifact", mediaType: config.mediaType }],
          },
    judgeConfig: (image, document) => {
      const problem = judgeConfig(image, document);
      if (problem?.kind !== "layer-count") return problem;
      return wasSeen
        ? undefined
        : { kind: "doubtful", problem, doubt: "not every release of the runtime compares them" };
    },
    blobHosts: "manifest-host",
    comparesSizes: false,
    refusesSizeZero: false,
    comparesDiffIds: wasSeen ? false : "unsure",
    packingOf: () => ({ kind: "sniffed", formats: ["gzip", "zstd", "bzip2", "xz"] }),
    archive: { refusesEmptyWhiteouts: false },
  };
}

function judgeConfig({ config, layers }: ResolvedImage, document: ConfigDocument): ContentProblem | undefined {
  if (document.kind === "unreadable")
    return { kind: "config-unreadable", digest: config.digest, reason: document.reason };
  const { diffIds } = document.config;
  return diffIds.length === layers.length
    ? undefined
    : { kind: "layer-count", layers: layers.length, diffIds: diffIds.length };
}
