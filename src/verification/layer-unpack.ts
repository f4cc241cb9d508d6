import { createHash } from "node:crypto";
import type { ArchiveRules, LayerPacking } from "../prediction/index.js";
import { ArchiveWalk } from "./archive-walk.js";
import { createDecompressor, type Decompressor, formatOf, sniffedBytes } from "./decompress.js";

/** What unpacking a layer came to. */
export interface Unpacking {
  /** Digest of the archive; absent where it is the layer's own (not compressed), or it could not be read. */
  readonly diffId?: string;
  readonly isPlain: boolean;
  /** Why the layer cannot be unpacked, in the runtime's words. */
  readonly fault?: string;
  /** Why a fault may not be one on every node; also set without a fault where nothing could be found out. */
  readonly doubt?: string;
  /** The first name that leads out of the root. */
  readonly escapingName?: string;
}

/** Unpacks a layer as it comes in: decompresses it, hashes its archive and walks the headers. Nothing is kept. */
export class LayerUnpack {
  readonly #packing: LayerPacking;
  readonly #walk: ArchiveWalk;
  readonly #hash = createHash("sha256");
  #start: Buffer | undefined = Buffer.alloc(0);
  #decompressor: Decompressor | undefined;
  #unreadable: string | undefined;

  constructor(packing: LayerPacking, rules: ArchiveRules) {
    this.#packing = packing;
    this.#walk = new ArchiveWalk(rules);
  }

  /** Keeps nothing of the chunk's memory. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#start === undefined) return this.#feed(chunk);
    this.#start = Buffer.concat([this.#start, chunk]);
    return this.#start.byteLength < sniffedBytes ? undefined : this.#begin();
  }

  async end(): Promise<Unpacking> {
    if (this.#start !== undefined) await this.#begin();
    if (this.#unreadable !== undefined) return { isPlain: false, doubt: this.#unreadable };
    if (this.#decompressor === undefined) return { isPlain: true, ...this.#walk.end() };
    const end = await this.#decompressor.end();
    if (end.kind === "unreadable") return { isPlain: false, doubt: end.reason };
    // The archive comes first: its reader meets a fault before the decompressor is read to its end.
    const { fault, escapingName } = this.#walk.end();
    const found = { isPlain: false, ...(escapingName === undefined ? {} : { escapingName }) };
    if (end.kind === "fault") {
      return { ...found, fault: end.reason, ...(end.doubt === undefined ? {} : { doubt: end.doubt }) };
    }
    const diffId = `sha256:${this.#hash.digest("hex")}`;
    return { ...found, diffId, ...(fault === undefined ? {} : { fault }) };
  }

  /** Lets go of everything; for a layer that is given up. */
  destroy(): void {
    this.#decompressor?.destroy();
  }

  #begin(): Promise<void> | undefined {
    const start = this.#start ?? Buffer.alloc(0);
    this.#start = undefined;
    const format = formatOf(start, this.#packing);
    if (format !== undefined) {
      this.#decompressor = createDecompressor(format, (bytes) => {
        this.#hash.update(bytes);
        this.#walk.push(bytes);
      });
      if (this.#decompressor === undefined) this.#unreadable = `Pullguard does not read ${format}`;
    }
    return this.#feed(start);
  }

  #feed(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#unreadable !== undefined) return undefined;
    // Some of it may wait there, when the chunk's memory is somebody else's already.
    if (this.#decompressor !== undefined) return this.#decompressor.write(Buffer.from(chunk));
    // Not compressed: the layer's own digest is the archive's.
    this.#walk.push(chunk);
    return undefined;
  }
}
