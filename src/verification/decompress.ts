import zlib from "node:zlib";
import { Decompress as ZstdDecompress } from "fzstd";
import type { CompressionFormat, LayerPacking } from "../prediction/index.js";
import { ZstdWindows } from "./zstd-windows.js";

/** Bytes that must be seen to tell the formats apart. */
export const sniffedBytes = 10;

const magics: Readonly<Record<CompressionFormat, readonly number[]>> = {
  gzip: [0x1f, 0x8b, 0x08],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  bzip2: [0x42, 0x5a, 0x68],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
};

/** Output of one step of decompression: few of them, and not much garbage at a time. */
const outputBytes = 128 * 1024;
/** Input that may wait for the decompressor, so that it runs while the next bytes arrive. */
const queuedBytes = 512 * 1024;

/** A stream's end: what kept it from being decompressed, in the runtime's words. */
export type StreamEnd =
  | { readonly kind: "complete" }
  | { readonly kind: "fault"; readonly reason: string; readonly doubt?: string }
  /** A node may read it; Pullguard does not. */
  | { readonly kind: "unreadable"; readonly reason: string };

/** Turns a layer's bytes into those of its archive, which go to the function it was made with. */
export interface Decompressor {
  /** A promise holds back whoever writes. After a fault the bytes are passed over. A chunk may be kept for a while. */
  write(chunk: Uint8Array): Promise<void> | undefined;
  end(): Promise<StreamEnd>;
  /** Lets go of what it holds, whatever its state. */
  destroy(): void;
}

/** The format in which a runtime reads a layer that begins with these bytes; undefined: taken as it is. */
export function formatOf(start: Uint8Array, packing: LayerPacking): CompressionFormat | undefined {
  return packing.kind === "plain" ? undefined : packing.formats.find((format) => beginsAs(start, format));
}

function beginsAs(start: Uint8Array, format: CompressionFormat): boolean {
  if (magics[format].every((byte, at) => start[at] === byte)) return true;
  // A zstd stream may begin with a frame to be skipped.
  const isSkippable = start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18 && ((start[0] ?? 0) & 0xf0) === 0x50;
  return format === "zstd" && isSkippable && start.byteLength >= 8;
}

/** @returns undefined for formats that Pullguard cannot read itself (bzip2, xz) */
export function createDecompressor(
  format: CompressionFormat,
  onBytes: (chunk: Uint8Array) => void,
): Decompressor | undefined {
  switch (format) {
    case "gzip":
      return gzipDecompressor(onBytes);
    case "zstd":
      return zstdDecompressor(onBytes);
    case "bzip2":
    case "xz":
      return undefined;
  }
}

type ZlibStream = ReturnType<typeof zlib.createGunzip>;

function gzipDecompressor(onBytes: (chunk: Uint8Array) => void): Decompressor {
  const gunzip = zlib.createGunzip({ chunkSize: outputBytes, writableHighWaterMark: queuedBytes } as zlib.ZlibOptions);
  let fed = 0;
  const piped = pipeThrough(gunzip, onBytes);
  return {
    ...piped,
    write(chunk) {
      fed += chunk.byteLength;
      return piped.write(chunk);
    },
    async end() {
      const end = await piped.end();
      if (end.kind !== "complete" || gunzip.bytesWritten >= fed) return end;
      // Node passes over zeros behind the last member, Go takes them for a broken header.
      return { kind: "fault", reason: "gzip: invalid header", doubt: "nodes that unpack with pigz may not mind" };
    },
  };
}

function gzipFault(code: string): string {
  switch (code) {
    case "Z_BUF_ERROR":
      return "unexpected EOF";
    case "Z_DATA_ERROR":
      return "the gzip stream is corrupt";
    default:
      return `the gzip stream cannot be read (${code})`;
  }
}

function pipeThrough(stream: ZlibStream, onBytes: (chunk: Uint8Array) => void): Decompressor {
  let fault: string | undefined;
  const done = new Promise<void>((resolve) => {
    stream.on("data", onBytes);
    stream.once("end", resolve);
    stream.once("close", resolve);
    stream.on("error", (error: NodeJS.ErrnoException) => {
      fault ??= gzipFault(error.code ?? "");
      resolve();
    });
  });
  const drained = (): Promise<void> =>
    Promise.race([done, new Promise<void>((resolve) => stream.once("drain", resolve))]);
  return {
    write(chunk) {
      if (fault !== undefined || stream.destroyed || stream.write(chunk)) return undefined;
      return drained();
    },
    async end() {
      if (!stream.destroyed) stream.end();
      await done;
      return fault === undefined ? { kind: "complete" } : { kind: "fault", reason: fault };
    },
    destroy: () => void stream.destroy(),
  };
}

/** zstd's own defaults need 8 MiB at most; its decoder moves the whole window for each block. */
const maxWindowBytes = 32 * 1024 * 1024;

/**
 * Node.js from 22.15 on has a decoder of its own, which stops after the first frame and passes over whatever follows;
 * this one reads them all and refuses the rest, as Go's does.
 */
function zstdDecompressor(onBytes: (chunk: Uint8Array) => void): Decompressor {
  const zstd = new ZstdDecompress((chunk) => onBytes(chunk));
  const windows = new ZstdWindows(maxWindowBytes);
  let end: StreamEnd = { kind: "complete" };
  const push = (chunk: Uint8Array, final: boolean): void => {
    if (end.kind !== "complete") return;
    if (!windows.accepts(chunk)) {
      end = { kind: "unreadable", reason: "it needs more memory to decompress than Pullguard gives it" };
      return;
    }
    try {
      zstd.push(chunk, final);
    } catch (error) {
      const isEnd = error instanceof Error && "code" in error && error.code === 5;
      end = { kind: "fault", reason: isEnd ? "unexpected EOF" : "the zstd stream is corrupt" };
    }
  };
  return {
    write(chunk) {
      push(chunk, false);
      return undefined;
    },
    async end() {
      push(new Uint8Array(), true);
      return end;
    },
    destroy: () => undefined,
  };
}
