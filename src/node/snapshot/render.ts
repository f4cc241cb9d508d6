import { formatPlatform } from "../../oci/index.js";
import type { ProfileSpec } from "./spec.js";

/** A spec as it stands in a NodePullProfile object. */
export function renderProfileSpec({ platform, ...spec }: ProfileSpec): Readonly<Record<string, unknown>> {
  return { ...spec, ...(platform === undefined ? {} : { platform: formatPlatform(platform) }) };
}

/** A value as JSON with the members of every object in order: equal values have equal texts. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
