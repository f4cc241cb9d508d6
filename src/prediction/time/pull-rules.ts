import type { KubeletSettings } from "../../node/index.js";

/** The kubelet's rules for pulls with every default filled in. */
export interface PullRules {
  /** One pull at a time on the node, in the order of asking. */
  readonly serialized: boolean;
  /** Pulls that may run together where they are not serialized; Infinity: no limit. */
  readonly maxParallel: number;
  /** Pulls a second on average; 0: no limit. */
  readonly qps: number;
  /** Pulls that may start at once after a pause. */
  readonly burst: number;
  /** Settings that nobody told, so that the kubelet's defaults stand in for them; names as in KubeletConfiguration. */
  readonly assumed: readonly string[];
}

/** The kubelet's defaults. Source: Kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go, 1.26 and 1.36. */
export const kubeletDefaults = { qps: 5, burst: 10, imageGcHighThresholdPercent: 85 } as const;

/**
 * What the kubelet makes of its settings.
 * `serializeImagePulls` that is not written is true, but false beside a `maxParallelImagePulls` of two or more; a limit
 * below one is none; a burst of 0 is the default.
 * Source: Kubernetes 1.36 pkg/kubelet/apis/config/v1beta1/defaults.go `SetDefaults_KubeletConfiguration`,
 * pkg/kubelet/images/image_manager.go `NewImageManager`, puller.go `newParallelImagePuller`.
 */
export function pullRules(settings: KubeletSettings): PullRules {
  const { serializeImagePulls, maxParallelImagePulls, registryPullQps, registryBurst } = settings;
  const serialized = serializeImagePulls ?? !(maxParallelImagePulls !== undefined && maxParallelImagePulls >= 2);
  const limit = maxParallelImagePulls === undefined || maxParallelImagePulls < 1 ? Infinity : maxParallelImagePulls;
  const assumed = [
    ...(serializeImagePulls === undefined && maxParallelImagePulls === undefined ? ["serializeImagePulls"] : []),
    ...(registryPullQps === undefined ? ["registryPullQPS"] : []),
    ...(registryBurst === undefined ? ["registryBurst"] : []),
  ];
  return {
    serialized,
    maxParallel: serialized ? 1 : limit,
    qps: registryPullQps ?? kubeletDefaults.qps,
    burst: registryBurst === undefined || registryBurst === 0 ? kubeletDefaults.burst : registryBurst,
    assumed,
  };
}
