import { z } from "zod";
import { decodeManifest, isIndexType, isManifestType, type ManifestDocument, mediaTypes } from "../../../oci/index.js";
import type { ContentProblem } from "../../types.js";
import { parseJson } from "../reading.js";
import type { DockerTraits } from "./traits.js";

/** The bytes of a manifest, as dockerd reads them under the type with which they came. */
export type DockerDocument =
  | Exclude<ManifestDocument, { kind: "unreadable" }>
  | { readonly kind: "damaged"; readonly problem: ContentProblem };

/** Types that mean schema 1; so does every type that dockerd does not know, and none at all. */
const schema1Types: ReadonlySet<string> = new Set([mediaTypes.schema1Signed, "application/json", ""]);

/**
 * Source: `UnmarshalManifest`, distribution v2.8 manifests.go, and the functions that manifest/schema1, schema2, ocischema and
 * manifestlist register there.
 * @param contentType  of the answer, without parameters
 * @param digest       by which the manifest goes in messages
 */
export function readDocument(
  bytes: Uint8Array,
  contentType: string,
  digest: string,
  traits: DockerTraits,
): DockerDocument {
  const mediaType = contentType.trim().toLowerCase();
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) return readSchema1(bytes, mediaType, digest, traits);
  const document = decodeManifest(bytes, mediaType);
  if (document.kind === "unreadable") return unreadable(digest, document.reason);
  const declared = declaredType(bytes);
  const needsType = mediaType === mediaTypes.dockerManifest || mediaType === mediaTypes.dockerIndex;
  if (declared === mediaType || (declared === "" && !needsType)) return document;
  return unreadable(digest, `its mediaType is ${JSON.stringify(declared.slice(0, 100))}, not ${mediaType}`);
}

const signedManifest = z.object({
  signatures: z.array(z.unknown()).min(1),
  fsLayers: z.array(z.unknown()).min(1),
  history: z.array(z.unknown()),
});

function readSchema1(bytes: Uint8Array, mediaType: string, digest: string, traits: DockerTraits): DockerDocument {
  const parsed = signedManifest.safeParse(parseJson(bytes));
  const sound = parsed.success && parsed.data.fsLayers.length === parsed.data.history.length;
  if (sound && traits.schema1 === "accepted") return { kind: "schema1" };
  if (sound || mediaType === mediaTypes.schema1Signed) return { kind: "damaged", problem: { kind: "schema1", digest } };
  if (schema1Types.has(mediaType) && mediaType !== "" && mediaType !== "application/json") {
    return unreadable(digest, "missing signature key");
  }
  return { kind: "damaged", problem: { kind: "unsupported-type", digest, mediaType } };
}

/** The document's own mediaType, keys in any case and the last one counting, "" where it has none. */
function declaredType(bytes: Uint8Array): string {
  const value = parseJson(bytes);
  if (typeof value !== "object" || value === null) return "";
  const found = Object.entries(value).findLast(([key]) => key.toLowerCase() === "mediatype")?.[1];
  return typeof found === "string" ? found : "";
}

function unreadable(digest: string, reason: string): DockerDocument {
  return { kind: "damaged", problem: { kind: "unreadable", digest, reason } };
}
