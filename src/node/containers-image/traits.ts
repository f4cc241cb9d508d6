import type { RuntimeVersion } from "../types.js";

/** What changed between releases of containers-image, and of CRI-O, in the way files become a list of hosts. */
export interface ImageLibraryTraits {
  /** Minor version of containers-image v5 that the runtime is built with. */
  readonly library: number;
  /** Whether a mirror knows `pull-from-mirror`; before, the key was passed over. */
  readonly pullFromMirror: boolean;
  /** Whether a slash at the end of a mirror's location is cut; before, such a table broke every pull through it. */
  readonly trimsMirrorLocation: boolean;
  /** Whether a v1 section that is there but empty counts as use of the v1 format. */
  readonly emptyV1Counts: boolean;
  /** How CRI-O overrules `short-name-mode`: `disabled` always, or by its own `short_name_mode`. */
  readonly shortNames: "registries-conf" | "disabled" | "crio-conf";
  /** Whether `insecure_registries` of crio.conf counts. */
  readonly crioInsecureRegistries: boolean;
}

/**
 * The facts of one release. The library's rows name the first containers-image minor that has the behaviour.
 * Source: containers/image pkg/sysregistriesv2 v5.17 to v5.38; CRI-O internal/storage/image.go v1.24 to v1.36.
 */
export function imageLibraryTraits(runtime: RuntimeVersion): ImageLibraryTraits {
  const library = imageLibraryMinor(runtime);
  const crio = runtime.name === "cri-o";
  return {
    library,
    pullFromMirror: library >= 22,
    trimsMirrorLocation: library >= 35,
    emptyV1Counts: library >= 24,
    shortNames: crio ? (isSince(runtime, 1, 34) ? "crio-conf" : "disabled") : "registries-conf",
    crioInsecureRegistries: crio && !isSince(runtime, 1, 35),
  };
}

interface BuiltWith {
  /** First minor release of the runtime's line. */
  readonly since: readonly [major: number, minor: number];
  readonly library: number;
}

/** Source: go.mod at the first tag of each line. */
const crioBuilds: readonly BuiltWith[] = [
  { since: [1, 20], library: 7 },
  { since: [1, 21], library: 11 },
  { since: [1, 22], library: 15 },
  { since: [1, 23], library: 16 },
  { since: [1, 24], library: 17 },
  { since: [1, 25], library: 22 },
  { since: [1, 26], library: 23 },
  { since: [1, 27], library: 25 },
  { since: [1, 28], library: 27 },
  { since: [1, 29], library: 29 },
  { since: [1, 31], library: 32 },
  { since: [1, 32], library: 33 },
  { since: [1, 33], library: 35 },
  { since: [1, 34], library: 36 },
  { since: [1, 35], library: 38 },
];

/** Source: go.mod of podman at 4.0, 4.2, 4.3, 4.4, 4.6, 4.7, 4.9, 5.0, 5.2, 5.4, 5.6 and 5.7; the releases between them follow suit. */
const podmanBuilds: readonly BuiltWith[] = [
  { since: [4, 0], library: 19 },
  { since: [4, 1], library: 21 },
  { since: [4, 2], library: 22 },
  { since: [4, 3], library: 23 },
  { since: [4, 4], library: 24 },
  { since: [4, 5], library: 25 },
  { since: [4, 6], library: 26 },
  { since: [4, 7], library: 28 },
  { since: [4, 8], library: 29 },
  { since: [5, 0], library: 30 },
  { since: [5, 1], library: 31 },
  { since: [5, 2], library: 32 },
  { since: [5, 3], library: 33 },
  { since: [5, 4], library: 34 },
  { since: [5, 5], library: 35 },
  { since: [5, 6], library: 36 },
  { since: [5, 7], library: 38 },
];

/**
 * The minor version of containers-image v5 in a release of CRI-O or podman. Releases older than the tables count as their
 * first row, newer ones as their last.
 */
export function imageLibraryMinor(runtime: RuntimeVersion): number {
  const builds = runtime.name === "podman" ? podmanBuilds : crioBuilds;
  const found = builds.filter(({ since }) => isSince(runtime, since[0], since[1])).at(-1) ?? builds[0];
  return found?.library ?? 0;
}

/** Whether a release is of this line or a newer one. */
export function isSince(version: Pick<RuntimeVersion, "major" | "minor">, major: number, minor: number): boolean {
  return version.major === major ? version.minor >= minor : version.major > major;
}
