import { isIndexType } from "../oci/index.js";
import type { PulledAttempt } from "../prediction/index.js";
import type { AuditSubject, CurrentDigests, RiskNote } from "./types.js";

/** What a reference names now, put together from pulls by nodes of several platforms. */
export function currentDigests(attempts: readonly PulledAttempt[]): CurrentDigests {
  const digests = new Set<string>();
  let isComplete = attempts.length > 0;
  for (const { digest, mediaType, image } of attempts) {
    digests.add(digest);
    if (image !== undefined) digests.add(image.manifestDigest).add(image.config.digest);
    // Of an index whose manifest for the platform was left unread, a node may report either digest.
    else if (isIndexType(mediaType)) isComplete = false;
  }
  return { digests: [...digests].sort(), isComplete };
}

/**
 * The digest in a kubelet's `imageID`, and whether it is one of the registry's. containerd and dockerd report
 * `repository@digest` with the digest that the name resolved to, index or manifest; CRI-O may report the manifest of an
 * index; an image that was built or loaded on the node has a bare `sha256:…`, its config.
 * Source: Kubernetes pkg/kubelet/kuberuntime/convert.go, kuberuntime_container.go `toKubeContainerStatus`, 1.36.
 */
export function runningDigest(
  imageId: string,
): { readonly digest: string; readonly isFromRegistry: boolean } | undefined {
  const [, repository, digest] = /^(?:docker(?:-pullable)?:\/\/)?(?:(.+)@)?(sha256:[0-9a-f]{64})$/.exec(imageId) ?? [];
  return digest === undefined ? undefined : { digest, isFromRegistry: repository !== undefined };
}

/** Whether a tag names another image now than the one that Pods run; undefined where that is not so, or not known. */
export function movedNote(
  { isTag, running }: Pick<AuditSubject, "isTag" | "running">,
  current: CurrentDigests | undefined,
  now: string | null,
): RiskNote | undefined {
  if (!isTag || current === undefined || !current.isComplete || now === null) return undefined;
  const others = running.flatMap(({ imageId, pods }) => {
    const found = runningDigest(imageId);
    // A config's digest says nothing where the config now is not known by its own.
    return found === undefined || !found.isFromRegistry || current.digests.includes(found.digest)
      ? []
      : [{ digest: found.digest, pods }];
  });
  if (others.length === 0) return undefined;
  return {
    kind: "moved",
    running: [...new Set(others.map(({ digest }) => digest))].sort(),
    now,
    pods: others.reduce((sum, { pods }) => sum + pods, 0),
  };
}
