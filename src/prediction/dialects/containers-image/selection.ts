import { type Descriptor, mediaTypes, normalisePlatform, type Platform } from "../../../oci/index.js";
import type { ContainersImageTraits } from "./traits.js";

const zstdAnnotation = "io.github.containers.compression.zstd";

/** Variants that an architecture runs, best first. Source: containers/image internal/pkg/platform `compatibility`. */
const compatible: Readonly<Record<string, readonly string[]>> = {
  arm: ["v8", "v7", "v6", "v5"],
  arm64: ["v8"],
};

/**
 * The entry of an index that a node takes: its platform spelt exactly so, the best variant first, and the first of an OCI index
 * without a platform where none fits.
 * Source: containers/image manifest/oci_index.go, docker_schema2_list.go `ChooseInstance`.
 */
export function chooseEntry(
  entries: readonly Descriptor[],
  indexType: string,
  node: Platform,
  traits: ContainersImageTraits,
): Descriptor | undefined {
  const { os, architecture } = normalisePlatform(node);
  for (const variant of wantedVariants(node)) {
    const matches = entries.filter(
      ({ platform }) =>
        platform !== undefined &&
        platform.os === os &&
        platform.architecture === architecture &&
        (platform.variant ?? "") === variant,
    );
    if (matches.length > 0) return preferred(matches, traits);
  }
  // A Docker list without a platform has an empty one, which is nobody's.
  if (indexType === mediaTypes.dockerIndex) return undefined;
  return preferred(
    entries.filter(({ platform }) => platform === undefined),
    traits,
  );
}

function preferred(entries: readonly Descriptor[], { prefersZstd }: ContainersImageTraits): Descriptor | undefined {
  const zstd = prefersZstd ? entries.find(({ annotations }) => annotations?.[zstdAnnotation] === "true") : undefined;
  return zstd ?? entries[0];
}

/** Source: `WantedPlatforms`. */
function wantedVariants(node: Platform): readonly string[] {
  const { architecture, variant = architecture === "arm64" ? "v8" : "" } = normalisePlatform(node);
  const order = compatible[architecture] ?? [];
  if (variant === "") return ["", ...order];
  const at = order.indexOf(variant);
  return [...(at === -1 ? [variant] : order.slice(at)), ""];
}
