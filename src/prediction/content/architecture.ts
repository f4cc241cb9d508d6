import { formatPlatform, type ImageConfig, normalisePlatform, type Platform } from "../../oci/index.js";
import type { ContentAdvice } from "../types.js";

/** What CPUs run besides their own: `node architecture` to those of images. */
const alsoRuns: Readonly<Record<string, readonly string[]>> = { amd64: ["386"], arm64: ["arm"] };

/**
 * Whether a container of this image would end with `exec format error` on the nodes: runtimes pull a single manifest
 * whatever its config says. Undefined where it runs, or where either side is not known.
 */
export function architectureAdvice(config: ImageConfig, node: Platform | undefined): ContentAdvice | undefined {
  if (node === undefined || config.architecture === "" || config.os === "") return undefined;
  const { os, architecture, variant } = config;
  const image = normalisePlatform({ os, architecture, ...(variant === "" ? {} : { variant }) });
  const own = normalisePlatform(node);
  const runs =
    image.os === own.os &&
    (image.architecture === own.architecture || (alsoRuns[own.architecture] ?? []).includes(image.architecture));
  return runs ? undefined : { kind: "architecture", image: formatPlatform(image), node: formatPlatform(own) };
}
