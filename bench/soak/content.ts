import { createHash } from "node:crypto";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
/** More than may be asked for between a tag's HEAD and the last blob of its manifest. */
const maxTexts = 20_000;

/** A document as a registry serves it. */
export interface Document {
  readonly type: string;
  readonly digest: string;
  readonly text: string;
}

/** Small images, each unlike any other, made when they are asked for. */
export class Library {
  readonly #texts = new Map<string, Document>();

  /** The manifest of a name; its config is known from then on. */
  manifestOf(name: string): Document {
    const config = this.#keep(
      "application/octet-stream",
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        config: { Labels: { name } },
        rootfs: { type: "layers", diff_ids: [digestOf(`unpacked ${name}`)] },
      }),
    );
    return this.#keep(
      manifestType,
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: {
          mediaType: "application/vnd.oci.image.config.v1+json",
          digest: config.digest,
          size: config.text.length,
        },
        layers: [
          { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digestOf(name), size: layerBytes },
        ],
      }),
    );
  }

  byDigest(digest: string): Document | undefined {
    return this.#texts.get(digest);
  }

  #keep(type: string, text: string): Document {
    const document = { type, digest: digestOf(text), text };
    this.#texts.delete(document.digest);
    this.#texts.set(document.digest, document);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > maxTexts && oldest !== undefined) this.#texts.delete(oldest);
    return document;
  }
}

/** Declared size of every layer; none is ever read. */
export const layerBytes = 1_000;

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
