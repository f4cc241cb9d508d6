import { PullguardError } from "../core/index.js";
import { type PublishedProfile, readPublishedProfile } from "../placement/index.js";
import { type ManifestObject, parseManifest } from "./documents.js";
import { readInputs } from "./read-input.js";

/**
 * The NodePullProfiles among manifests.
 * @throws PullguardError `InputInvalid` with the place of one that cannot be used
 */
export function collectGivenProfiles(objects: readonly ManifestObject[]): readonly PublishedProfile[] {
  return objects.flatMap(({ object, place }) => {
    if (object.kind !== "NodePullProfile" || !String(object.apiVersion).startsWith("pullguard.dev/")) return [];
    const reading = readPublishedProfile(object);
    if (reading.kind === "profile") return [reading.profile];
    throw new PullguardError("InputInvalid", `${place}: NodePullProfile ${reading.name}: ${reading.message}`);
  });
}

/**
 * The NodePullProfiles of a `--node-profile` file or folder.
 * @throws PullguardError `InputInvalid` for what cannot be read or holds none
 */
export async function loadNodeProfiles(
  path: string,
  stdin: AsyncIterable<Uint8Array>,
): Promise<readonly PublishedProfile[]> {
  const inputs = await readInputs(path, stdin);
  const profiles = collectGivenProfiles(inputs.flatMap((input) => parseManifest(input)));
  if (profiles.length > 0) return profiles;
  throw new PullguardError("InputInvalid", `${path}: holds no NodePullProfile (apiVersion pullguard.dev/v1alpha1)`);
}
