import { z } from "zod";
import { fields, integer, shapeFault, text, textMap, texts } from "./go-shape.js";
import { readJson } from "./json.js";
import { isIndexType, isManifestType, isSchema1Type } from "./media-types.js";
import type { Descriptor, ManifestDocument, Platform } from "./types.js";

/** The largest manifest containerd takes at resolve, in bytes. Source: containerd v1.6.20 resolver.go `MaxManifestSize` */
export const maxManifestBytes = 4 * 1048 * 1048;

/** Far above any image: what keeps a crafted array of empty entries from costing seconds. */
const maxEntries = 50_000;

const platformSchema = fields({
  os: text,
  architecture: text,
  variant: text,
  "os.version": text,
  "os.features": texts,
});

const descriptorSchema = fields({
  mediaType: text,
  digest: text,
  size: integer,
  urls: texts,
  annotations: textMap,
  platform: z.unknown().optional(),
});

const indexSchema = fields({ schemaVersion: integer, mediaType: text, annotations: textMap, manifests: entries() });
const manifestSchema = fields({
  schemaVersion: integer,
  mediaType: text,
  artifactType: text,
  annotations: textMap,
  config: z.unknown().optional(),
  layers: entries(),
});

/** The members by which containerd tells the kinds of document apart; their mere presence counts. */
const kindSchema = fields({
  mediaType: text,
  config: z.unknown().optional(),
  layers: z.unknown().optional(),
  manifests: z.unknown().optional(),
  fsLayers: z.unknown().optional(),
});

/**
 * What the bytes of a manifest are. The declared media type decides how they are read; a body of another kind is
 * `unreadable`, as it is for containerd, and so is everything under a type that names no manifest. Reads as Go does:
 * keys in any case, null like nothing. Digests, sizes and types of descriptors are not judged here.
 *
 * Never throws. The `reason` is worded as in containerd's log where it is a fault of the body.
 * Source: containerd v1.6.20 images/image.go `validateMediaType`, `Children`
 * @param mediaType of the descriptor or the Content-Type without parameters
 */
export function decodeManifest(bytes: Uint8Array, mediaType: string): ManifestDocument {
  if (isSchema1Type(mediaType)) return { kind: "schema1" };
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) return unreadable("the media type names no manifest");
  if (bytes.byteLength > maxManifestBytes) return unreadable(`larger than ${maxManifestBytes} bytes`);
  const body = readJson(bytes);
  if (body.kind === "unreadable") return unreadable(body.reason);
  const mismatch = kindMismatch(body.value, mediaType);
  if (mismatch !== undefined) return unreadable(mismatch);
  return isIndexType(mediaType) ? decodeIndex(body.value) : decodeImage(body.value);
}

function kindMismatch(value: unknown, mediaType: string): string | undefined {
  const parsed = kindSchema.safeParse(value);
  if (!parsed.success) return shapeFault(parsed.error);
  const document = parsed.data;
  if (document.fsLayers !== undefined) return "media-type: schema 1 not supported";
  if (isManifestType(mediaType) && (document.manifests !== undefined || isIndexType(document.mediaType))) {
    return `media-type: expected manifest but found index (${mediaType})`;
  }
  const looksLikeManifest =
    document.config !== undefined || document.layers !== undefined || isManifestType(document.mediaType);
  return isIndexType(mediaType) && looksLikeManifest
    ? `media-type: expected index but found manifest (${mediaType})`
    : undefined;
}

function decodeIndex(value: unknown): ManifestDocument {
  const parsed = indexSchema.safeParse(value);
  if (!parsed.success) return unreadable(shapeFault(parsed.error));
  const found = readDescriptors(parsed.data.manifests ?? [], "manifests");
  return found.kind === "unreadable" ? found : { kind: "index", entries: found.descriptors };
}

function decodeImage(value: unknown): ManifestDocument {
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) return unreadable(shapeFault(parsed.error));
  const { artifactType } = parsed.data;
  const config = readDescriptors([parsed.data.config], "config");
  if (config.kind === "unreadable") return config;
  const layers = readDescriptors(parsed.data.layers ?? [], "layers");
  if (layers.kind === "unreadable") return layers;
  return {
    kind: "manifest",
    config: config.descriptors[0] ?? emptyDescriptor,
    layers: layers.descriptors,
    ...(artifactType === "" ? {} : { artifactType }),
  };
}

const emptyDescriptor: Descriptor = { mediaType: "", digest: "", sizeBytes: 0 };

type Descriptors =
  | { readonly kind: "descriptors"; readonly descriptors: readonly Descriptor[] }
  | Extract<ManifestDocument, { kind: "unreadable" }>;

function readDescriptors(values: readonly unknown[], member: "config" | "layers" | "manifests"): Descriptors {
  const descriptors: Descriptor[] = [];
  for (const [index, value] of values.entries()) {
    const place = member === "config" ? member : `${member}[${index}]`;
    const parsed = descriptorSchema.safeParse(value ?? {});
    if (!parsed.success) return unreadable(shapeFault(parsed.error, place));
    const platform = readPlatform(parsed.data.platform, `${place}.platform`);
    if (platform.kind === "unreadable") return platform;
    descriptors.push(descriptorOf(parsed.data, platform.platform));
  }
  return { kind: "descriptors", descriptors };
}

function descriptorOf(read: z.output<typeof descriptorSchema>, platform: Platform | undefined): Descriptor {
  return {
    mediaType: read.mediaType,
    digest: read.digest,
    sizeBytes: read.size,
    ...(platform === undefined ? {} : { platform }),
    ...(read.urls ? { urls: read.urls } : {}),
    ...(read.annotations ? { annotations: withoutNulls(read.annotations) } : {}),
  };
}

function withoutNulls(map: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, value ?? ""]));
}

type PlatformRead =
  | { readonly kind: "platform"; readonly platform: Platform | undefined }
  | Extract<ManifestDocument, { kind: "unreadable" }>;

function readPlatform(value: unknown, place: string): PlatformRead {
  // null is no platform, {} is one that nothing matches.
  if (value === undefined || value === null) return { kind: "platform", platform: undefined };
  const parsed = platformSchema.safeParse(value);
  if (!parsed.success) return unreadable(shapeFault(parsed.error, place));
  const { os, architecture, variant, "os.version": osVersion, "os.features": osFeatures } = parsed.data;
  const platform = {
    os,
    architecture,
    ...(variant === "" ? {} : { variant }),
    ...(osVersion === "" ? {} : { osVersion }),
    ...(osFeatures && osFeatures.length > 0 ? { osFeatures } : {}),
  };
  return { kind: "platform", platform };
}

function entries() {
  return z.array(z.unknown()).max(maxEntries, `has more than ${maxEntries} entries`).nullish();
}

function unreadable(reason: string): Extract<ManifestDocument, { kind: "unreadable" }> {
  return { kind: "unreadable", reason };
}
