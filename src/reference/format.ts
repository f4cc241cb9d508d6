import type { ImageReference } from "./types.js";

/** `docker.io/library/nginx`: domain and path, what credentials are looked up by. */
export function repositoryName(reference: Pick<ImageReference, "domain" | "path">): string {
  return `${reference.domain}/${reference.path}`;
}

/** `domain/path[:tag][@digest]`: everything that was written or implied. Parses to the same reference again. */
export function normalisedReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return repositoryName(reference) + tag + digest;
}

/** What is asked of the registry: the digest where there is one, else the tag. */
export function pullObject(reference: ImageReference): string {
  return reference.digest ?? tagOf(reference);
}

/**
 * The name under which containerd pulls and which its messages show: the tag is dropped where there is a digest.
 * Source: distribution/reference v0.6.0 normalize.go `ParseDockerRef`
 */
export function runtimeReference(reference: ImageReference): string {
  const object = reference.digest === undefined ? `:${tagOf(reference)}` : `@${reference.digest}`;
  return repositoryName(reference) + object;
}

function tagOf(reference: ImageReference): string {
  // The parser always leaves a tag or a digest; a reference built by hand may lack both.
  return reference.tag ?? "latest";
}
