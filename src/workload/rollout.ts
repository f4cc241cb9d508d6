import type { Fields } from "./fields.js";
import type { Rollout } from "./types.js";

/** Deployments by the API server's default. Source: Kubernetes pkg/apis/apps/v1/defaults.go. */
const deploymentDefaults = { progressDeadlineSeconds: 600, quarter: "25%" } as const;

/**
 * How many Pods a workload brings and how fast. Numbers that are no numbers count as not written: whether the object is
 * valid is the API server's to say.
 * @param object the whole object, of one of the built-in kinds
 * Source: Kubernetes pkg/apis/apps/v1/defaults.go, pkg/apis/batch/v1/defaults.go, 1.36.
 */
export function readRollout(kind: string, object: Fields): Rollout {
  const spec = fields(object.spec);
  switch (kind) {
    case "DaemonSet":
      return { scale: "each-node", ...daemonSetUpdate(spec) };
    case "Deployment":
      return { scale: number(spec.replicas) ?? 1, ...deploymentUpdate(spec) };
    case "StatefulSet":
      return statefulSet(spec);
    case "ReplicaSet":
    case "ReplicationController":
      return { scale: number(spec.replicas) ?? 1 };
    case "Job":
      return job(spec);
    case "CronJob":
      return job(fields(fields(spec.jobTemplate).spec));
    case "Pod":
      return { scale: 1, ...activeDeadline(spec) };
    default:
      return { scale: 1 };
  }
}

function deploymentUpdate(spec: Fields): Partial<Rollout> {
  const strategy = fields(spec.strategy);
  const progressDeadlineSeconds = number(spec.progressDeadlineSeconds) ?? deploymentDefaults.progressDeadlineSeconds;
  if (strategy.type === "Recreate") return { progressDeadlineSeconds };
  const rolling = fields(strategy.rollingUpdate);
  const update = {
    maxUnavailable: share(rolling.maxUnavailable) ?? deploymentDefaults.quarter,
    maxSurge: share(rolling.maxSurge) ?? deploymentDefaults.quarter,
  };
  return { progressDeadlineSeconds, update };
}

function daemonSetUpdate(spec: Fields): Partial<Rollout> {
  const strategy = fields(spec.updateStrategy);
  if (strategy.type === "OnDelete") return {};
  const rolling = fields(strategy.rollingUpdate);
  return { update: { maxUnavailable: share(rolling.maxUnavailable) ?? 1, maxSurge: share(rolling.maxSurge) ?? 0 } };
}

function statefulSet(spec: Fields): Rollout {
  const scale = number(spec.replicas) ?? 1;
  const rolling = fields(fields(spec.updateStrategy).rollingUpdate);
  return {
    scale,
    ...(spec.podManagementPolicy === "Parallel" ? {} : { oneByOne: true as const }),
    update: { maxUnavailable: share(rolling.maxUnavailable) ?? 1, maxSurge: 0 },
  };
}

function job(spec: Fields): Rollout {
  const parallelism = number(spec.parallelism) ?? 1;
  const completions = number(spec.completions);
  const template = activeDeadline(fields(fields(spec.template).spec));
  return {
    scale: completions === undefined ? parallelism : Math.min(parallelism, completions),
    ...template,
    ...activeDeadline(spec),
  };
}

function activeDeadline(spec: Fields): { readonly activeDeadlineSeconds?: number } {
  const seconds = number(spec.activeDeadlineSeconds);
  return seconds === undefined ? {} : { activeDeadlineSeconds: seconds };
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
}

/** A number of Pods, or a share of them such as `25%`. */
function share(value: unknown): number | string | undefined {
  return typeof value === "string" && /^\d{1,3}%$/.test(value) ? value : number(value);
}
