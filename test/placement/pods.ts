import type { NodeProfile, NodeState } from "../../src/node/index.js";
import { unseenNodeProfile } from "../../src/node/index.js";
import type { NodeTaint, PlacedNode } from "../../src/placement/index.js";
import type { PodPullSpec } from "../../src/workload/index.js";
import { readWorkloads } from "../../src/workload/index.js";

/** What decides where a Pod of this spec lands, as the workload reader has it. */
export function podSpec(spec: object = {}, kind = "Pod"): PodPullSpec {
  const object =
    kind === "Pod"
      ? { apiVersion: "v1", kind, metadata: { name: "x" }, spec }
      : { apiVersion: "apps/v1", kind, metadata: { name: "x" }, spec: { template: { spec } } };
  const [workload] = readWorkloads(object);
  if (workload === undefined) throw new Error(`no workload of kind ${kind}`);
  return workload.pod;
}

/** A Pod that must land where these match expressions hold. */
export function affinity(...terms: readonly object[]): object {
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
  return { affinity: { nodeAffinity: required } };
}

/** A taint as `kubectl taint` takes it: `key=value:NoSchedule`. */
export function taint(text: string): NodeTaint {
  const [, key = "", value = "", effect = ""] = /^([^=:]+)(?:=([^:]*))?:(.*)$/.exec(text) ?? [];
  return { key, value, effect };
}

export function nodeState(name: string, labels: Readonly<Record<string, string>> = {}): NodeState {
  return { name, labels, images: [], imagesAreComplete: true };
}

export function placedNode(
  name: string,
  values: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly taints?: readonly string[];
    readonly unschedulable?: boolean;
    readonly profiles?: readonly NodeProfile[];
  } = {},
): PlacedNode {
  return {
    state: nodeState(name, values.labels),
    taints: (values.taints ?? []).map(taint),
    unschedulable: values.unschedulable ?? false,
    profiles: values.profiles ?? [unseenNodeProfile({})],
  };
}
