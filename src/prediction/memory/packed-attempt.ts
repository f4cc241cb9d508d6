import type { RegistryHost } from "../../node/index.js";
import { type Descriptor, mediaTypes } from "../../oci/index.js";
import type { ImageContent, PulledAttempt, ResolvedImage } from "../types.js";

/** An attempt as one text, and what else goes with it: when the blobs were found, in seconds of the caller's clock. */
export interface Packed {
  readonly attempt: PulledAttempt;
  /** 0: they were not looked at, or not all of them answered. */
  readonly contentAtSeconds: number;
}

export interface AttemptPacker {
  /** Undefined where the attempt has something that is too rare to have a place in the text. */
  pack(packed: Packed, hosts: readonly RegistryHost[]): string | undefined;
  /** What this very attempt was packed into, or unpacked from, so that two memories hold one text. */
  packedBefore(attempt: PulledAttempt): string | undefined;
  /** @param hosts  equal to those that it was packed with */
  unpack(text: string, hosts: readonly RegistryHost[]): Packed;
}

/** Media types and lists of platforms are few: the first ones take two bytes each. Who makes them up spells them out. */
const maxWords = 1_000;
const maxNewWords = 8;
const maxWordLength = 512;
const spelledOut = 0xffff;
/** Never spelled out, whatever has been asked before. */
const usualWords: readonly string[] = [
  ...Object.values(mediaTypes),
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd",
];
/** Of the text. More layers than any runtime can stack need less. */
const maxLength = 16_384;
const digestPrefix = "sha256:";
const digestBytes = 32;
const digestPattern = /^sha256:[0-9a-f]{64}$/;
const maxSizeBytes = 2 ** 48 - 1;

/** What an attempt has, by bits of the first byte. */
const has = { image: 1, ownDigest: 2, content: 4, diffIds: 8, platforms: 16 } as const;

class DoesNotFit extends Error {}

/**
 * Turns attempts into texts of some hundred bytes and back, where the tree of objects takes thousands. Packing and unpacking
 * gives an equal attempt; `via` is then the host of the list.
 */
export function createAttemptPacker(): AttemptPacker {
  const words = [...usualWords];
  const numbers = new Map(words.map((word, index) => [word, index]));
  const scratch = Buffer.alloc(maxLength);
  const texts = new WeakMap<PulledAttempt, string>();

  /** Only what was packed gets numbers, and no more than a real image has. */
  function learn(fresh: readonly string[]): void {
    if (fresh.length > maxNewWords) return;
    for (const word of fresh) {
      if (numbers.has(word) || words.length >= maxWords || word.length > maxWordLength) continue;
      numbers.set(word, words.length);
      words.push(word);
    }
  }

  return {
    pack(packed, hosts) {
      const writer = new Writer(scratch, numbers);
      try {
        writeAttempt(writer, packed, hosts);
      } catch (error) {
        // A RangeError: the text would be longer than there is room for.
        if (error instanceof DoesNotFit || error instanceof RangeError) return undefined;
        throw error;
      }
      const text = writer.text();
      learn(writer.spelled);
      texts.set(packed.attempt, text);
      return text;
    },
    packedBefore: (attempt) => texts.get(attempt),
    unpack(text, hosts) {
      const packed = readAttempt(new Reader(Buffer.from(text, "latin1"), words), hosts);
      texts.set(packed.attempt, text);
      return packed;
    },
  };
}

class Writer {
  readonly #bytes: Buffer;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #spelled = new Set<string>();
  #at = 0;

  constructor(bytes: Buffer, numbers: ReadonlyMap<string, number>) {
    this.#bytes = bytes;
    this.#numbers = numbers;
  }

  /** Words that have no number yet. */
  get spelled(): readonly string[] {
    return [...this.#spelled];
  }

  number(value: number, byteLength: 1 | 2 | 4 | 6): void {
    if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * byteLength)) throw new DoesNotFit();
    this.#at = this.#bytes.writeUIntBE(value, this.#at, byteLength);
  }

  word(word: string): void {
    const known = this.#numbers.get(word);
    this.number(known ?? spelledOut, 2);
    if (known !== undefined) return;
    const byteLength = Buffer.byteLength(word);
    this.number(byteLength, 2);
    const begin = this.#at;
    this.#at += this.#bytes.write(word, begin);
    // No room for the whole of it, or halves of characters, which would come back as others.
    if (this.#bytes.toString("utf8", begin, this.#at) !== word) throw new DoesNotFit();
    this.#spelled.add(word);
  }

  digest(digest: string): void {
    if (!digestPattern.test(digest)) throw new DoesNotFit();
    if (this.#at + digestBytes > this.#bytes.length) throw new DoesNotFit();
    this.#bytes.write(digest.slice(digestPrefix.length), this.#at, "hex");
    this.#at += digestBytes;
  }

  digests(digests: readonly string[]): void {
    this.number(digests.length, 2);
    for (const digest of digests) this.digest(digest);
  }

  descriptor({ mediaType, digest, sizeBytes, ...others }: Descriptor): void {
    if (Object.keys(others).length > 0 || sizeBytes > maxSizeBytes) throw new DoesNotFit();
    this.word(mediaType);
    this.digest(digest);
    this.number(sizeBytes, 6);
  }

  text(): string {
    return this.#bytes.toString("latin1", 0, this.#at);
  }
}

class Reader {
  readonly #bytes: Buffer;
  readonly #words: readonly string[];
  #at = 0;

  constructor(bytes: Buffer, words: readonly string[]) {
    this.#bytes = bytes;
    this.#words = words;
  }

  number(byteLength: 1 | 2 | 4 | 6): number {
    this.#at += byteLength;
    return this.#bytes.readUIntBE(this.#at - byteLength, byteLength);
  }

  word(): string {
    const number = this.number(2);
    if (number !== spelledOut) return this.#words[number] ?? "";
    const byteLength = this.number(2);
    this.#at += byteLength;
    return this.#bytes.toString("utf8", this.#at - byteLength, this.#at);
  }

  digest(): string {
    this.#at += digestBytes;
    return digestPrefix + this.#bytes.toString("hex", this.#at - digestBytes, this.#at);
  }

  digests(): readonly string[] {
    return Array.from({ length: this.number(2) }, () => this.digest());
  }

  descriptor(): Descriptor {
    return { mediaType: this.word(), digest: this.digest(), sizeBytes: this.number(6) };
  }
}

function writeAttempt(writer: Writer, { attempt, contentAtSeconds }: Packed, hosts: readonly RegistryHost[]): void {
  const { kind, digest, mediaType, via, platforms, image, content, ...others } = attempt;
  const at = hosts.indexOf(via);
  if (kind !== "pulled" || at === -1 || Object.keys(others).length > 0) throw new DoesNotFit();
  const ownDigest = image !== undefined && image.manifestDigest !== digest;
  const diffIds = content?.diffIds;
  writer.number(
    (image === undefined ? 0 : has.image) |
      (ownDigest ? has.ownDigest : 0) |
      (content === undefined ? 0 : has.content) |
      (diffIds === undefined ? 0 : has.diffIds) |
      (platforms === undefined ? 0 : has.platforms),
    1,
  );
  writer.number(at, 1);
  writer.number(contentAtSeconds, 4);
  writer.word(mediaType);
  writer.digest(digest);
  if (platforms !== undefined) writer.word(JSON.stringify(platforms));
  if (image !== undefined) writeImage(writer, image, ownDigest);
  if (content !== undefined) writeContent(writer, content);
}

function writeImage(writer: Writer, image: ResolvedImage, ownDigest: boolean): void {
  const { manifestDigest, config, layers, ...others } = image;
  if (Object.keys(others).length > 0) throw new DoesNotFit();
  if (ownDigest) writer.digest(manifestDigest);
  writer.descriptor(config);
  writer.number(layers.length, 2);
  for (const layer of layers) writer.descriptor(layer);
}

function writeContent(writer: Writer, { diffIds, advices, ...others }: ImageContent): void {
  if (advices.length > 0 || Object.keys(others).length > 0) throw new DoesNotFit();
  if (diffIds !== undefined) writer.digests(diffIds);
}

function readAttempt(reader: Reader, hosts: readonly RegistryHost[]): Packed {
  const bits = reader.number(1);
  const via = hosts[reader.number(1)];
  if (via === undefined) throw new RangeError("the list of hosts is another one");
  const contentAtSeconds = reader.number(4);
  const mediaType = reader.word();
  const digest = reader.digest();
  const platforms = bits & has.platforms ? { platforms: JSON.parse(reader.word()) as readonly string[] } : {};
  const image = bits & has.image ? { image: readImage(reader, digest, bits) } : {};
  const content = bits & has.content ? { content: readContent(reader, bits) } : {};
  return { attempt: { kind: "pulled", digest, mediaType, via, ...platforms, ...image, ...content }, contentAtSeconds };
}

function readImage(reader: Reader, digest: string, bits: number): ResolvedImage {
  const manifestDigest = bits & has.ownDigest ? reader.digest() : digest;
  const config = reader.descriptor();
  const layers = Array.from({ length: reader.number(2) }, () => reader.descriptor());
  return { manifestDigest, config, layers };
}

function readContent(reader: Reader, bits: number): ImageContent {
  return { advices: [], ...(bits & has.diffIds ? { diffIds: reader.digests() } : {}) };
}
