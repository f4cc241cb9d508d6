import * as z from "zod";
import { PullguardError } from "../core/index.js";
import type { KubeletSettings } from "./types.js";

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
  const written = parsed.data;
  const timeoutMs = goSecondsMs(written.runtimeRequestTimeout ?? "");
  const settings = {
    serializeImagePulls: written.serializeImagePulls,
    maxParallelImagePulls: written.maxParallelImagePulls,
    registryPullQps: written.registryPullQPS,
    registryBurst: written.registryBurst,
    runtimeRequestTimeoutMs: timeoutMs,
    imageGcHighThresholdPercent: written.imageGCHighThresholdPercent,
    featureGates: written.featureGates,
    imagePullCredentialsVerificationPolicy: written.imagePullCredentialsVerificationPolicy,
    preloadedImagesVerificationAllowlist: written.preloadedImagesVerificationAllowlist,
  };
  // Null is what YAML makes of an empty field, and the kubelet takes it for one that is not written.
  return Object.fromEntries(Object.entries(settings).filter(([, given]) => given !== undefined && given !== null));
}

/** `2m0s` and the like; undefined for anything else. */
function goSecondsMs(text: string): number | undefined {
  const [match, hours = 0, minutes = 0, seconds = 0] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text) ?? [];
  return match === undefined || match === ""
    ? undefined
    : (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
}
