import { gzipSync } from "node:zlib";
import { digestOf, mediaTypes, type StoredRepository, type TarEntry, tarOf } from "./lab/index.js";

/** One layer while an image is being put together; each part follows from those before unless it is set. */
export interface LayerDraft {
  tar: Buffer;
  /** How the archive is packed. */
  packing: "gzip" | "zstd" | "plain";
  mediaType: string;
  /** Changes the packed bytes before their digest is taken. */
  readonly beforeDigest: ((bytes: Buffer) => Buffer)[];
  /** Changes what is served under the digest. */
  readonly afterDigest: ((bytes: Buffer) => Buffer)[];
  /** What the config lists where it is not the archive's digest. */
  diffId?: string;
  /** What the manifest says where it is not the true size. */
  size?: number;
  missing?: boolean;
}

/** A whole image while it is being put together. */
export interface ImageDraft {
  readonly layers: LayerDraft[];
  configType: string;
  manifestType: string;
  /** Changes to the config, before it is encoded. */
  readonly config: Record<string, unknown>;
  readonly configBytes: ((bytes: Buffer) => Buffer)[];
  readonly servedConfig: ((bytes: Buffer) => Buffer)[];
  readonly manifestBytes: ((bytes: Buffer) => Buffer)[];
  diffIds?: (ids: readonly string[]) => readonly string[];
  configSize?: number;
  configMissing?: boolean;
}

const types: Readonly<Record<LayerDraft["packing"], string>> = {
  gzip: mediaTypes.layer,
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  plain: "application/vnd.oci.image.layer.v1.tar",
};

/** A sound layer whose bytes depend on `salt`. */
export function layerDraft(
  salt: string,
  packing: LayerDraft["packing"] = "gzip",
  entries?: readonly TarEntry[],
): LayerDraft {
  const tar = tarOf(
    entries ?? [
      { name: "etc/", body: null },
      { name: `etc/origin-${salt.replaceAll(/\W/g, "-")}`, body: Buffer.from(`${salt}\n`.repeat(200)) },
      { name: "opt/payload", body: Buffer.from(`${salt} payload `.repeat(300)) },
    ],
  );
  return { tar, packing, mediaType: types[packing], beforeDigest: [], afterDigest: [] };
}

/** A sound linux/amd64 image of these layers. */
export function imageDraft(layers: LayerDraft[]): ImageDraft {
  return {
    layers,
    configType: mediaTypes.config,
    manifestType: mediaTypes.manifest,
    config: {},
    configBytes: [],
    servedConfig: [],
    manifestBytes: [],
  };
}

const apply = (bytes: Buffer, changes: readonly ((bytes: Buffer) => Buffer)[]): Buffer =>
  changes.reduce((changed, change) => change(changed), bytes);

function pack({ tar, packing }: LayerDraft): Buffer {
  if (packing === "gzip") return gzipSync(tar);
  return packing === "zstd" ? zstdOf(tar) : tar;
}

/** The repository that serves an image under the tag `v1`. */
export function repositoryOf(draft: ImageDraft): StoredRepository {
  const blobs = new Map<string, Buffer>();
  const served: string[] = [];
  const descriptors = draft.layers.map((layer) => {
    const bytes = apply(pack(layer), layer.beforeDigest);
    const digest = digestOf(bytes);
    if (layer.missing !== true) blobs.set(digest, apply(bytes, layer.afterDigest));
    served.push(digest);
    return { mediaType: layer.mediaType, digest, size: layer.size ?? bytes.length };
  });
  const ids = draft.layers.map((layer) => layer.diffId ?? digestOf(layer.tar));
  const rootfs = { type: "layers", diff_ids: draft.diffIds?.(ids) ?? ids };
  const config = apply(
    Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs, ...draft.config })),
    draft.configBytes,
  );
  const configDigest = digestOf(config);
  if (draft.configMissing !== true) blobs.set(configDigest, apply(config, draft.servedConfig));
  const document = {
    schemaVersion: 2,
    mediaType: draft.manifestType,
    config: { mediaType: draft.configType, digest: configDigest, size: draft.configSize ?? config.length },
    layers: descriptors,
  };
  const body = apply(Buffer.from(JSON.stringify(document)), draft.manifestBytes);
  const digest = digestOf(body);
  return {
    manifests: new Map([[digest, { mediaType: draft.manifestType, body, digest }]]),
    tags: new Map([["v1", digest]]),
    blobs,
    layers: new Set(served),
  };
}

/** A zstd frame of blocks that are stored as they are. Source: RFC 8878 */
export function zstdOf(bytes: Buffer): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x80, 0x38, 0, 0, 0, 0]);
  header.writeUInt32LE(bytes.length, 6);
  const parts: Buffer[] = [header];
  const blockBytes = 100_000;
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    const isLast = at + blockBytes >= bytes.length ? 1 : 0;
    const head = Buffer.alloc(3);
    head.writeUIntLE((block.length << 3) | isLast, 0, 3);
    parts.push(head, block);
  }
  return Buffer.concat(parts);
}
