import type { ImageUse, PodPullSpec, Workload } from "./types.js";

/**
 * `current` without the images that an update leaves as they were, so that a label, a scale or a status update asks no
 * registry anything. An image stays in if it is new, if it or its pull policy changed, or if what decides its pull
 * changed for the whole Pod: pull secrets, ServiceAccount, the nodes it may land on.
 *
 * Containers are known again by role and name, not by position: inserting one does not make the others new.
 * @param old the object before the update; undefined leaves everything in
 */
export function changedImages(old: Workload | undefined, current: Workload): Workload {
  return changedUnless(sameEntries, old, current);
}

/**
 * The same for whoever changes objects: pull secrets that came on top make no image a changed one. Otherwise the secret that was
 * added for one image would, where the API server asks again, open all the others to changes.
 */
export function changedImagesForMutation(old: Workload | undefined, current: Workload): Workload {
  return changedUnless(keepsEntries, old, current);
}

type SecretsAlike = (old: PodPullSpec["imagePullSecrets"], current: PodPullSpec["imagePullSecrets"]) => boolean;

function changedUnless(secretsAlike: SecretsAlike, old: Workload | undefined, current: Workload): Workload {
  if (old === undefined || !pullsAlike(secretsAlike, old.pod, current.pod)) return current;
  const before = new Map(old.pod.images.map((use) => [keyOf(use), use]));
  const images = current.pod.images.filter((use) => {
    const was = before.get(keyOf(use));
    return was?.image !== use.image || was.pullPolicy !== use.pullPolicy;
  });
  return { ...current, pod: { ...current.pod, images } };
}

function keyOf(use: ImageUse): string {
  return `${use.role}/${use.name}`;
}

function pullsAlike(secretsAlike: SecretsAlike, old: PodPullSpec, current: PodPullSpec): boolean {
  return (
    old.serviceAccountName === current.serviceAccountName &&
    old.nodeName === current.nodeName &&
    secretsAlike(old.imagePullSecrets, current.imagePullSecrets) &&
    (current.nodeName !== undefined || landsAlike(old, current))
  );
}

/** A Pod that has its node stays there, whatever is added to its tolerations. */
function landsAlike(old: PodPullSpec, current: PodPullSpec): boolean {
  const others = ({ nodeAffinity, tolerations, os }: PodPullSpec) => JSON.stringify([nodeAffinity, tolerations, os]);
  return sameEntries(old.nodeSelector, current.nodeSelector) && others(old) === others(current);
}

function sameEntries(old: object, current: object): boolean {
  const entries = Object.entries(old);
  const now = new Map(Object.entries(current));
  return entries.length === now.size && entries.every(([key, value]) => now.get(key) === value);
}

function keepsEntries(old: readonly string[], current: readonly string[]): boolean {
  return old.every((name) => current.includes(name));
}
