import { type Fields, readList, readObject, readText } from "./fields.js";
import type { NodeRequirement, NodeSelectorTerm, PodPullSpec, SelectorOperator, Toleration } from "./types.js";

const operators: readonly SelectorOperator[] = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];

/**
 * What of a Pod spec decides where its Pods may land, beyond nodeName and nodeSelector.
 * @param path of the spec from the object's root
 * @throws PullguardError `InputInvalid` for a field of a type that no API server would have decoded
 */
export function readPlacement(fields: Fields, path: string): Pick<PodPullSpec, "nodeAffinity" | "tolerations" | "os"> {
  const affinity = readAffinity(fields.affinity, `${path}.affinity`);
  const tolerations = readList(fields.tolerations, `${path}.tolerations`).map((entry, index) =>
    readToleration(entry, `${path}.tolerations[${index}]`),
  );
  const os = readText(readObject(fields.os, `${path}.os`)?.name, `${path}.os.name`);
  return {
    ...(affinity === undefined ? {} : { nodeAffinity: affinity }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
    ...(os === "" ? {} : { os }),
  };
}

/**
 * The tolerations that the DaemonSet controller adds to its Pods; every one exists for its taint and effect.
 * Source: Kubernetes pkg/controller/daemon/util/daemonset_util.go `AddOrUpdateDaemonPodTolerations`, 1.26 and 1.36
 */
export function daemonTolerations(fields: Fields): readonly Toleration[] {
  return [
    exists("not-ready", "NoExecute"),
    exists("unreachable", "NoExecute"),
    exists("disk-pressure", "NoSchedule"),
    exists("memory-pressure", "NoSchedule"),
    exists("pid-pressure", "NoSchedule"),
    exists("unschedulable", "NoSchedule"),
    ...(fields.hostNetwork === true ? [exists("network-unavailable", "NoSchedule")] : []),
  ];
}

function exists(taint: string, effect: string): Toleration {
  return { key: `node.kubernetes.io/${taint}`, operator: "Exists", value: "", effect };
}

function readAffinity(value: unknown, path: string): readonly NodeSelectorTerm[] | undefined {
  const nodeAffinity = readObject(readObject(value, path)?.nodeAffinity, `${path}.nodeAffinity`);
  const name = "requiredDuringSchedulingIgnoredDuringExecution";
  const at = `${path}.nodeAffinity.${name}`;
  const required = readObject(nodeAffinity?.[name], at);
  if (required === undefined) return undefined;
  return readList(required.nodeSelectorTerms, `${at}.nodeSelectorTerms`).map((term, index) => {
    const termPath = `${at}.nodeSelectorTerms[${index}]`;
    const fields = readObject(term, termPath);
    return {
      expressions: readRequirements(fields?.matchExpressions, `${termPath}.matchExpressions`),
      fields: readRequirements(fields?.matchFields, `${termPath}.matchFields`),
    };
  });
}

function readRequirements(value: unknown, listPath: string): readonly NodeRequirement[] {
  return readList(value, listPath).map((entry, index) => {
    const path = `${listPath}[${index}]`;
    const fields = readObject(entry, path);
    const operator = readText(fields?.operator, `${path}.operator`);
    return {
      key: readText(fields?.key, `${path}.key`),
      operator: operators.find((known) => known === operator) ?? "Unknown",
      values: readList(fields?.values, `${path}.values`).map((each, at) => readText(each, `${path}.values[${at}]`)),
    };
  });
}

function readToleration(entry: unknown, path: string): Toleration {
  const fields = readObject(entry, path);
  const key = readText(fields?.key, `${path}.key`);
  const effect = readText(fields?.effect, `${path}.effect`);
  // A newer operator (Gt, Lt of Kubernetes 1.35) is taken for the widest: it may let the Pod onto the node.
  const operator = readText(fields?.operator, `${path}.operator`);
  return {
    ...(key === "" ? {} : { key }),
    operator: operator === "" || operator === "Equal" ? "Equal" : "Exists",
    value: readText(fields?.value, `${path}.value`),
    ...(effect === "" ? {} : { effect }),
  };
}
