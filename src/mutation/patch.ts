import type { ImageUse, Workload } from "../workload/index.js";
import { type JsonPath, jsonPointer, resolveFieldPath, valueAt } from "./pointer.js";
import { type RenamedImage, writtenImages, writtenImagesAnnotation } from "./written-images.js";

/** One operation of a JSON Patch. None of Pullguard's depends on how often it is applied. Source: RFC 6902. */
export interface PatchOperation {
  readonly op: "add" | "replace";
  readonly path: string;
  readonly value: unknown;
}

/** A workload of an object as it is and as it should be. */
export interface WorkloadChange {
  readonly before: Workload;
  readonly after: Workload;
}

/**
 * The smallest patch that makes an object's workloads what they should be. Images that are called something else
 * now are written down in an annotation of the object.
 * @param changes  every workload of the object, those without a change too
 * @returns undefined where a field cannot be found for certain; then nothing may be changed
 */
export function renderPatch(
  object: unknown,
  changes: readonly WorkloadChange[],
): readonly PatchOperation[] | undefined {
  const changed = changes.map((change) => workloadOperations(object, change));
  const operations: PatchOperation[] = [];
  for (const found of changed) {
    if (found === undefined) return undefined;
    operations.push(...found);
  }
  const renamed = changes.flatMap(renamedImages);
  const images = changes.flatMap(({ after }) => after.pod.images.map(({ image }) => image));
  return [...operations, ...annotationOperations(object, renamed, images)];
}

function workloadOperations(object: unknown, { before, after }: WorkloadChange): readonly PatchOperation[] | undefined {
  const operations: PatchOperation[] = [];
  for (const { use, wanted } of changedUses({ before, after })) {
    const path = resolveFieldPath(object, use.fieldPath);
    if (path === undefined || valueAt(object, path) !== use.image) return undefined;
    operations.push(...useOperations(object, path, use, wanted));
  }
  if (after.pod.imagePullSecrets === before.pod.imagePullSecrets) return operations;
  const spec = podSpecPath(object, before);
  if (spec === undefined) return undefined;
  const value = after.pod.imagePullSecrets.map((name) => ({ name }));
  return [...operations, { op: "add", path: jsonPointer([...spec, "imagePullSecrets"]), value }];
}

function changedUses({ before, after }: WorkloadChange) {
  return before.pod.images.flatMap((use, index) => {
    const wanted = after.pod.images[index];
    return wanted === undefined || wanted === use ? [] : [{ use, wanted }];
  });
}

function renamedImages(change: WorkloadChange): readonly RenamedImage[] {
  return changedUses(change).flatMap(({ use, wanted }) =>
    use.image === wanted.image ? [] : [{ before: use.image, after: wanted.image }],
  );
}

function useOperations(object: unknown, path: JsonPath, before: ImageUse, after: ImageUse): readonly PatchOperation[] {
  const image: readonly PatchOperation[] =
    after.image === before.image ? [] : [{ op: "replace", path: jsonPointer(path), value: after.image }];
  if (after.pullPolicy === before.pullPolicy) return image;
  const policy = [...path.slice(0, -1), before.role === "imageVolume" ? "pullPolicy" : "imagePullPolicy"];
  const op = valueAt(object, policy) === undefined ? "add" : "replace";
  return [...image, { op, path: jsonPointer(policy), value: after.pullPolicy }];
}

/** `…containers[0].image`, `…volumes[0].image.reference`: the Pod's spec is what stands before. */
function podSpecPath(object: unknown, { pod }: Workload): JsonPath | undefined {
  const [use] = pod.images;
  const path = use === undefined ? undefined : resolveFieldPath(object, use.fieldPath);
  return path?.slice(0, use?.role === "imageVolume" ? -4 : -3);
}

function annotationOperations(
  object: unknown,
  renamed: readonly RenamedImage[],
  images: readonly string[],
): readonly PatchOperation[] {
  if (renamed.length === 0) return [];
  const annotations = valueAt(object, ["metadata", "annotations"]);
  const known = typeof annotations === "object" && annotations !== null ? { ...annotations } : undefined;
  const value = writtenImages(known ?? {}, renamed, images);
  // The digest and the tag stand in the image's own name.
  if (value === undefined) return [];
  if (known !== undefined) {
    return [{ op: "add", path: jsonPointer(["metadata", "annotations", writtenImagesAnnotation]), value }];
  }
  const metadata = valueAt(object, ["metadata"]);
  const made = { [writtenImagesAnnotation]: value };
  return typeof metadata === "object" && metadata !== null
    ? [{ op: "add", path: "/metadata/annotations", value: made }]
    : [{ op: "add", path: "/metadata", value: { annotations: made } }];
}
