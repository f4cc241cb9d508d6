/** A member of a value that may be no object at all. */
export function memberOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, name) => (typeof found === "object" && found !== null ? Reflect.get(found, name) : undefined),
    value,
  );
}

/** A text, or "". */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The entries of a list, or none. */
export function entriesOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Milliseconds since 1970 of a time as a list of the API server (a Date) or a watch (a text) has it; NaN for anything else. */
export function timeOf(value: unknown): number {
  return value instanceof Date ? value.getTime() : Date.parse(textOf(value));
}
