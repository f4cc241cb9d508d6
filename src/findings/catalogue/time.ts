import type { CauseEntry } from "../cause-entry.js";
import { advice } from "./kinds.js";

/** What a pull that succeeds costs: time, the node's disk, the registry's patience. */
export const timeCauses = {
  PullTooSlow: {
    ...advice,
    explanation:
      "Pulling the Pod's images takes longer than the workload waits for it: progressDeadlineSeconds of a Deployment, activeDeadlineSeconds of a Pod or Job, or ten minutes where nothing is written.",
    fix: "Make the image smaller, put it on the nodes beforehand, raise the deadline; where pulls wait for each other, set --serialize-image-pulls=false, and --registry-qps and --registry-burst to match.",
    symptom: "ProgressDeadlineExceeded; DeadlineExceeded; the Pod stays in ContainerCreating",
  },
  PullQueued: {
    ...advice,
    explanation:
      "The node's kubelet pulls one image at a time (serializeImagePulls), and others are before this one in its queue.",
    fix: "Set serializeImagePulls: false (--serialize-image-pulls=false) and maxParallelImagePulls on the nodes; check --registry-qps and --registry-burst with it.",
    symptom: "Successfully pulled image in 5s (10m5s including waiting)",
  },
  PullThrottled: {
    ...advice,
    explanation:
      "More pulls start together on one node than the kubelet's limit allows; it refuses the rest and repeats them 10 seconds later, or after longer and longer pauses.",
    fix: "Raise registryPullQPS and registryBurst on the nodes (--registry-qps, --registry-burst; 0 for the first: no limit), or let fewer Pods start on one node.",
    symptom: "Failed to pull image: pull QPS exceeded",
  },
  NodeDiskTooSmall: {
    ...advice,
    explanation:
      "The Pod's images, packed and unpacked, are larger than what the node has for them, or fill its disk so far that the kubelet begins to delete images.",
    fix: "Make the image smaller, select nodes with more ephemeral storage, or raise imageGCHighThresholdPercent (--image-gc-high-threshold).",
    symptom: "no space left on device; FreeDiskSpaceFailed; the node has condition DiskPressure",
  },
  RateLimitNear: {
    ...advice,
    explanation: "The registry allows fewer pulls than the rollout needs before its limit is reached.",
    fix: "Pull with credentials that have a higher limit, use a mirror or a pull-through cache, or put the images on the nodes beforehand.",
    symptom: "429 Too Many Requests; toomanyrequests: You have reached your pull rate limit",
  },
} as const satisfies Record<string, CauseEntry>;
