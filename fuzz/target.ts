import type { Random } from "./random.js";

/** Stands in seeds where passwords and tokens stand; nothing that people read may contain it. */
export const canary = "zq7Canary9x";

/** What one execution came to. */
export interface Told {
  /** Names the outcome, without anything of the input: `invalid UppercaseName`. */
  readonly shape: string;
  /** Texts that people, logs or metrics may get to see. */
  readonly said?: readonly string[];
}

/** One reader of foreign input. */
export interface FuzzTarget {
  readonly name: string;
  /** Inputs to start from; for `bytes` each character is one byte. */
  readonly seeds: readonly string[];
  /** Words of the format, which mutations insert. */
  readonly words: readonly string[];
  /** How the seeds are changed besides as plain text. */
  readonly format?: "json" | "bytes";
  /** Makes an input by the format's own grammar. */
  readonly grow?: (random: Random) => string;
  /** Whether `said` must be one line without control and direction characters. */
  readonly saysOneLine?: true;
  /** The longest input, 4096 characters where absent. */
  readonly longest?: number;
  /** Its share of executions; 1 where absent, more for targets that take little time. */
  readonly weight?: number;
  /** Throws for whatever must not happen. */
  readonly run: (input: string) => Told | Promise<Told>;
}

/** The bytes of an input of format `bytes`. */
export function bytesOf(input: string): Buffer {
  return Buffer.from(input, "latin1");
}
