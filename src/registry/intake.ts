import type { OnReadOpts } from "node:net";

/** What one read takes at most, of answers that are mostly small. */
const usualBytes = 16 * 1024;
/** What one read takes at most while a long body passes. */
const wideBytes = 1024 * 1024;
/** Wide pieces of memory that are kept for the next long body. */
const maxKept = 4;

/**
 * Memory for long bodies, used over and over. A fresh piece for each read costs more than the read: the system has to
 * clear it, and it is in no cache.
 */
export class WideMemory {
  readonly #free: ArrayBuffer[] = [];

  take(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(wideBytes);
  }

  /** Only of what nobody looks at any more. Other memory than was taken from here is left alone. */
  give(memory: ArrayBufferLike): void {
    if (memory.byteLength !== wideBytes || !(memory instanceof ArrayBuffer)) return;
    if (this.#free.length < maxKept && !this.#free.includes(memory)) this.#free.push(memory);
  }
}

/**
 * Decides how a plain connection is read: with small pieces of their own memory each, or, while a long body passes, with
 * wide ones that come from {@link WideMemory} and are given back by whoever takes the body. What is not given back is
 * nobody's but its reader's.
 */
export class Intake {
  readonly #memory: WideMemory;
  /** Where small reads are put before their bytes are copied out. */
  readonly #small = new Uint8Array(usualBytes);
  #isWide = false;

  constructor(memory: WideMemory) {
    this.#memory = memory;
  }

  /** For `net.connect`; `push` hands a chunk to the socket's stream and says whether it wants more. */
  onread(push: (chunk: Uint8Array) => boolean): OnReadOpts {
    return {
      buffer: () => (this.#isWide ? new Uint8Array(this.#memory.take()) : this.#small),
      callback: (count, memory) => push(memory === this.#small ? copyOf(memory, count) : viewOf(memory, count)),
    };
  }

  /** The reads after the next one are wide. @returns what to call with each chunk that is done with, in their order */
  widen(): (chunk: Uint8Array) => void {
    this.#isWide = true;
    let last: ArrayBufferLike | undefined;
    return ({ buffer }) => {
      // One read may hold several chunks, next to each other: it is done with when the next read's come.
      if (last !== undefined && last !== buffer) this.#memory.give(last);
      last = buffer;
    };
  }

  /** Back to small reads: the body is over. */
  narrow(): void {
    this.#isWide = false;
  }
}

function copyOf(memory: Uint8Array, count: number): Buffer {
  return Buffer.from(memory.subarray(0, count));
}

function viewOf(memory: Uint8Array, count: number): Buffer {
  return Buffer.from(memory.buffer, memory.byteOffset, count);
}
