/** Where one kind of object keeps the spec of its Pods. */
export interface WorkloadKind {
  /** API groups that have this kind; versions do not matter, none of them moved the Pod spec. */
  readonly groups: readonly string[];
  /** From the object's root to the Pod spec. */
  readonly podSpec: readonly string[];
}

const template = ["spec", "template", "spec"];

/** The names of all built-in kinds that run Pods. */
export const workloadKindNames = [
  "Pod",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "ReplicationController",
  "PodTemplate",
] as const;
/** One of them. */
export type WorkloadKindName = (typeof workloadKindNames)[number];

const table: Readonly<Record<WorkloadKindName, WorkloadKind>> = {
  Pod: { groups: [""], podSpec: ["spec"] },
  Deployment: { groups: ["apps", "extensions"], podSpec: template },
  ReplicaSet: { groups: ["apps", "extensions"], podSpec: template },
  StatefulSet: { groups: ["apps"], podSpec: template },
  DaemonSet: { groups: ["apps", "extensions"], podSpec: template },
  Job: { groups: ["batch"], podSpec: template },
  CronJob: { groups: ["batch"], podSpec: ["spec", "jobTemplate", "spec", "template", "spec"] },
  ReplicationController: { groups: [""], podSpec: template },
  PodTemplate: { groups: [""], podSpec: ["template", "spec"] },
};
const kinds: ReadonlyMap<string, WorkloadKind> = new Map(Object.entries(table));

/**
 * The built-in kind of this name, or undefined: a custom resource may well be called `Deployment` too.
 * @param apiVersion `apps/v1`, `v1`
 */
export function workloadKind(apiVersion: string, kind: string): WorkloadKind | undefined {
  const found = kinds.get(kind);
  return found?.groups.includes(groupOf(apiVersion)) ? found : undefined;
}

/** Whether some built-in workload kind has this name, whatever the group. */
export function isWorkloadKindName(kind: string): boolean {
  return kinds.has(kind);
}

/** Whether this group and kind are known of themselves. */
export function isBuiltInKind(group: string, kind: string): boolean {
  return kinds.get(kind)?.groups.includes(group) === true;
}

/** `Deployment` for `DeploymentList`, "" for the untyped `List`, undefined for what is no list of workloads. */
export function listedKind(kind: string): string | undefined {
  if (kind === "List") return "";
  const item = kind.endsWith("List") ? kind.slice(0, -"List".length) : "";
  return kinds.has(item) ? item : undefined;
}

/** `apps` for `apps/v1`, "" for `v1`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash === -1 ? "" : apiVersion.slice(0, slash);
}
