import { kubeletDefaults, type PullEstimate, type PullRules } from "../prediction/index.js";
import type { RateLimitReading } from "../registry/index.js";
import { type CauseCode, causeEntry } from "./catalogue.js";
import type { Advisory } from "./types.js";

/** How long a workload waits for its images, and by which field. */
export interface PullDeadline {
  readonly seconds: number;
  readonly field: "progressDeadlineSeconds" | "activeDeadlineSeconds" | "none";
}

/** What is known of the time that the images of one Pod take on one node. */
export interface PullTimeFacts {
  readonly estimate: PullEstimate;
  readonly rules: PullRules;
  readonly deadline: PullDeadline;
  /** For people; absent: any node. */
  readonly node?: string;
  readonly podsOnNode: number;
  /** Distinct images of the Pod that may be pulled. */
  readonly images: number;
  readonly queuedPods: number;
}

/**
 * Who waits less than a minute does not ask why. And where the Pod's own images take longer than the queue before them,
 * the queue is not the matter.
 */
const leastWaitMs = 60_000;

/** Advice about time, the most important first; nothing where nothing is amiss. */
export function adviseTime(facts: PullTimeFacts): readonly Advisory[] {
  return [tooSlow(facts), queued(facts), throttled(facts)].filter((advisory) => advisory !== undefined);
}

function tooSlow({ estimate, deadline, rules, node, queuedPods }: PullTimeFacts): Advisory | undefined {
  if (estimate.bytes === 0 || estimate.totalMs <= deadline.seconds * 1000) return undefined;
  const where = node === undefined ? "" : ` on ${node}`;
  const than =
    deadline.field === "none"
      ? `the ${deadline.seconds} s after which a Deployment counts as failed by default`
      : `${deadline.field} (${deadline.seconds} s)`;
  const waits = rules.serialized && queuedPods > 0;
  const behind = waits ? ` behind the images of ${podsText(queuedPods)}` : "";
  return advisory(
    "PullTooSlow",
    `pulling ${sizeText(estimate.bytes)}${where}${behind} takes about ${timeText(estimate.totalMs)}, longer than ${than}; ${assuming(estimate)}`,
    waits ? undefined : `${deadlineFix(deadline, estimate)}${causeEntry("PullTooSlow").fix}`,
  );
}

function podsText(count: number): string {
  return `${count} other ${count === 1 ? "Pod" : "Pods"}`;
}

function deadlineFix({ field }: PullDeadline, { totalMs }: PullEstimate): string {
  if (field === "none" || !Number.isFinite(totalMs)) return "";
  return `Set ${field} to ${Math.ceil((totalMs * 1.5) / 60_000) * 60} or more. `;
}

function queued({ estimate, rules, node, queuedPods }: PullTimeFacts): Advisory | undefined {
  const ownMs = estimate.totalMs - estimate.waitMs;
  if (!rules.serialized || queuedPods === 0 || estimate.waitMs < Math.max(leastWaitMs, ownMs)) return undefined;
  return advisory(
    "PullQueued",
    `waits about ${timeText(estimate.waitMs)} on ${node ?? "the node"} for the images of ${podsText(queuedPods)}, because its kubelet pulls one image at a time (serializeImagePulls); ${assuming(estimate)}`,
  );
}

function throttled({ estimate, rules, podsOnNode, images, node }: PullTimeFacts): Advisory | undefined {
  if (estimate.throttled === 0) return undefined;
  const pods = podsOnNode === 1 ? "the Pod" : `${podsOnNode} Pods`;
  const where = node === undefined ? "one node" : node;
  return advisory(
    "PullThrottled",
    `${pods} with ${images} ${images === 1 ? "image" : "images"} on ${where} start more pulls than its kubelet allows (registryPullQPS ${rules.qps}, registryBurst ${rules.burst}): about ${estimate.throttled} fail with "pull QPS exceeded" and are repeated with back-off, the last Pod has its images after ${timeText(estimate.totalMs)}; ${assuming(estimate)}`,
  );
}

/** What the images of one Pod need of one node's disk, in bytes. */
export interface DiskFacts {
  readonly node: string;
  /** Packed bytes that the node lacks. */
  readonly lackingBytes: number;
  /** Whether the runtime keeps the packed layers beside the unpacked ones, as containerd does. */
  readonly keepsPacked: boolean;
  /** Allocatable ephemeral storage. */
  readonly storageBytes: number;
  /** Of the images that are known to be there. */
  readonly imagesBytes: number;
  /** Absent: the kubelet's default. */
  readonly gcHighThresholdPercent?: number;
}

/** Most gzip layers unpack to two or three times their size; two is the careful side for a warning. */
const unpackedTimes = 2;
/** The kubelet reserves a tenth for eviction (nodefs.available<10%), so that allocatable is nine tenths of the disk. */
const allocatableShare = 0.9;

/**
 * Advice about the disk. Garbage collection counts the whole file system in use, of which only the images are known here:
 * the true use is higher, so that this speaks too late rather than too early.
 * Source: Kubernetes pkg/kubelet/images/image_gc_manager.go, pkg/kubelet/apis/config/v1beta1/defaults.go, 1.36.
 */
export function adviseDisk(facts: DiskFacts): Advisory | undefined {
  const { node, lackingBytes, keepsPacked, storageBytes, imagesBytes } = facts;
  if (lackingBytes === 0) return undefined;
  const needed = lackingBytes * (unpackedTimes + (keepsPacked ? 1 : 0));
  const how = `${sizeText(needed)} (${sizeText(lackingBytes)} packed${keepsPacked ? ", kept," : ""} and twice that unpacked)`;
  if (needed > storageBytes) {
    return advisory(
      "NodeDiskTooSmall",
      `needs about ${how} on ${node}, which has ${sizeText(storageBytes)} of ephemeral storage`,
    );
  }
  const percent = facts.gcHighThresholdPercent ?? kubeletDefaults.imageGcHighThresholdPercent;
  const threshold = (storageBytes / allocatableShare) * (percent / 100);
  if (percent >= 100 || imagesBytes + needed < threshold) return undefined;
  return advisory(
    "NodeDiskTooSmall",
    `needs about ${how} on ${node}, whose images take ${sizeText(imagesBytes)} already: above ${percent} % of its disk the kubelet deletes images that no container uses`,
  );
}

/** What a rollout asks of one registry. */
export interface RateLimitFacts {
  readonly registry: string;
  readonly reading: RateLimitReading;
  /** Pulls that the rollout needs at most. */
  readonly needed: number;
  /** Pullguard itself has left a manifest unread to spare a pull. */
  readonly spared: boolean;
}

/** Advice about a registry's limit; undefined where enough is left. */
export function adviseRateLimit({ registry, reading, needed, spared }: RateLimitFacts): Advisory | undefined {
  const { remaining, limit, windowSeconds, resetSeconds } = reading;
  if (needed <= remaining && !spared) return undefined;
  const of = limit === undefined ? "" : ` of ${limit}`;
  const window = windowSeconds === undefined ? "" : ` in ${timeText(windowSeconds * 1000)}`;
  const reset = resetSeconds === undefined ? "" : `, anew in ${timeText(resetSeconds * 1000)}`;
  const pulls = `this rollout needs up to ${needed} ${needed === 1 ? "pull" : "pulls"} from ${registry}, ${remaining}${of}${window} remain${reset}, as seen from Pullguard`;
  const own = spared ? "; to spare them the manifest was not read, only its name looked up by HEAD" : "";
  return advisory("RateLimitNear", `${pulls}${own}`);
}

function advisory(cause: CauseCode, message: string, fix?: string): Advisory {
  return { cause, message, fix: fix ?? causeEntry(cause).fix };
}

function assuming({ assumptions }: PullEstimate): string {
  return `assuming ${assumptions.map(({ text }) => text).join("; ")}`;
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `1.5 GiB`, `512 MiB`. */
export function sizeText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${value >= 10 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** `12 s`, `4 min 30 s`, `2 h 5 min`, `more than a day`. */
export function timeText(ms: number): string {
  if (!Number.isFinite(ms)) return "more than a day";
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${ms < 10_000 ? (ms / 1000).toFixed(1).replace(/\.0$/, "") : seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
