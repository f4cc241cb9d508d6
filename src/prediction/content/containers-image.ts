import { type ConfigDocument, isConfigType } from "../../oci/index.js";
import type { ContentProblem, ResolvedImage } from "../types.js";
import type { BlobPlan, ContentRules, DoubtfulProblem } from "./rules.js";

const releases = "releases of the runtime differ in what they compare";

/** What changed between releases in what containers-image and CRI-O make of the contents of an image. */
export interface ContainersImageContentTraits {
  /** What becomes of an image whose config is no image config; `unpacked`: its layers are, whatever they hold. */
  readonly artifacts: "refused" | "stored" | "unpacked";
  /** Whether an unpacked layer must be what the config's `diff_ids` say. */
  readonly checksDiffIds: boolean;
}

/**
 * The rules of containers-image, the library of CRI-O and podman: sizes in descriptors do not count, and layers are stored
 * under the digests they really have. That an artifact is refused shows when its manifest is read.
 * Source: containers/image v5.23.1 storage/storage_image.go, v5.34.3 storage/storage_dest.go `commitLayer`; that sizes are
 * not compared was seen with podman 4.3.1
 */
export function containersImageContentRules(traits: ContainersImageContentTraits): ContentRules {
  return {
    plan: (image) => planBlobs(image, traits),
    judgeConfig: (image, document) => (isArtifact(image) ? undefined : doubted(judgeConfig(image, document), traits)),
    blobHosts: "manifest-host",
    comparesSizes: false,
    refusesSizeZero: false,
    comparesDiffIds: traits.checksDiffIds,
    packingOf: () => ({ kind: "sniffed", formats: ["gzip", "zstd", "bzip2", "xz"] }),
    archive: { refusesEmptyWhiteouts: false },
  };
}

function planBlobs(image: ResolvedImage, { artifacts }: ContainersImageContentTraits): BlobPlan {
  const mediaType = image.artifactType ?? image.config.mediaType;
  if (isArtifact(image) && artifacts === "stored") {
    return { layers: image.layers.map(() => ({ kind: "stored" })), advices: [{ kind: "artifact", mediaType }] };
  }
  const layers = image.layers.map((_, diffIndex) => ({ kind: "unpacked", diffIndex }) as const);
  if (!isArtifact(image)) return { layers, advices: [] };
  const problem = { kind: "not-an-image", mediaType } as const;
  const doubt = "an old release of the runtime unpacks whatever it is given";
  return { layers, advices: [], problem: artifacts === "refused" ? problem : { kind: "doubtful", problem, doubt } };
}

/** Only an OCI manifest says so; what config a Docker manifest names is no matter. */
function isArtifact({ config, artifactType }: ResolvedImage): boolean {
  return artifactType !== undefined && !isConfigType(config.mediaType);
}

function judgeConfig({ config, layers }: ResolvedImage, document: ConfigDocument): ContentProblem | undefined {
  if (document.kind === "unreadable")
    return { kind: "config-unreadable", digest: config.digest, reason: document.reason };
  const { diffIds } = document.config;
  return diffIds.length === layers.length
    ? undefined
    : { kind: "layer-count", layers: layers.length, diffIds: diffIds.length };
}

/** Releases that do not compare the layers with the list do not count them either; of the others nobody has seen it. */
function doubted(
  problem: ContentProblem | undefined,
  { checksDiffIds }: ContainersImageContentTraits,
): ContentProblem | DoubtfulProblem | undefined {
  if (problem?.kind !== "layer-count") return problem;
  return checksDiffIds ? { kind: "doubtful", problem, doubt: releases } : undefined;
}
