import {
  type Descriptor,
  matchesPlatform,
  normalisePlatform,
  type Platform,
  platformPreferences,
} from "../../../oci/index.js";
import type { DockerTraits } from "./traits.js";

/**
 * The entries of a manifest list that dockerd would try for a node's platform, in its order.
 * Source: `filterManifests`, moby distribution/pull_v2_unix.go: 20.10 compares with `platforms.NewMatcher`, 23 and later
 * with `platforms.Only`.
 */
export function matchingEntries(
  entries: readonly Descriptor[],
  platform: Platform,
  traits: Pick<DockerTraits, "selection">,
): readonly Descriptor[] {
  return traits.selection === "exact" ? exactMatches(entries, platform) : compatibleMatches(entries, platform);
}

function exactMatches(entries: readonly Descriptor[], platform: Platform): readonly Descriptor[] {
  const matches = entries.filter((entry) => entry.platform !== undefined && matchesPlatform(platform, entry.platform));
  if (matches.length > 0 || normalisePlatform(platform).architecture !== "arm") return matches;
  // From before variants were compared.
  return entries.filter((entry) => entry.platform?.os === platform.os && entry.platform.architecture === "arm");
}

function compatibleMatches(entries: readonly Descriptor[], platform: Platform): readonly Descriptor[] {
  const preferences = platformPreferences(platform, "local");
  const rank = (entry: Descriptor): number => {
    const offered = offeredBy(entry);
    if (offered === undefined) return preferences.length + 1;
    const place = preferences.findIndex((wanted) => matchesPlatform(wanted, offered));
    // The node counts as what its CPU can do at best, which nobody knows here.
    return place < 0 && isFurtherAmd64(platform, offered) ? preferences.length : place;
  };
  return entries
    .map((entry) => ({ entry, rank: rank(entry) }))
    .filter((ranked) => ranked.rank >= 0)
    .sort((a, b) => a.rank - b.rank)
    .map(({ entry }) => entry);
}

/** An entry whose platform says nothing at all counts like one without. */
function offeredBy({ platform }: Descriptor): Platform | undefined {
  if (platform === undefined) return undefined;
  const { os, architecture, variant, osVersion } = platform;
  return os + architecture + (variant ?? "") + (osVersion ?? "") === "" ? undefined : platform;
}

/** Source: `maximumSpec`, moby distribution/utils.go (23 and later): amd64 nodes are v1 to v4. */
function isFurtherAmd64(node: Platform, offered: Platform): boolean {
  const own = normalisePlatform(node);
  const other = normalisePlatform(offered, own.os);
  return (
    own.architecture === "amd64" &&
    own.variant === undefined &&
    other.os === own.os &&
    other.architecture === "amd64" &&
    /^v[2-4]$/.test(other.variant ?? "")
  );
}
