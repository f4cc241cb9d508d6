import { posix } from "node:path";
import type { ArchiveRules } from "../prediction/index.js";
import { type PaxRecords, parsePaxInteger, parsePaxRecords, paxRecordsHold } from "./pax-records.js";
import { checksumHolds, parseNumeric, parseText, type TarNumber } from "./tar-numbers.js";

const blockBytes = 512;
/** Go refuses longer PAX headers and long names. Source: Go archive/tar common.go `maxSpecialFileSize` */
const maxSpecialBytes = 1 << 20;
const invalidHeader = "archive/tar: invalid tar header";
const unexpectedEnd = "unexpected EOF";
/** Longest name of one file that Linux file systems take. */
const maxNameBytes = 255;

const headerOnly = new Set(["1", "2", "3", "4", "5", "6"]);
const knownTypes = new Set(["0", "\0", ...headerOnly, "g"]);

type Step = "header" | "skip" | "collect" | "done";

interface Header {
  readonly type: string;
  readonly name: string;
  readonly linkName: string;
}

/** What the runtime would hold against an archive, and what it would put right in silence. */
export interface ArchiveFindings {
  /** Why it cannot be unpacked, in the runtime's words. */
  readonly fault?: string;
  /** The first name that leads out of the root; runtimes keep it inside. */
  readonly escapingName?: string;
}

/**
 * Walks the headers of a tar stream as Go's reader does, keeping nothing but the one at hand; contents of files are passed
 * over. What depends on the files of other layers (targets of hard links) is not judged.
 * Source: Go archive/tar reader.go, containerd v1.6.20 archive/tar.go `applyNaive`, moby v20.10.24 pkg/archive/diff.go
 */
export class ArchiveWalk {
  readonly #rules: ArchiveRules;
  readonly #block = Buffer.alloc(blockBytes);
  #filled = 0;
  #step: Step = "header";
  /** Bytes of the entry's content that are still to come, and of the padding after it. */
  #content = 0;
  #padding = 0;
  #zeroBlocks = 0;
  #special: { readonly type: string; readonly parts: Buffer[] } | undefined;
  #pax: PaxRecords | undefined;
  #longName = "";
  #longLink = "";
  #fault: string | undefined;
  #escapingName: string | undefined;

  constructor(rules: ArchiveRules) {
    this.#rules = rules;
  }

  /** Takes the next bytes. After a fault, or the archive's end, the rest does not matter. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.byteLength && this.#step !== "done") {
      switch (this.#step) {
        case "header":
          at = this.#fillBlock(chunk, at);
          break;
        case "skip":
          at = this.#pass(chunk, at);
          break;
        case "collect":
          at = this.#collect(chunk, at);
          break;
      }
    }
  }

  /** The stream is over. An archive may end without its two empty blocks, but not inside an entry. */
  end(): ArchiveFindings {
    if (this.#step !== "done" && (this.#filled > 0 || this.#content > 0)) this.#fail(unexpectedEnd);
    return {
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
      ...(this.#escapingName === undefined ? {} : { escapingName: this.#escapingName }),
    };
  }

  #fail(reason: string): void {
    this.#fault ??= reason;
    this.#step = "done";
  }

  #fillBlock(chunk: Uint8Array, at: number): number {
    const count = Math.min(blockBytes - this.#filled, chunk.byteLength - at);
    this.#block.set(chunk.subarray(at, at + count), this.#filled);
    this.#filled += count;
    if (this.#filled === blockBytes) {
      this.#filled = 0;
      this.#readBlock();
    }
    return at + count;
  }

  #pass(chunk: Uint8Array, at: number): number {
    const left = chunk.byteLength - at;
    const content = Math.min(this.#content, left);
    this.#content -= content;
    const padding = this.#content > 0 ? 0 : Math.min(this.#padding, left - content);
    this.#padding -= padding;
    if (this.#content === 0 && this.#padding === 0) this.#step = "header";
    return at + content + padding;
  }

  #collect(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.#content, chunk.byteLength - at);
    this.#special?.parts.push(Buffer.from(chunk.subarray(at, at + count)));
    this.#content -= count;
    if (this.#content === 0) this.#readSpecial();
    return at + count;
  }

  #readBlock(): void {
    const block = this.#block;
    if (block.every((byte) => byte === 0)) {
      this.#zeroBlocks += 1;
      if (this.#zeroBlocks === 2) this.#step = "done";
      return;
    }
    const size = this.#zeroBlocks > 0 ? undefined : readSize(block);
    if (size === undefined) {
      this.#fail(invalidHeader);
      return;
    }
    const type = String.fromCharCode(block[156] ?? 0);
    const bytes = headerOnly.has(type) ? 0 : Number(size);
    if (type === "x" || type === "g" || type === "L" || type === "K") this.#openSpecial(type, bytes);
    else this.#openEntry(type, bytes);
  }

  #openSpecial(type: string, bytes: number): void {
    if (bytes > maxSpecialBytes) {
      this.#fail("archive/tar: header field too long");
      return;
    }
    this.#special = { type, parts: [] };
    this.#expect(bytes);
    this.#step = "collect";
    if (bytes === 0) this.#readSpecial();
  }

  #readSpecial(): void {
    const { type, parts } = this.#special ?? { type: "", parts: [] };
    this.#special = undefined;
    const body = Buffer.concat(parts).toString("latin1");
    this.#step = this.#padding > 0 ? "skip" : "header";
    if (type === "L") this.#longName = body.split("\0", 1)[0] ?? "";
    else if (type === "K") this.#longLink = body.split("\0", 1)[0] ?? "";
    else {
      const records = parsePaxRecords(body);
      if (records === undefined) this.#fail(invalidHeader);
      else if (type === "x") this.#pax = records;
      else this.#forgetExtensions();
    }
  }

  #openEntry(type: string, ownBytes: number): void {
    const pax = this.#pax ?? new Map<string, string>();
    const size = pax.get("size") || undefined;
    const bytes = size === undefined ? ownBytes : Number(parsePaxInteger(size) ?? -1);
    if (!paxRecordsHold(pax) || bytes < 0) {
      this.#fail(invalidHeader);
      return;
    }
    const header = {
      type,
      name: this.#longName || pax.get("path") || ownName(this.#block),
      linkName: this.#longLink || pax.get("linkpath") || parseText(this.#block, 157, 100),
    };
    this.#forgetExtensions();
    this.#expect(headerOnly.has(type) ? 0 : bytes);
    this.#step = this.#content + this.#padding > 0 ? "skip" : "header";
    const fault = this.#judge(header);
    if (fault !== undefined) this.#fail(fault);
  }

  #forgetExtensions(): void {
    this.#pax = undefined;
    this.#longName = "";
    this.#longLink = "";
  }

  #expect(bytes: number): void {
    this.#content = bytes;
    this.#padding = (blockBytes - (bytes % blockBytes)) % blockBytes;
  }

  /** What the runtime says to an entry that is a sound piece of tar. */
  #judge({ type, name, linkName }: Header): string | undefined {
    const path = posix.normalize(name).replace(/^\/+/, "").replace(/\/$/, "");
    if (path === "" || path === ".") return undefined;
    if (/^\.\.(?:\/|$)/.test(path)) {
      this.#escapingName ??= name;
    }
    const base = posix.basename(path);
    if (path.split("/").some((part) => part.length > maxNameBytes)) return "file name too long";
    if (base.startsWith(".wh.")) return this.#judgeWhiteout(base.slice(".wh.".length));
    if (!knownTypes.has(type)) return `unhandled tar header type ${type.charCodeAt(0)}`;
    return type === "2" && linkName === "" ? "symlink without a target" : undefined;
  }

  #judgeWhiteout(target: string): string | undefined {
    const isBad = target === "" || target === "." || target === "..";
    return isBad && this.#rules.refusesEmptyWhiteouts ? "invalid whiteout name" : undefined;
  }
}

/** The size of a sound header, undefined for one that Go refuses. */
function readSize(block: Buffer): TarNumber {
  if (!checksumHolds(block)) return undefined;
  const size = parseNumeric(block, 124, 12);
  const fields: readonly (readonly [number, number])[] = [
    [100, 8],
    [108, 8],
    [116, 8],
    [136, 12],
    ...extendedFields(block),
  ];
  const allRead = fields.every(([at, length]) => parseNumeric(block, at, length) !== undefined);
  const isHeaderOnly = headerOnly.has(String.fromCharCode(block[156] ?? 0));
  return allRead && size !== undefined && (size >= 0 || isHeaderOnly) ? size : undefined;
}

type Format = "v7" | "ustar" | "star" | "gnu";

function formatOf(block: Buffer): Format {
  const magic = block.toString("latin1", 257, 263);
  if (magic === "ustar\0") return block.toString("latin1", 508, 512) === "tar\0" ? "star" : "ustar";
  return magic === "ustar " && block.toString("latin1", 263, 265) === " \0" ? "gnu" : "v7";
}

function extendedFields(block: Buffer): readonly (readonly [number, number])[] {
  const devices = [
    [329, 8],
    [337, 8],
  ] as const;
  switch (formatOf(block)) {
    case "v7":
      return [];
    case "star":
      return [...devices, [476, 12], [488, 12]];
    default:
      return devices;
  }
}

function ownName(block: Buffer): string {
  const name = parseText(block, 0, 100);
  const format = formatOf(block);
  const prefixBytes = format === "ustar" ? 155 : format === "star" ? 131 : 0;
  const prefix = prefixBytes === 0 ? "" : parseText(block, 345, prefixBytes);
  return prefix === "" ? name : `${prefix}/${name}`;
}
