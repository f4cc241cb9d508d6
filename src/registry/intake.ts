import type { OnReadOpts, Socket } from "node:net";

/** What one read takes at most, of answers that are mostly small. */
const usualBytes = 16 * 1024;
/** What one read takes at most of a long body: the larger, the fewer turns of the event loop a gigabyte takes. */
const wideBytes = 4 * 1024 * 1024;

type Write = (chunk: Uint8Array) => Promise<void> | undefined;

/** The part of a body that goes past the parser. */
interface Diversion {
  /** Whether the parser has passed on all that it was given. */
  readonly isDue: () => boolean;
  /** Asked once, when it begins: how many bytes are still to come. */
  readonly leftBytes: () => number;
  readonly write: Write;
  readonly settle: (error?: unknown) => void;
}

/**
 * How a plain connection is read. Usually each read is copied out for the HTTP parser. A long body of known length is
 * diverted: read in large pieces into one place and shown from there, as fresh memory for each read and the way through
 * the parser cost more than the reads.
 */
export class Intake {
  readonly #small = new Uint8Array(usualBytes);
  #wide: Uint8Array | undefined;
  #socket: Socket | undefined;
  #diversion: Diversion | undefined;
  /** Absent until the diversion has begun. */
  #left: number | undefined;

  /** For `net.connect`, whose socket must then be given to {@link attach}. */
  get onread(): OnReadOpts {
    return {
      buffer: () => this.#wide ?? this.#small,
      callback: (count, memory) => this.#take(memory.subarray(0, count)),
    };
  }

  attach(socket: Socket): void {
    this.#socket = socket;
  }

  /**
   * From the moment `isDue` holds, chunks go to `write` instead of the parser, and each is gone when `write` is done with
   * it. `settle` is called when all are written, or a write failed; a connection that breaks off is the parser's to tell.
   * The parser does not learn of the body's end then, so the connection is of no use afterwards. Does nothing where the
   * connection is not read this way.
   */
  divert(diversion: Diversion): void {
    if (this.#socket === undefined) return;
    this.#wide = new Uint8Array(wideBytes);
    this.#diversion = diversion;
  }

  /** The body is over: everything is the parser's again. */
  restore(): void {
    this.#wide = undefined;
    this.#diversion = undefined;
    this.#left = undefined;
  }

  /** @returns whether to read on */
  #take(chunk: Uint8Array): boolean {
    const socket = this.#socket;
    const diversion = this.#diversion;
    if (socket === undefined) return false;
    if (diversion === undefined || (this.#left === undefined && (socket.readableLength > 0 || !diversion.isDue()))) {
      return socket.push(Buffer.from(chunk));
    }
    this.#left ??= diversion.leftBytes();
    // Whatever follows a body was not asked for.
    const own = chunk.subarray(0, this.#left);
    this.#left -= own.byteLength;
    const held = diversion.write(own);
    if (held === undefined) {
      if (this.#left === 0) diversion.settle();
      return this.#left > 0;
    }
    held.then(() => {
      if (this.#left === 0) diversion.settle();
      else socket.resume();
    }, diversion.settle);
    return false;
  }
}
