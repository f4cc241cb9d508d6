import type { CustomObjectsApi } from "@kubernetes/client-node";
import { type PublishedProfileReading, readPublishedProfile } from "../placement/index.js";
import { type PrunedObject, prunedMetadata, type Resource } from "./resource.js";

export const profileGroup = "pullguard.dev";
export const profileVersion = "v1alpha1";
export const profilePlural = "nodepullprofiles";
/** What is kept of a NodePullProfile. */
export interface WatchedProfile extends PrunedObject {
  readonly reading: PublishedProfileReading;
}

/** Every NodePullProfile of the cluster. */
export function profileResource(custom: CustomObjectsApi): Resource<WatchedProfile> {
  const target = { group: profileGroup, version: profileVersion, plural: profilePlural };
  return {
    plural: `${profilePlural}.${profileGroup}`,
    path: `/apis/${profileGroup}/${profileVersion}/${profilePlural}`,
    page: (query, options) => custom.listClusterCustomObject({ ...target, ...query }, options),
    prune: (object) => ({ metadata: prunedMetadata(object), reading: readPublishedProfile(object) }),
  };
}
