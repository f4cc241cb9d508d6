/** The value if it belongs to the set, else `other`. */
export function oneOf(known: ReadonlySet<string>, value: string): string {
  return known.has(value) ? value : "other";
}

/** Keeps a label that outsiders choose from growing without end: the first `limit` values, then `other`. */
export class BoundedLabel {
  readonly #limit: number;
  readonly #seen = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  of(value: string): string {
    if (this.#seen.has(value)) {
      return value;
    }
    if (this.#seen.size >= this.#limit) {
      return "other";
    }
    this.#seen.add(value);
    return value;
  }
}
