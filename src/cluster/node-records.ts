import type { NodeState } from "../node/index.js";
import type { AgentSign, ClusterNode } from "../placement/index.js";
import type { WatchedLease } from "./watched-lease.js";
import type { WatchedNode } from "./watched-node.js";

/** One node with what was last heard of its images. */
export interface NodeRecord {
  readonly node: ClusterNode;
  readonly key: string;
  latest: WatchedNode;
}

/** Whether anything changed that decides where Pods land. Images change all the time: who looks at them sees the latest. */
export function noteNode(records: Map<string, NodeRecord>, node: WatchedNode, gone: boolean): boolean {
  const { name } = node.metadata;
  if (gone) return records.delete(name);
  const key = JSON.stringify(node.facts);
  const before = records.get(name);
  if (before?.key === key) {
    before.latest = node;
    return false;
  }
  const { labels, ephemeralStorageBytes, taints, unschedulable, programs } = node.facts;
  const state: NodeState = {
    name,
    labels,
    get images() {
      return record.latest.images;
    },
    get imagesAreComplete() {
      return record.latest.imagesAreComplete;
    },
    ...(ephemeralStorageBytes === undefined ? {} : { ephemeralStorageBytes }),
  };
  const record: NodeRecord = { node: { state, taints, unschedulable, programs }, key, latest: node };
  records.set(name, record);
  return true;
}

/** When a Lease was renewed, by its own clock, and when that was heard. */
export interface HeardSign extends AgentSign {
  readonly renewedMs: number;
}

/**
 * Whether anything changed but the time. When the renewal was heard counts, since clocks differ; of a Lease that is seen for
 * the first time only its own time is known.
 */
export function noteLease(signs: Map<string, HeardSign>, lease: WatchedLease, gone: boolean, nowMs: number): boolean {
  const { node, profile, validMs, renewedMs } = lease;
  if (gone || node === "") return signs.delete(node);
  const before = signs.get(node);
  const writtenMs = Number.isNaN(renewedMs) ? Number.NEGATIVE_INFINITY : Math.min(renewedMs, nowMs);
  const heardMs = before?.renewedMs === renewedMs ? before.confirmedMs : nowMs;
  signs.set(node, { profile, validMs, renewedMs, confirmedMs: before === undefined ? writtenMs : heardMs });
  const wasCurrent = before !== undefined && nowMs <= before.confirmedMs + before.validMs;
  return !wasCurrent || before.profile !== profile || before.validMs !== validMs;
}
