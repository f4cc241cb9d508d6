import { z } from "zod";
import type { ImageUse } from "../workload/index.js";
import type { AdmissionRequestView } from "./review.js";

/** What of a request's object a webhook may change without the API server, or a controller, refusing the result. */
export interface Patchable {
  readonly pullPolicy: boolean;
  readonly pullSecrets: boolean;
  readonly image: (use: ImageUse) => boolean;
}

const ownersSchema = z.object({
  metadata: z.object({
    ownerReferences: z.array(z.object({ controller: z.boolean().nullish() })).nullish(),
  }),
});

const everything: Patchable = { pullPolicy: true, pullSecrets: true, image: () => true };
/** Of a Pod that exists only the images of containers may become others. */
const images: Patchable = {
  pullPolicy: false,
  pullSecrets: false,
  image: ({ role }) => role === "container" || role === "initContainer",
};
/** Kinds whose template of Pods may be changed at any time. */
const mutableTemplates = new Set([
  "/PodTemplate",
  "/ReplicationController",
  "apps/DaemonSet",
  "apps/Deployment",
  "apps/ReplicaSet",
  "apps/StatefulSet",
  "batch/CronJob",
]);

/**
 * What may be changed; undefined for nothing. Left alone are: debug containers, whose requests change nothing else of a
 * Pod; templates that another controller compares with its own, such as the ReplicaSets of a Deployment; Jobs and custom
 * resources that exist already, as their templates are, or may be, immutable.
 * Source: Kubernetes pkg/apis/core/validation `ValidatePodUpdate`, pkg/apis/batch/validation `ValidateJobSpecUpdate`,
 * pkg/controller/deployment/util `FindNewReplicaSet`, 1.36.
 */
export function patchableOf({ kind, operation, subResource, object }: AdmissionRequestView): Patchable | undefined {
  if (subResource !== "") return undefined;
  const isPod = kind.group === "" && kind.kind === "Pod";
  if (isPod) return operation === "CREATE" ? everything : images;
  const owners = ownersSchema.safeParse(object).data?.metadata.ownerReferences ?? [];
  if (owners.some(({ controller }) => controller === true)) return undefined;
  const isMutable = mutableTemplates.has(`${kind.group}/${kind.kind}`);
  return operation === "CREATE" || isMutable ? everything : undefined;
}
