import { textOf } from "./resource.js";

/** Milliseconds since 1970 of a time as a list (a Date) or a watch (a text) has it; NaN for anything else. */
export function timeOf(value: unknown): number {
  return value instanceof Date ? value.getTime() : Date.parse(textOf(value));
}
