import { z } from "zod";

// Go leaves the zero value where JSON has null or nothing, so every field may be either.

/** A text, "" where there is none. */
export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

/** A whole number, 0 where there is none. */
export const integer = z
  .int()
  .nullish()
  .transform((value) => value ?? 0);

/** A list of texts. */
export const texts = z.array(text).nullish();

/** A map of texts. Not z.record: a document of a few megabytes of annotations would cost it a second. */
export const textMap = z
  .custom<Readonly<Record<string, string | null>>>(isTextMap, "expected a map of texts")
  .nullish();

/** Longest place inside a document that a reason quotes: annotation keys come from the document. */
const maxQuotedPlace = 80;

/** An object read as Go reads it into a struct: a key matches in any case, the last one counts, the rest is dropped. */
export function fields<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
  return z.preprocess((value) => pick(value, names), z.object(shape));
}

/** Where a document is not shaped as wanted, and how; quotes nothing of it but names of fields. */
export function shapeFault(error: z.ZodError, member?: string): string {
  const issue = error.issues[0];
  const place = [...(member === undefined ? [] : [member]), ...(issue?.path ?? [])].map(String).join(".");
  const shown = place === "" ? "the document" : JSON.stringify(place.slice(0, maxQuotedPlace));
  return `${shown}: ${issue?.message ?? "invalid"}`;
}

function pick(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const picked: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    const name = names.get(key) ?? names.get(key.toLowerCase());
    if (name !== undefined) picked[name] = member;
  }
  return picked;
}

function isTextMap(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((member) => typeof member === "string" || member === null);
}
