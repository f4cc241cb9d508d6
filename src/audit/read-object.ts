import { LRUCache } from "lru-cache";
import { entriesOf, memberOf, PullguardError, textOf, timeOf } from "../core/index.js";
import { type PodPullSpec, readWorkloads } from "../workload/index.js";
import type { AuditedKind, AuditedObject, ObjectOwner, RunningImage } from "./types.js";

/** Versions in which the kinds are asked for. */
export const kindVersions: Readonly<Record<AuditedKind, string>> = {
  Pod: "v1",
  PodTemplate: "v1",
  ReplicationController: "v1",
  Deployment: "apps/v1",
  ReplicaSet: "apps/v1",
  StatefulSet: "apps/v1",
  DaemonSet: "apps/v1",
  Job: "batch/v1",
  CronJob: "batch/v1",
};

/** Specs and lists of which one copy serves all objects that are alike. */
const maxShared = 50_000;

/** Reads objects of one cluster; what is equal in them is kept once. */
export type ReadAudited = (kind: AuditedKind, object: unknown) => AuditedObject | undefined;

/** @returns a reader that never throws; undefined: no API server would have stored such an object */
export function auditedReader(): ReadAudited {
  const share = sharer();
  return (kind, object) => {
    const apiVersion = kindVersions[kind];
    try {
      const [workload] = readWorkloads({ ...(object as object), apiVersion, kind });
      if (workload === undefined) return undefined;
      const { namespace, name } = workload.identity;
      const owner = share(ownerOf(object));
      const isPod = kind === "Pod";
      const node = isPod ? textOf(memberOf(object, "spec", "nodeName")) : "";
      return {
        apiVersion,
        kind,
        namespace: share(namespace),
        name,
        uid: isPod && owner !== undefined ? "" : textOf(memberOf(object, "metadata", "uid")),
        ...(owner === undefined ? {} : { owner }),
        spec: share(isPod && owner !== undefined ? anywhere(workload.pod, owner) : workload.pod),
        createdMs: timeOf(memberOf(object, "metadata", "creationTimestamp")),
        isOver: isOver(kind, object),
        node: share(node),
        running: share(isPod ? runningImages(object) : []),
      };
    } catch (error) {
      if (error instanceof PullguardError) return undefined;
      throw error;
    }
  };
}

/** A Pod that its controller makes again may come up on another node. */
function anywhere({ nodeName: _, nodeAffinity, ...spec }: PodPullSpec, owner: ObjectOwner): PodPullSpec {
  // The controller of a DaemonSet binds each Pod by an affinity of its own.
  return owner.kind === "DaemonSet" || nodeAffinity === undefined ? spec : { ...spec, nodeAffinity };
}

function ownerOf(object: unknown): ObjectOwner | undefined {
  const references = entriesOf(memberOf(object, "metadata", "ownerReferences"));
  const found = references.find((reference) => memberOf(reference, "controller") === true);
  const [apiVersion, kind, name] = ["apiVersion", "kind", "name"].map((field) => textOf(memberOf(found, field)));
  // A static Pod belongs to its node, which makes no Pods.
  if (apiVersion === undefined || kind === undefined || name === undefined || kind === "" || kind === "Node") {
    return undefined;
  }
  return { apiVersion, kind, name };
}

function isOver(kind: AuditedKind, object: unknown): boolean {
  if (kind === "Pod") {
    const phase = memberOf(object, "status", "phase");
    const isLeaving = !Number.isNaN(timeOf(memberOf(object, "metadata", "deletionTimestamp")));
    return phase === "Succeeded" || phase === "Failed" || isLeaving;
  }
  // A revision that a controller keeps to go back to.
  if (kind === "ReplicaSet") return memberOf(object, "spec", "replicas") === 0 && ownerOf(object) !== undefined;
  if (kind === "Job") {
    return entriesOf(memberOf(object, "status", "conditions")).some(
      (condition) =>
        ["Complete", "Failed"].includes(textOf(memberOf(condition, "type"))) &&
        memberOf(condition, "status") === "True",
    );
  }
  return false;
}

const statusLists = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];

function runningImages(pod: unknown): readonly RunningImage[] {
  return statusLists
    .flatMap((list) => entriesOf(memberOf(pod, "status", list)))
    .map((status) => ({
      container: textOf(memberOf(status, "name")),
      imageId: textOf(memberOf(status, "imageID")),
    }))
    .filter(({ imageId }) => imageId !== "");
}

type Share = <T>(value: T) => T;

function sharer(): Share {
  const known = new LRUCache<string, { readonly value: unknown }>({ max: maxShared });
  return <T>(value: T): T => {
    if (value === undefined || value === "") return value;
    const key = JSON.stringify(value);
    const before = known.get(key);
    // Equal JSON is an equal value: specs and lists hold nothing but texts, lists and objects.
    if (before !== undefined) return before.value as T;
    known.set(key, { value });
    return value;
  };
}
