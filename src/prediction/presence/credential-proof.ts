import type { KubeletSettings } from "../../node/index.js";
import { type ImageReference, repositoryName } from "../../reference/index.js";

/**
 * Whether the kubelet may use an image that is there without more ado. `may-be-wanted`: where it pulled the image itself
 * with a Pod's Secret, a Pod without that Secret (or an equal one) has to pull again, and with `Never` fails.
 */
export type CredentialProof = "not-wanted" | "may-be-wanted";

/**
 * The kubelet's KubeletEnsureSecretPulledImages: on from 1.35, off before; a gate that is written decides. Which images
 * were pulled with which Secrets is in records on the node that nobody has seen, so that "wanted" is never certain: without
 * a record the image counts as preloaded, and a record of an anonymous pull or one with the node's own credentials opens it
 * to every Pod. With a version that nobody told, the rule that held for all kubelets up to 1.34 is taken.
 * Source: Kubernetes pkg/features/kube_features.go, pkg/kubelet/images/pullmanager/image_pull_manager.go
 * `MustAttemptImagePull`, image_pull_policies.go, 1.36.
 */
export function credentialProof(settings: KubeletSettings, reference: ImageReference): CredentialProof {
  if (!isEnforced(settings)) return "not-wanted";
  switch (settings.imagePullCredentialsVerificationPolicy) {
    case "NeverVerify":
      return "not-wanted";
    case "NeverVerifyAllowlistedImages":
      return isAllowed(settings.preloadedImagesVerificationAllowlist ?? [], reference) ? "not-wanted" : "may-be-wanted";
    default:
      return "may-be-wanted";
  }
}

function isEnforced({ featureGates, version }: KubeletSettings): boolean {
  const gate = featureGates?.KubeletEnsureSecretPulledImages;
  if (gate !== undefined) return gate;
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 35);
}

/** Patterns are repositories as Pods write them, compared as text, or prefixes that end in `/*`. */
function isAllowed(patterns: readonly string[], reference: ImageReference): boolean {
  const written = writtenRepository(reference);
  return patterns.some((pattern) =>
    pattern.endsWith("/*") ? written.startsWith(pattern.slice(0, -1)) : written === pattern,
  );
}

/** The name as the Pod has it, without tag and digest. Source: image_pull_policies.go `trimImageTagDigest`. */
function writtenRepository(reference: ImageReference): string {
  const { written, tag, digest } = reference;
  const withoutDigest =
    digest !== undefined && written.endsWith(`@${digest}`) ? written.slice(0, -digest.length - 1) : written;
  const end = tag === undefined ? "" : `:${tag}`;
  const name = end !== "" && withoutDigest.endsWith(end) ? withoutDigest.slice(0, -end.length) : withoutDigest;
  return name === "" ? repositoryName(reference) : name;
}
