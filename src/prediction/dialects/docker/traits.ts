import type { RuntimeVersion } from "../../../node/index.js";
import type { ReferenceGrammar } from "../../../reference/index.js";
import type { DockerContentTraits } from "../../content/docker.js";

type VersionNumber = Pick<RuntimeVersion, "major" | "minor" | "patch">;

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
  compressions: ["gzip", "bzip2", "xz"],
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
  { trait: "compressions", value: ["gzip", "bzip2", "xz", "zstd"], since: "23.0" },
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
