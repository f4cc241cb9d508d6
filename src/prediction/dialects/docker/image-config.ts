import { z } from "zod";
import { formatPlatform, matchesDigest, type Platform, sha256Digest } from "../../../oci/index.js";
import type { ContentProblem } from "../../types.js";
import { parseJson } from "../reading.js";

const rootFs = z.object({ type: z.string().nullish(), diff_ids: z.array(z.string()).nullish() });
const imageConfig = z.object({
  os: z.string().nullish(),
  architecture: z.string().nullish(),
  rootfs: rootFs.nullish(),
});

/**
 * What dockerd holds against an image's config, or undefined: other bytes, no config, no root file system, or another
 * operating system than the node's. Another architecture is no reason.
 * Source: `pullSchema2Config`, `receiveConfig`, moby distribution/pull_v2.go; `PlatformFromConfig`, config.go (23 and later: `CheckOS`,
 * image/rootfs.go).
 */
export function configProblem(
  bytes: Uint8Array,
  digest: string,
  wanted: Platform | undefined,
): ContentProblem | undefined {
  if (!matchesDigest(bytes, digest)) return { kind: "digest-mismatch", expected: digest, actual: sha256Digest(bytes) };
  const parsed = imageConfig.safeParse(parseJson(bytes));
  if (!parsed.success) return { kind: "unreadable", digest, reason: "the image's config is none" };
  const { os, architecture, rootfs } = parsed.data;
  if (rootfs === undefined || rootfs === null) {
    return { kind: "unreadable", digest, reason: "invalid rootfs in image configuration" };
  }
  const nodeOs = wanted?.os ?? "linux";
  if (!os || os.toLowerCase() === nodeOs) return undefined;
  const offered = formatPlatform({ os, architecture: architecture ?? "" });
  return {
    kind: "platform-missing",
    wanted: wanted === undefined ? "linux" : formatPlatform(wanted),
    offered: [offered],
  };
}
