import type { CauseCode } from "../findings/index.js";
import { isCauseCode, unknownCause } from "./field-rules.js";

/** Annotation of a workload: `TagNotFound,RegistryTimeout: pushed by the release job`. */
export const skipAnnotation = "pullguard.dev/skip";

/** Causes that a workload's owner bears with, or why the annotation says nothing. */
export type Skip =
  | { readonly kind: "skip"; readonly causes: readonly CauseCode[]; readonly reason: string }
  | { readonly kind: "malformed"; readonly message: string };

/** Reads the annotation's value: codes, separated by commas or spaces, a colon, and the reason, which must not be empty. */
export function parseSkip(text: string): Skip {
  const [, before = "", reason = ""] = /^([^:]*):([\s\S]*)$/.exec(text) ?? [];
  const codes = before.split(/[\s,]+/).filter((code) => code !== "");
  if (codes.length === 0 || reason.trim() === "") {
    return malformed('it must be "<cause codes>: <reason>"');
  }
  const foreign = codes.find((code) => !isCauseCode(code));
  if (foreign !== undefined) return malformed(unknownCause(foreign));
  return { kind: "skip", causes: codes.filter(isCauseCode), reason: reason.trim().slice(0, 200) };
}

function malformed(message: string): Skip {
  return { kind: "malformed", message };
}
