import { type ImageReference, repositoryName } from "../reference/index.js";
import type { NodeProfile } from "./types.js";

/** References with equal keys have the same host plan on a node. */
export function hostPlanKey({ hostsScope }: Pick<NodeProfile, "hostsScope">, reference: ImageReference): string {
  if (hostsScope === "registry") return reference.domain;
  // Mirrors may serve digests only, and short names may lead elsewhere than the same name written out.
  const isDigest = reference.digest !== undefined;
  return `${repositoryName(reference)} ${isDigest} ${reference.written.split("@", 1)[0]}`;
}
