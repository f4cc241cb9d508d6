import * as z from "zod";
import { PullguardError } from "../../core/index.js";
import { parseGoDuration } from "../containerd/go-duration.js";
import type { KubeletSettings } from "../types.js";

const policies = ["NeverVerify", "NeverVerifyPreloadedImages", "NeverVerifyAllowlistedImages", "AlwaysVerify"] as const;
const whole = z.number().int().nullish();

const kubeletConfiguration = z.object({
  serializeImagePulls: z.boolean().nullish(),
  maxParallelImagePulls: whole,
  registryPullQPS: whole,
  registryBurst: whole,
  runtimeRequestTimeout: z.string().nullish(),
  imageGCHighThresholdPercent: whole,
  featureGates: z.record(z.string(), z.boolean()).nullish(),
  imagePullCredentialsVerificationPolicy: z.enum(policies).nullish().catch(undefined),
  preloadedImagesVerificationAllowlist: z.array(z.string()).nullish(),
});

/**
 * What of a KubeletConfiguration decides about pulls: a file of `--config`, or `kubeletconfig` of a node's `/configz`.
 * @param value YAML or JSON, parsed
 * @throws PullguardError `NodeConfigInvalid` for a field that the kubelet would not read either
 * Source: Kubernetes staging/src/k8s.io/kubelet/config/v1beta1/types.go, 1.36
 */
export function readKubeletSettings(value: unknown): KubeletSettings {
  const parsed = kubeletConfiguration.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.join(".") || "the document";
    throw new PullguardError("NodeConfigInvalid", `no KubeletConfiguration: ${path}: ${issue?.message ?? "invalid"}`);
  }
  return settingsOf(parsed.data);
}

/** The same for the file of a kubelet that runs: a field of the wrong type counts as absent, for no kubelet starts with it. */
export function passingKubeletSettings(value: object): KubeletSettings {
  const sound = Object.entries(kubeletConfiguration.shape).filter(
    ([name, schema]) => schema.safeParse(Reflect.get(value, name)).success,
  );
  const fields = Object.fromEntries(sound.map(([name]) => [name, Reflect.get(value, name)]));
  return settingsOf(kubeletConfiguration.parse(fields));
}

function settingsOf(written: z.output<typeof kubeletConfiguration>): KubeletSettings {
  const timeoutMs = parseGoDuration(written.runtimeRequestTimeout ?? "");
  const settings = {
    serializeImagePulls: written.serializeImagePulls,
    maxParallelImagePulls: written.maxParallelImagePulls,
    registryPullQps: written.registryPullQPS,
    registryBurst: written.registryBurst,
    // `0s` stands for the default, as nothing does.
    runtimeRequestTimeoutMs: timeoutMs === 0 ? undefined : timeoutMs,
    imageGcHighThresholdPercent: written.imageGCHighThresholdPercent,
    featureGates: written.featureGates,
    imagePullCredentialsVerificationPolicy: written.imagePullCredentialsVerificationPolicy,
    preloadedImagesVerificationAllowlist: written.preloadedImagesVerificationAllowlist,
  };
  // Null is what YAML makes of an empty field, and the kubelet takes it for one that is not written.
  return Object.fromEntries(Object.entries(settings).filter(([, given]) => given !== undefined && given !== null));
}
