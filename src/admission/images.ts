import { z } from "zod";
import { changedImages, type PodTemplatePath, readWorkloads, type Workload } from "../workload/index.js";
import type { AdmissionRequestView } from "./review.js";

/** Set by the kubelet on the API object of a static Pod, which the node has started by itself already. */
const mirrorAnnotation = "kubernetes.io/config.mirror";

const metadataSchema = z.object({
  metadata: z
    .object({
      generateName: z.string().nullish(),
      deletionTimestamp: z.unknown().optional(),
      annotations: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
});

/**
 * What of a request can lead to a pull that has not been judged before: the workload of a CREATE, and of an UPDATE what
 * differs from the old object. Empty for everything else: deletions, subresources other than `ephemeralcontainers`,
 * mirror Pods, objects that are being deleted, kinds that run nothing.
 * @param podTemplates  custom resources to look into besides
 * @param changesOf  what of an updated workload counts as changed
 * @throws PullguardError `InputInvalid` if the object is of a known kind but not shaped like one
 */
export function imagesToCheck(
  request: AdmissionRequestView,
  podTemplates: readonly PodTemplatePath[] = [],
  changesOf: typeof changedImages = changedImages,
): Workload[] {
  if (request.operation !== "CREATE" && request.operation !== "UPDATE") {
    return [];
  }
  // No other subresource can bring in an image: scale, status, binding, eviction, resize …
  if (request.subResource !== "" && request.subResource !== "ephemeralcontainers") {
    return [];
  }
  if (request.object === null) {
    return [];
  }
  const metadata = metadataSchema.safeParse(request.object).data?.metadata;
  // Controllers make no Pods for an owner that is going away, and the kubelet starts nothing in a Pod that is.
  if (typeof metadata?.deletionTimestamp === "string") {
    return [];
  }
  if (request.kind.kind === "Pod" && metadata?.annotations?.[mirrorAnnotation] !== undefined) {
    return [];
  }
  const current = readWorkloads(request.object, podTemplates).map((workload) =>
    identified(workload, request, metadata?.generateName ?? ""),
  );
  const wanted =
    request.operation === "UPDATE" ? onlyChanges(request.oldObject, current, podTemplates, changesOf) : current;
  return wanted.filter((workload) => workload.pod.images.length > 0);
}

/**
 * Every workload of a request's object with all of its images, under the names that {@link imagesToCheck} gives them.
 * @throws PullguardError `InputInvalid` if the object is of a known kind but not shaped like one
 */
export function allImages(
  request: AdmissionRequestView,
  podTemplates: readonly PodTemplatePath[] = [],
): readonly Workload[] {
  const generateName = metadataSchema.safeParse(request.object).data?.metadata?.generateName ?? "";
  return readWorkloads(request.object, podTemplates).map((workload) => identified(workload, request, generateName));
}

/** At admission the object itself may lack what the request knows: its namespace, and a name still to be generated. */
function identified(workload: Workload, request: AdmissionRequestView, generateName: string): Workload {
  const { identity } = workload;
  const namespace = request.namespace || identity.namespace;
  const name = identity.name || request.name || generateName;
  return { ...workload, identity: { ...identity, namespace, name } };
}

function onlyChanges(
  oldObject: unknown,
  current: readonly Workload[],
  podTemplates: readonly PodTemplatePath[],
  changesOf: typeof changedImages,
): Workload[] {
  const old = oldObject === null ? [] : readWorkloads(oldObject, podTemplates);
  return current.map((workload, position) => {
    const before = old[position];
    return before === undefined ? workload : changesOf(before, workload);
  });
}
