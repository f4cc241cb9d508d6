import { type ConfigDocument, type Descriptor, isConfigType, isIndexType, isManifestType } from "../../oci/index.js";
import type { ContentProblem, ResolvedImage } from "../types.js";
import type { BlobPlan, ContentRules, DoubtfulProblem, LayerPacking, LayerUse } from "./rules.js";

/** What changed between containerd's releases in how it treats blobs. */
export interface ContainerdContentTraits {
  /** `transfer` is content when nothing was unpacked; `local` then tries once more and fails. */
  readonly engine: "local" | "transfer";
  /** Where nothing was unpacked at first, layers of types that are no image layers do not count (1.6.25, 1.7.7). */
  readonly countsImageLayersOnly: boolean;
  /** Knows Docker's type of zstd layers. */
  readonly dockerZstd: boolean;
  /** Knows the type of native erofs layers. */
  readonly erofs: boolean;
  /** A config whose `rootfs.type` is not `layers` is stored and nothing is unpacked. */
  readonly otherRootfsIsStored: boolean;
}

const dockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
const dockerForeignLayer = "application/vnd.docker.image.rootfs.foreign.diff.tar";
const ociLayer = "application/vnd.oci.image.layer.v1.tar";
const ociForeignLayer = "application/vnd.oci.image.layer.nondistributable.v1.tar";
const erofsLayer = "application/vnd.erofs.layer.v1";

const sniffed: LayerPacking = { kind: "sniffed", formats: ["gzip", "zstd"] };
const plain: LayerPacking = { kind: "plain" };

/**
 * containerd's rules. Source: containerd v1.6.20 unpacker.go, image.go `getLayers`, images/mediatypes.go, diff/stream.go;
 * v1.7.13 and v2.2.7 pkg/unpack/unpacker.go, core/transfer/local/pull.go
 */
export function containerdContentRules(traits: ContainerdContentTraits): ContentRules {
  const isLayer = (mediaType: string): boolean => isLayerType(mediaType, traits);
  return {
    plan: (image) => planBlobs(image, traits, isLayer),
    judgeConfig: (image, document) => judgeConfig(image, document, traits, isLayer),
    blobHosts: "every",
    comparesSizes: true,
    refusesSizeZero: true,
    comparesDiffIds: true,
    packingOf: (mediaType) => packingOf(mediaType, traits),
    archive: { refusesEmptyWhiteouts: true },
  };
}

/** Layers are fetched by the unpacker, which a config of a known type starts; all other blobs are fetched at once. */
function planBlobs(
  image: ResolvedImage,
  traits: ContainerdContentTraits,
  isLayer: (mediaType: string) => boolean,
): BlobPlan {
  const unpacks = isConfigType(image.config.mediaType) && image.layers.some(({ mediaType }) => isLayer(mediaType));
  let diffIndex = 0;
  const layers = image.layers.map(({ mediaType }): LayerUse => {
    // Such an entry is fetched as a manifest with all that belongs to it; nobody builds images so.
    if (isManifestType(mediaType) || isIndexType(mediaType)) return { kind: "unused" };
    if (!isLayer(mediaType)) return { kind: "stored" };
    if (!unpacks) return { kind: "unused" };
    diffIndex += 1;
    return { kind: "unpacked", diffIndex: diffIndex - 1 };
  });
  const problem = unpacks ? unreadableLayer(image.layers, isLayer, traits) : undefined;
  const isArtifact = !unpacks && !(isConfigType(image.config.mediaType) && image.layers.length === 0);
  const mediaType = image.artifactType ?? image.config.mediaType;
  return {
    layers,
    advices: isArtifact ? [{ kind: "artifact", mediaType }] : [],
    ...(problem === undefined ? {} : { problem }),
  };
}

function unreadableLayer(
  layers: readonly Descriptor[],
  isLayer: (mediaType: string) => boolean,
  traits: ContainerdContentTraits,
): BlobPlan["problem"] {
  for (const [index, { mediaType, digest }] of layers.entries()) {
    if (!isLayer(mediaType) || packingOf(mediaType, traits) !== undefined) continue;
    const blob = { kind: "layer", index, count: layers.length, digest } as const;
    const problem: ContentProblem = { kind: "layer-type", blob, mediaType };
    const doubt = isEncrypted(mediaType) ? "the nodes may hold the key" : undefined;
    return doubt === undefined ? problem : { kind: "doubtful", problem, doubt };
  }
  return undefined;
}

function judgeConfig(
  image: ResolvedImage,
  document: ConfigDocument,
  traits: ContainerdContentTraits,
  isLayer: (mediaType: string) => boolean,
): ContentProblem | DoubtfulProblem | undefined {
  const { config, layers } = image;
  if (document.kind === "unreadable")
    return { kind: "config-unreadable", digest: config.digest, reason: document.reason };
  const { diffIds, rootfsType } = document.config;
  const known = layers.filter(({ mediaType }) => isLayer(mediaType));
  const count: ContentProblem = { kind: "layer-count", layers: known.length, diffIds: diffIds.length };
  if (isConfigType(config.mediaType) && known.length > 0) {
    if (diffIds.length !== known.length) return count;
    const stored = traits.otherRootfsIsStored && rootfsType !== "" && rootfsType !== "layers";
    return stored && traits.engine === "local" ? notAnImage(image) : undefined;
  }
  if (traits.engine === "transfer") return undefined;
  // containerd mends images whose config has no type of its own; what then becomes of the layers was not seen.
  const mended = config.mediaType === "application/octet-stream";
  const counted = traits.countsImageLayersOnly ? known.length : layers.length;
  const problem =
    diffIds.length !== counted
      ? isConfigType(config.mediaType)
        ? { ...count, layers: counted }
        : notAnImage(image)
      : // Equal but for nothing: the layers were never fetched, or are of a type that nothing unpacks.
        counted > 0
        ? notAnImage(image)
        : undefined;
  return problem !== undefined && mended
    ? { kind: "doubtful", problem, doubt: "the runtime repairs some old images" }
    : problem;
}

function notAnImage({ config, artifactType }: ResolvedImage): ContentProblem {
  return { kind: "not-an-image", mediaType: artifactType ?? config.mediaType };
}

/** Source: containerd images/mediatypes.go `IsLayerType` */
function isLayerType(mediaType: string, traits: ContainerdContentTraits): boolean {
  if (mediaType.startsWith("application/vnd.oci.image.layer.")) return true;
  if (traits.erofs && mediaType.split("+", 1)[0] === erofsLayer) return true;
  const base = mediaType.split("+", 1)[0] ?? "";
  const docker = [dockerLayer, `${dockerLayer}.gzip`, dockerForeignLayer, `${dockerForeignLayer}.gzip`];
  return docker.includes(base) || (traits.dockerZstd && base === `${dockerLayer}.zstd`);
}

/** Source: containerd images/mediatypes.go `DiffCompression`, archive/compression `DecompressStream` (which sniffs) */
function packingOf(mediaType: string, traits: ContainerdContentTraits): LayerPacking | undefined {
  if (isEncrypted(mediaType)) return undefined;
  const [base = "", ...suffixes] = mediaType.split("+");
  switch (base) {
    case dockerLayer:
    case dockerForeignLayer:
    case `${dockerLayer}.gzip`:
    case `${dockerForeignLayer}.gzip`:
      return suffixes.length > 0 ? plain : sniffed;
    case `${dockerLayer}.zstd`:
      if (!traits.dockerZstd) return undefined;
      return suffixes.length > 0 ? plain : sniffed;
    case ociLayer:
    case ociForeignLayer: {
      const last = suffixes.sort().at(-1);
      return last === "gzip" || last === "zstd" ? sniffed : plain;
    }
    default:
      return undefined;
  }
}

function isEncrypted(mediaType: string): boolean {
  return mediaType.endsWith("+encrypted");
}
