const goldenRatio = 0.6180339887498949;
const silverRatio = 0.41421356237309503;

/**
 * A stand-in for the kubelet's random delay (0 to half of the pause): spreads the Pods evenly, the same at every run.
 * Source: Kubernetes pkg/kubelet/pod_workers.go `workerBackOffPeriodJitterFactor`.
 */
export function evenJitter(pod: number, sync: number): number {
  return ((pod * goldenRatio + sync * silverRatio) % 1) / 2;
}
