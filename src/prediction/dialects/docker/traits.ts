import type { RuntimeVersion } from "../../../node/index.js";
import type { ReferenceGrammar } from "../../../reference/index.js";

type VersionNumber = Pick<RuntimeVersion, "major" | "minor" | "patch">;

/** What dockerd makes of the contents of an image: of types, sizes and compressions that its layers may have. */
export interface DockerContentTraits {
  /** Compressions that a layer may have, whatever its media type says: the first bytes decide. */
  readonly compressions: readonly ("none" | "gzip" | "bzip2" | "xz" | "zstd")[];
  /** Whether the sizes that descriptors declare are compared with what arrives. Digests always are. */
  readonly checksDeclaredSizes: boolean;
  /** Whether an artifact of `application/vnd.docker.ai.…` is refused by name. */
  readonly refusesModels: boolean;
}

/** What changed in the way dockerd pulls between 20.10 and 28, as far as a pull's outcome or report depends on it. */
export interface DockerTraits extends DockerContentTraits {
  readonly grammar: ReferenceGrammar;
  /** A registry that wants a password and gets none is asked once more without TLS, if it is an insecure one. */
  readonly plainHttpAfterNoCredentials: boolean;
  /** A manifest that is not found under the digest its tag has is asked for by tag. */
  readonly manifestByTagAgain: boolean;
  /**
   * `exact`: the first entry of the node's own platform (any variant of arm where none fits); `compatible`: every entry
   * that the node can run, best first, entries without a platform last, nested lists included.
   */
  readonly selection: "exact" | "compatible";
  readonly schema1: "accepted" | "refused";
}

type Row = {
  readonly [K in keyof DockerTraits]: { readonly trait: K; readonly value: DockerTraits[K]; readonly since: string };
}[keyof DockerTraits];

const first: DockerTraits = {
  grammar: "legacy",
  plainHttpAfterNoCredentials: true,
  manifestByTagAgain: true,
  selection: "exact",
  schema1: "accepted",
  compressions: ["none", "gzip", "bzip2", "xz"],
  checksDeclaredSizes: false,
  refusesModels: false,
};

/**
 * Each row names the release that brought the behaviour; later rows win.
 * Source: moby distribution/pull.go, pull_v2.go, pull_v2_unix.go, errors.go, manifest.go and pkg/archive at 20.10.24, 23.0.6,
 * 24.0.9, 25.0.6, 26.1.5, 27.5.1 and 28.2.2, with the distribution and reference libraries that each of them is built with.
 */
const rows: readonly Row[] = [
  { trait: "plainHttpAfterNoCredentials", value: false, since: "23.0" },
  { trait: "selection", value: "compatible", since: "23.0" },
  { trait: "compressions", value: ["none", "gzip", "bzip2", "xz", "zstd"], since: "23.0" },
  { trait: "grammar", value: "current", since: "25.0" },
  // Up to 27 an environment variable of the daemon brings it back.
  { trait: "schema1", value: "refused", since: "26.0" },
  { trait: "manifestByTagAgain", value: false, since: "28.0" },
  { trait: "refusesModels", value: true, since: "28.2" },
];

/** How this dockerd version pulls. */
export function dockerTraits(version: VersionNumber): DockerTraits {
  const arrived = rows.filter(({ since }) => hasArrived(version, since));
  return { ...first, ...Object.fromEntries(arrived.map((row) => [row.trait, row.value])) };
}

/**
 * The first media type of a config or layer that dockerd refuses to pull, or undefined: OCI image and Docker types pass
 * whatever comes after the prefix, and a few that old registries made up.
 * Source: `checkSupportedMediaType`, moby distribution/pull_v2.go; the list is the same from 20.10 to 28.
 */
export function refusedType(types: readonly string[], traits: DockerContentTraits): string | undefined {
  return types.find((type) => {
    const lower = type.toLowerCase();
    if (traits.refusesModels && lower.startsWith("application/vnd.docker.ai.")) return true;
    return !pullableTypes.some((pullable) => lower === pullable || lower.startsWith(`${pullable}.`));
  });
}

/** The empty type is one too: anything that begins with a dot, strange as that is, passes with it. */
const pullableTypes: readonly string[] = [
  "application/vnd.oci.image",
  "application/vnd.docker",
  "application/octet-stream",
  "application/json",
  "text/html",
  "",
];

/** The config types that dockerd takes in a manifest of Docker's own type. Source: `ImageTypes`, moby distribution/registry.go. */
export const dockerConfigTypes: readonly string[] = [
  "application/vnd.docker.container.image.v1+json",
  "application/vnd.oci.image.config.v1+json",
  "application/octet-stream",
  "application/json",
  "text/html",
  "",
];

function hasArrived({ major, minor }: VersionNumber, since: string): boolean {
  const [sinceMajor = 0, sinceMinor = 0] = since.split(".").map(Number);
  return major !== sinceMajor ? major > sinceMajor : minor >= sinceMinor;
}
