import { type Descriptor, decodeManifest, isIndexType, mediaTypes } from "../../../oci/index.js";
import type { ContentProblem, ResolvedImage } from "../../types.js";
import { parseJson } from "../reading.js";
import { type ContainersImageTraits, dockerLayerTypes } from "./traits.js";

/** What a manifest turned out to be for containers-image. */
export type ReadDocument =
  | { readonly kind: "index"; readonly entries: readonly Descriptor[] }
  /** `image` absent: schema 1, which is converted. */
  | { readonly kind: "image"; readonly image?: ResolvedImage }
  | { readonly kind: "problem"; readonly problem: ContentProblem };

const ownTypes: ReadonlySet<string> = new Set([
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerIndex,
  mediaTypes.schema1,
  mediaTypes.schema1Signed,
]);

/** What a Docker manifest may call itself and its layers. Source: `SupportedSchema2MediaType`. */
const dockerTypes: ReadonlySet<string> = new Set([
  mediaTypes.dockerIndex,
  mediaTypes.schema1,
  mediaTypes.schema1Signed,
  mediaTypes.dockerConfig,
  mediaTypes.dockerManifest,
  ...dockerLayerTypes,
]);

/**
 * Reads the bytes as the type they came with; whatever that is not known for is taken for schema 1.
 * Source: containers/image internal/image/manifest.go `manifestInstanceFromBlob`, manifest/common.go
 * `validateUnambiguousManifestFormat`.
 */
export function readDocument(
  bytes: Uint8Array,
  mediaType: string,
  digest: string,
  traits: ContainersImageTraits,
): ReadDocument {
  const problem = (found: ContentProblem): ReadDocument => ({ kind: "problem", problem: found });
  const members = parseMembers(bytes);
  if (!ownTypes.has(mediaType) || mediaType === mediaTypes.schema1 || mediaType === mediaTypes.schema1Signed) {
    if (isSchema1(members)) return { kind: "image" };
    return ownTypes.has(mediaType)
      ? problem({ kind: "unreadable", digest, reason: "no schema 1 manifest" })
      : problem({ kind: "unsupported-type", digest, mediaType });
  }
  const document = decodeManifest(bytes, mediaType);
  if (document.kind === "unreadable") return problem({ kind: "unreadable", digest, reason: document.reason });
  const stray = strayMember(members, isIndexType(mediaType) ? ["manifests"] : ["config", "layers"]);
  if (stray !== undefined) return problem({ kind: "unreadable", digest, reason: `unexpected field ${stray}` });
  if (document.kind === "index") return document;
  if (document.kind === "schema1") return { kind: "image" };
  const { config, layers, artifactType } = document;
  const unsupported =
    mediaType === mediaTypes.dockerManifest
      ? [textOf(members.get("mediatype")), ...layers.map((layer) => layer.mediaType)].find(
          (type) => !dockerTypes.has(type),
        )
      : undefined;
  if (unsupported !== undefined) return problem({ kind: "unsupported-type", digest, mediaType: unsupported });
  const isArtifact = mediaType === mediaTypes.ociManifest && config.mediaType !== mediaTypes.ociConfig;
  if (isArtifact && traits.artifacts === "refused") {
    return problem({ kind: "not-an-image", mediaType: config.mediaType });
  }
  const declared = artifactType ?? (isArtifact ? config.mediaType : undefined);
  return {
    kind: "image",
    image: { manifestDigest: digest, config, layers, ...(declared === undefined ? {} : { artifactType: declared }) },
  };
}

/** Members by their name in lower case, as Go finds them. */
function parseMembers(bytes: Uint8Array): ReadonlyMap<string, unknown> {
  const value = parseJson(bytes);
  const entries = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  return new Map(entries.map(([name, member]) => [name.toLowerCase(), member]));
}

/** A member of another kind of manifest, which makes this one ambiguous. */
function strayMember(members: ReadonlyMap<string, unknown>, allowed: readonly string[]): string | undefined {
  return ["config", "fsLayers", "history", "layers", "manifests"].find((name) => {
    const value = members.get(name.toLowerCase());
    return value !== undefined && value !== null && !allowed.includes(name);
  });
}

/** Source: containers/image manifest/docker_schema1.go `Schema1FromManifest`. */
function isSchema1(members: ReadonlyMap<string, unknown>): boolean {
  const layers = members.get("fslayers");
  const history = members.get("history");
  return (
    members.get("schemaversion") === 1 &&
    Array.isArray(layers) &&
    Array.isArray(history) &&
    layers.length > 0 &&
    layers.length === history.length &&
    strayMember(members, ["fsLayers", "history"]) === undefined
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
