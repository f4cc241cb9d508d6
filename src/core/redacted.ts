import { inspect } from "node:util";

const mask = "[redacted]";

/**
 * Holds a secret so that no accident prints it: string conversion, JSON, and `util.inspect` (hence
 * `console.log` and pino) all show `[redacted]`. Only {@link Redacted.reveal} gives the value back.
 */
export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}
