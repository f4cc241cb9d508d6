import { type Descriptor, formatPlatform, normalisePlatform, readJson } from "../../oci/index.js";

/** The value of a JSON text as Go reads it; undefined where it is none, which whoever reads on will miss. */
export function parseJson(bytes: Uint8Array): unknown {
  const text = readJson(bytes);
  return text.kind === "json" ? text.value : undefined;
}

/** The platforms of an index for people, attestations left out. */
export function offeredPlatforms(entries: readonly Descriptor[]): readonly string[] {
  const names = entries.flatMap(({ platform }) => {
    if (platform === undefined) return [];
    const version = platform.osVersion === undefined ? "" : ` (${platform.osVersion.slice(0, 32)})`;
    return [`${formatPlatform(normalisePlatform(platform))}${version}`];
  });
  return [...new Set(names)].filter((name) => !name.startsWith("unknown/"));
}
