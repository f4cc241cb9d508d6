import type { NodeRequirement, NodeSelectorTerm, PodPullSpec, Toleration } from "../workload/index.js";
import type { NodePool, NodeTaint, PlacedNode } from "./types.js";

/** What of a Pod's spec the scheduler looks at. */
export type Placement = Pick<PodPullSpec, "nodeName" | "nodeSelector" | "nodeAffinity" | "tolerations" | "os">;

/** The labels of a node; undefined: not there. `open`: there may be others than those known. */
interface Labels {
  readonly values: Readonly<Record<string, string>>;
  readonly open: boolean;
}

/**
 * Taints that come and go by themselves, within seconds or minutes: a node that has one is back before a denial would be
 * right. Not among them is that of a cordoned node, which somebody has set aside.
 * Source: Kubernetes staging/src/k8s.io/api/core/v1/well_known_taints.go, cloud-provider api/well_known_taints.go
 */
const passingTaints: ReadonlySet<string> = new Set([
  "node.kubernetes.io/not-ready",
  "node.kubernetes.io/unreachable",
  "node.kubernetes.io/memory-pressure",
  "node.kubernetes.io/disk-pressure",
  "node.kubernetes.io/pid-pressure",
  "node.kubernetes.io/network-unavailable",
  "node.cloudprovider.kubernetes.io/uninitialized",
]);

const cordonTaint: NodeTaint = { key: "node.kubernetes.io/unschedulable", value: "", effect: "NoSchedule" };

/**
 * Whether the Pod may land on a node that is there. A Pod that names its node has been past the scheduler.
 * Source: Kubernetes pkg/scheduler/framework/plugins nodename, nodeaffinity, tainttoleration and nodeunschedulable;
 * component-helpers scheduling/corev1/nodeaffinity; the kubelet refuses Pods of another os (pkg/kubelet/lifecycle)
 */
export function fitsNode(pod: Placement, { state, taints, unschedulable }: PlacedNode): boolean {
  if (pod.nodeName !== undefined) return pod.nodeName === state.name;
  const labels = { values: state.labels, open: false };
  return (
    selects(pod, labels, state.name) &&
    tolerates(pod.tolerations ?? [], unschedulable ? [...taints, cordonTaint] : taints)
  );
}

/** Whether nothing that is known of a pool keeps the Pod off its nodes. */
export function mayFitPool(pod: Placement, { labels, taints }: NodePool): boolean {
  if (pod.nodeName !== undefined) return false;
  return selects(pod, { values: labels, open: true }, undefined) && tolerates(pod.tolerations ?? [], taints);
}

function selects(pod: Placement, labels: Labels, name: string | undefined): boolean {
  for (const key of Object.keys(pod.nodeSelector)) {
    const value = labelOf(labels.values, key);
    if (value === undefined ? !labels.open : value !== pod.nodeSelector[key]) return false;
  }
  if (pod.os !== undefined) {
    const os = labelOf(labels.values, "kubernetes.io/os");
    if (os !== undefined && os !== pod.os) return false;
  }
  return pod.nodeAffinity === undefined || pod.nodeAffinity.some((term) => meetsTerm(term, labels, name));
}

function meetsTerm({ expressions, fields }: NodeSelectorTerm, labels: Labels, name: string | undefined): boolean {
  if (expressions.length + fields.length === 0) return false;
  return (
    expressions.every((requirement) => meets(requirement, labelOf(labels.values, requirement.key), labels.open)) &&
    fields.every((requirement) => meetsField(requirement, name))
  );
}

/** Source: component-helpers nodeaffinity.go `nodeSelectorRequirementsAsFieldSelector`: one value, In or NotIn. */
function meetsField({ key, operator, values }: NodeRequirement, name: string | undefined): boolean {
  if (operator === "Unknown" || (name === undefined && key === "metadata.name")) return true;
  if (values.length !== 1 || (operator !== "In" && operator !== "NotIn")) return false;
  return (values[0] === (key === "metadata.name" ? name : "")) === (operator === "In");
}

/**
 * Whether a label meets a requirement.
 * @param value undefined: the label is not there, or, where `open`, may be there with any value
 * Source: apimachinery pkg/labels/selector.go `Requirement.Matches` and `NewRequirement`
 */
export function meets({ operator, values }: NodeRequirement, value: string | undefined, open = false): boolean {
  if (value === undefined && open) return true;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return values.length > 0 && (value === undefined || !values.includes(value));
    case "Exists":
      return value !== undefined && values.length === 0;
    case "DoesNotExist":
      return value === undefined && values.length === 0;
    case "Gt":
    case "Lt":
      return isBeyond(operator, values, value);
    case "Unknown":
      return true;
  }
}

function isBeyond(operator: "Gt" | "Lt", values: readonly string[], value: string | undefined): boolean {
  const [limit] = values.length === 1 ? values.map(parseInt64) : [];
  const found = value === undefined ? undefined : parseInt64(value);
  if (limit === undefined || found === undefined) return false;
  return operator === "Gt" ? found > limit : found < limit;
}

/** Go's strconv.ParseInt(text, 10, 64). */
function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]{1,30}$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ""));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** Source: api core/v1/toleration.go `ToleratesTaint`. */
function tolerates(tolerations: readonly Toleration[], taints: readonly NodeTaint[]): boolean {
  return taints.every(
    (taint) =>
      (taint.effect !== "NoSchedule" && taint.effect !== "NoExecute") ||
      passingTaints.has(taint.key) ||
      tolerations.some(
        ({ key, operator, value, effect }) =>
          (effect === undefined || effect === taint.effect) &&
          (key === undefined || key === taint.key) &&
          (operator === "Exists" || value === taint.value),
      ),
  );
}

function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
