const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/** Longest header of a frame: magic, descriptor, window, dictionary, content size. */
const maxHeaderBytes = 18;

type Step = "frame" | "block" | "skip";

/**
 * Follows the frames of a zstd stream to see how large a window each wants, before a decoder makes room for it. Says
 * nothing about streams that are damaged: the decoder does. Source: RFC 8878, 3.1
 */
export class ZstdWindows {
  readonly #maxBytes: number;
  readonly #head = Buffer.alloc(maxHeaderBytes);
  #held = 0;
  #step: Step = "frame";
  #toSkip = 0;
  #afterSkip: "frame" | "block" = "frame";
  #hasChecksum = false;
  #lost = false;

  /** @param maxBytes largest window that is acceptable */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether every frame that begins in these bytes, or before, is within the limit. */
  accepts(chunk: Uint8Array): boolean {
    for (let at = 0; at < chunk.byteLength && !this.#lost; ) {
      if (this.#step === "skip") {
        const count = Math.min(this.#toSkip, chunk.byteLength - at);
        this.#toSkip -= count;
        at += count;
        if (this.#toSkip === 0) this.#step = this.#afterSkip;
        continue;
      }
      this.#head[this.#held] = chunk[at] ?? 0;
      this.#held += 1;
      at += 1;
      const fits = this.#step === "frame" ? this.#readFrame() : this.#readBlock();
      if (!fits) return false;
    }
    return true;
  }

  #readFrame(): boolean {
    if (this.#held < 5) return true;
    const first = this.#head.readUInt32LE(0);
    // Sixteen magic numbers, for whoever wants to hide something in a stream.
    if (first - (first % 16) === skippableMagic) {
      if (this.#held === 8) this.#skip(this.#head.readUInt32LE(4), "frame");
      return true;
    }
    if (first !== magic) {
      this.#lost = true;
      return true;
    }
    const shape = shapeOf(this.#head[4] ?? 0);
    if (this.#held < shape.headerBytes) return true;
    this.#hasChecksum = shape.hasChecksum;
    const windowBytes = shape.isSingle ? contentBytes(this.#head, shape) : windowOf(this.#head[5] ?? 0);
    this.#skip(0, "block");
    return windowBytes <= this.#maxBytes;
  }

  #readBlock(): boolean {
    if (this.#held < 3) return true;
    const header = this.#head.readUIntLE(0, 3);
    const isRepeated = ((header >> 1) & 3) === 1;
    const bytes = isRepeated ? 1 : header >> 3;
    const isLast = (header & 1) === 1;
    this.#skip(bytes + (isLast && this.#hasChecksum ? 4 : 0), isLast ? "frame" : "block");
    return true;
  }

  #skip(bytes: number, then: "frame" | "block"): void {
    this.#held = 0;
    this.#toSkip = bytes;
    this.#afterSkip = then;
    this.#step = bytes === 0 ? then : "skip";
  }
}

interface Shape {
  readonly isSingle: boolean;
  readonly hasChecksum: boolean;
  readonly contentSizeBytes: number;
  readonly headerBytes: number;
}

function shapeOf(descriptor: number): Shape {
  const isSingle = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const headerBytes = 5 + (isSingle ? 0 : 1) + dictionaryBytes + contentSizeBytes;
  return { isSingle, hasChecksum: (descriptor & 4) !== 0, contentSizeBytes, headerBytes };
}

function contentBytes(head: Buffer, { headerBytes, contentSizeBytes }: Shape): number {
  const at = headerBytes - contentSizeBytes;
  if (contentSizeBytes === 8) return Number(head.readBigUInt64LE(at));
  return head.readUIntLE(at, contentSizeBytes) + (contentSizeBytes === 2 ? 256 : 0);
}

function windowOf(byte: number): number {
  const base = 2 ** (10 + (byte >> 3));
  return base + (base / 8) * (byte & 7);
}
