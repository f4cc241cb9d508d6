import { PullguardError } from "../core/index.js";
import {
  type PulledAttempt,
  type RolloutWorkload,
  resolveMs,
  type SimulatedImage,
  type SimulatedUse,
} from "../prediction/index.js";
import { parseReference } from "../reference/index.js";
import type { Workload, WorkloadIdentity } from "../workload/index.js";
import { parseSizeBytes } from "./size.js";

/** An image whose layers are known, from the registry or by `--size`. */
export type SizedImages = ReadonlyMap<string, SimulatedImage>;

/**
 * `IMAGE=2GiB` flags; such an image counts as one layer.
 * @throws PullguardError `InputInvalid` for what is no image or no size
 */
export function parseSizes(flags: readonly string[]): SizedImages {
  const sized = new Map<string, SimulatedImage>();
  for (const flag of flags) {
    const at = flag.lastIndexOf("=");
    const image = flag.slice(0, Math.max(at, 0));
    const parsed = parseReference(image, "current");
    if (at < 1 || parsed.kind !== "reference") {
      throw new PullguardError("InputInvalid", `--size ${JSON.stringify(flag)} is not written as IMAGE=2GiB`);
    }
    const bytes = parseSizeBytes(flag.slice(at + 1), "--size");
    sized.set(image, simulated(image, parsed.reference.domain, [{ digest: `image ${image}`, bytes }]));
  }
  return sized;
}

/** An image as its registry has it; undefined where no single manifest was read. */
export function sizedByRegistry(image: string, { image: resolved }: PulledAttempt): SimulatedImage | undefined {
  const parsed = parseReference(image, "current");
  if (resolved === undefined || parsed.kind !== "reference") return undefined;
  const layers = resolved.layers.map(({ digest, sizeBytes }) => ({ digest, bytes: sizeBytes }));
  return simulated(image, parsed.reference.domain, layers);
}

function simulated(name: string, registry: string, layers: SimulatedImage["layers"]): SimulatedImage {
  return { name, registry, layers, resolveMs };
}

/** The same workloads without the images that need not be asked for. */
export function withoutImages(workloads: readonly Workload[], known: SizedImages): readonly Workload[] {
  return workloads.map((workload) => ({
    ...workload,
    pod: { ...workload.pod, images: workload.pod.images.filter(({ image }) => !known.has(image)) },
  }));
}

/** Source: Kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go `SyncPod`: volumes, then containers by their kind. */
const kubeletOrder = ["imageVolume", "ephemeralContainer", "initContainer", "container"] as const;

/** What is played through: every workload that brings Pods, with the uses whose images are known. */
export function rolloutWorkloads(workloads: readonly Workload[], sized: SizedImages): readonly RolloutWorkload[] {
  return workloads
    .filter(({ identity, pod }) => identity.kind !== "PodTemplate" && pod.images.length > 0)
    .map(({ identity, pod, rollout }) => ({
      name: workloadLabel(identity),
      rollout: rollout ?? { scale: 1 },
      uses: kubeletOrder.flatMap((role) =>
        pod.images
          .filter((use) => use.role === role && sized.has(use.image))
          .flatMap(({ image, pullPolicy }): readonly SimulatedUse[] =>
            pullPolicy === "Never" ? [] : [{ image, pullPolicy, blocks: role === "initContainer" }],
          ),
      ),
    }));
}

/** `DaemonSet shop/agent`. */
function workloadLabel({ kind, namespace, name }: WorkloadIdentity): string {
  return `${kind} ${namespace === "" ? "" : `${namespace}/`}${name === "" ? "(no name)" : name}`;
}
