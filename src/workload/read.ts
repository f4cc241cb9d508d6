import { PullguardError } from "../core/index.js";
import { type Fields, readList, readObject, readText } from "./fields.js";
import { groupOf, isWorkloadKindName, listedKind, type WorkloadKind, workloadKind } from "./kinds.js";
import { isCompletedPodSpec, readPodSpec } from "./pod-spec.js";
import { templatesAt } from "./pod-template-path.js";
import { readRollout } from "./rollout.js";
import type { PodTemplatePath, Workload, WorkloadIdentity } from "./types.js";

/** kubectl flattens a List in a List; more levels than this nobody writes. */
const maxListDepth = 4;

const mirrorAnnotation = "kubernetes.io/config.mirror";

/**
 * The workloads in a Kubernetes object: one for a Pod, a Deployment, a CronJob …, one for each item of a list of them,
 * none for any other kind and for null. A workload may turn out to have no images.
 *
 * Field paths start at the object's own root, in a list at the item's.
 * @param object JSON or YAML, parsed; nothing about it is believed
 * @param custom kinds of custom resources that hold Pod templates: one workload for each template
 * @throws PullguardError `InputInvalid`, with the path, for what no API server could have decoded into the kind
 */
export function readWorkloads(object: unknown, custom: readonly PodTemplatePath[] = []): readonly Workload[] {
  return readAny(object, { apiVersion: "", kind: "" }, 0, custom);
}

/** Items of a typed list need not repeat what the list says. */
interface Inherited {
  readonly apiVersion: string;
  readonly kind: string;
}

function readAny(
  object: unknown,
  inherited: Inherited,
  depth: number,
  custom: readonly PodTemplatePath[],
): readonly Workload[] {
  const fields = readObject(object, "the object");
  if (fields === undefined) return [];
  const kind = readText(fields.kind, "kind") || inherited.kind;
  const apiVersion = readText(fields.apiVersion, "apiVersion") || inherited.apiVersion;
  const itemKind = listedKind(kind);
  if (itemKind !== undefined) {
    const forItems = itemKind === "" ? { apiVersion: "", kind: "" } : { apiVersion, kind: itemKind };
    return readItems(fields, forItems, depth, custom);
  }
  const templates = custom.filter((entry) => entry.kind === kind && entry.apiGroup === groupOf(apiVersion));
  if (templates.length > 0) return templates.flatMap((entry) => readCustom(fields, apiVersion, kind, entry));
  if (!isWorkloadKindName(kind)) return [];
  if (apiVersion === "") throw new PullguardError("InputInvalid", `apiVersion: missing from an object of kind ${kind}`);
  const found = workloadKind(apiVersion, kind);
  return found === undefined ? [] : [readOne(fields, apiVersion, kind, found)];
}

function readItems(
  list: Fields,
  inherited: Inherited,
  depth: number,
  custom: readonly PodTemplatePath[],
): readonly Workload[] {
  if (depth === maxListDepth) throw new PullguardError("InputInvalid", `items: lists nested over ${maxListDepth} deep`);
  return readList(list.items, "items").flatMap((item, index) => {
    try {
      return readAny(item, inherited, depth + 1, custom);
    } catch (error) {
      if (!(error instanceof PullguardError)) throw error;
      throw new PullguardError(error.code, `items[${index}]: ${error.message}`, { cause: error });
    }
  });
}

function readOne(object: Fields, apiVersion: string, kind: string, shape: WorkloadKind): Workload {
  const metadata = readObject(object.metadata, "metadata");
  const path = shape.podSpec.join(".");
  const spec = podSpecOf(object, shape.podSpec);
  const isCompleted = kind === "Pod" && (isCompletedPodSpec(spec) || isMirrorPod(metadata));
  return {
    identity: identityOf(metadata, apiVersion, kind),
    pod: readPodSpec(spec, path, { isTemplate: !isCompleted, isDaemon: kind === "DaemonSet" }),
    rollout: readRollout(kind, object),
  };
}

function readCustom(object: Fields, apiVersion: string, kind: string, where: PodTemplatePath): readonly Workload[] {
  const metadata = readObject(object.metadata, "metadata");
  return templatesAt(object, where).map(({ path, spec }) => ({
    identity: identityOf(metadata, apiVersion, kind),
    pod: readPodSpec(spec, path, { isTemplate: true, isDaemon: false }),
  }));
}

function identityOf(metadata: Fields | undefined, apiVersion: string, kind: string): WorkloadIdentity {
  return {
    apiVersion,
    kind,
    namespace: readText(metadata?.namespace, "metadata.namespace"),
    name: readText(metadata?.name, "metadata.name"),
  };
}

function podSpecOf(object: Fields, path: readonly string[]): Fields | undefined {
  let at: Fields | undefined = object;
  for (const [depth, field] of path.entries()) {
    at = readObject(at?.[field], path.slice(0, depth + 1).join("."));
  }
  return at;
}

/** A static Pod's image in the API: the kubelet pulls with what it lists, no account's secrets are ever merged in. */
function isMirrorPod(metadata: Fields | undefined): boolean {
  return readObject(metadata?.annotations, "metadata.annotations")?.[mirrorAnnotation] !== undefined;
}
