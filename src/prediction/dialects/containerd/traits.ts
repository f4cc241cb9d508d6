import type { RuntimeVersion } from "../../../node/index.js";
import type { PlatformReading } from "../../../oci/index.js";
import type { ReferenceGrammar } from "../../../reference/index.js";
import type { RetryRules } from "../../../registry/index.js";
import type { ContainerdContentTraits } from "../../content/containerd.js";

/** What changed in containerd's resolve and fetch between versions, as far as a pull's outcome or report depends on it. */
export interface ContainerdTraits {
  /** `local`: the client pull of 1.x and 2.0; `transfer`: the service that the CRI plugin uses from 2.1. */
  readonly engine: "local" | "transfer";
  readonly grammar: ReferenceGrammar;
  readonly retry: RetryRules;
  /** Which host's error is reported: the first that is no 404, or the one that got furthest. */
  readonly shownFailure: "first-not-404" | "furthest";
  /** Whether a digest is looked up under /blobs/ even after a manifest request ended in an HTTP error other than 404. */
  readonly blobRoundAfterStatus: boolean;
  /** Whether docker schema 1 manifests are still converted. */
  readonly convertsSchema1: boolean;
  /** How index entries are matched with the node's platform. */
  readonly platforms: PlatformReading;
  /** What the unpacker makes of the manifest's blobs. */
  readonly content: Omit<ContainerdContentTraits, "engine">;
}

type VersionNumber = Pick<RuntimeVersion, "major" | "minor" | "patch">;

/** True when `version` is `major.minor.patch` or newer. */
function since(version: VersionNumber, major: number, minor: number, patch = 0): boolean {
  if (version.major !== major) return version.major > major;
  if (version.minor !== minor) return version.minor > minor;
  return version.patch >= patch;
}

/**
 * Each line names the release that brought the behaviour.
 * Source: containerd core/remotes/docker/resolver.go and internal/cri/config at the tags named.
 */
export function containerdTraits(version: VersionNumber): ContainerdTraits {
  return {
    engine: since(version, 2, 1) ? "transfer" : "local",
    grammar: since(version, 1, 7, 19) ? "current" : "legacy",
    retry: {
      maxRequests: since(version, 2, 3, 2) ? 5 : 6,
      serverErrorsOnLastHost: since(version, 2, 1),
    },
    shownFailure: since(version, 2, 0) ? "furthest" : "first-not-404",
    blobRoundAfterStatus: !stopsAfterStatus(version),
    convertsSchema1: !since(version, 2, 0),
    platforms: {
      arm64Levels: since(version, 2, 0),
      osFeatures: since(version, 2, 3),
      windowsStableAbi: since(version, 1, 7),
    },
    content: {
      countsImageLayersOnly: countsImageLayersOnly(version),
      dockerZstd: since(version, 2, 0),
      erofs: since(version, 2, 3),
      otherRootfsIsStored: since(version, 2, 1),
    },
  };
}

/** 2.0.11, 2.2.6 and 2.3.0 stop before /blobs/; 2.1 never learnt it. */
function stopsAfterStatus(version: VersionNumber): boolean {
  if (version.major === 2 && version.minor === 0) return version.patch >= 11;
  if (version.major === 2 && version.minor === 2) return version.patch >= 6;
  return since(version, 2, 3);
}

/** 1.6.25 and 1.7.7 learnt to pass over the layers of artifacts. */
function countsImageLayersOnly(version: VersionNumber): boolean {
  return version.major === 1 && version.minor === 6 ? version.patch >= 25 : since(version, 1, 7, 7);
}
