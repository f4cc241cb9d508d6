import { type Fields, readList, readObject, readText, readTextMap } from "./fields.js";
import { daemonTolerations, readPlacement } from "./placement.js";
import { readPullPolicy } from "./pull-policy.js";
import type { ImageUse, PodPullSpec } from "./types.js";

const containerLists = [
  { field: "containers", role: "container" },
  { field: "initContainers", role: "initContainer" },
  { field: "ephemeralContainers", role: "ephemeralContainer" },
] as const;

/**
 * What of a Pod spec decides pulls. Containers and image volumes without an image are left out: in a template they
 * may be filled in later, and a Pod that has one is never stored.
 * @param spec undefined where the object has none: nothing is pulled then
 * @param path of the spec from the object's root
 * @param kind `isDaemon`: a DaemonSet's template, whose Pods get tolerations of their own
 * @throws PullguardError `InputInvalid` for a field of a type that no API server would have decoded
 */
export function readPodSpec(
  spec: Fields | undefined,
  path: string,
  kind: { readonly isTemplate: boolean; readonly isDaemon: boolean },
): PodPullSpec {
  const fields = spec ?? {};
  const images = [
    ...containerLists.flatMap(({ field, role }) => containerImages(fields[field], `${path}.${field}`, role)),
    ...volumeImages(fields.volumes, `${path}.volumes`),
  ];
  const nodeName = readText(fields.nodeName, `${path}.nodeName`);
  const { tolerations = [], ...placement } = readPlacement(fields, path);
  const allTolerations = kind.isDaemon ? [...tolerations, ...daemonTolerations(fields)] : tolerations;
  return {
    images,
    imagePullSecrets: secretNames(fields.imagePullSecrets, `${path}.imagePullSecrets`),
    serviceAccountName: serviceAccountOf(fields, path) || "default",
    isTemplate: kind.isTemplate,
    ...(nodeName === "" ? {} : { nodeName }),
    nodeSelector: readTextMap(fields.nodeSelector, `${path}.nodeSelector`),
    ...placement,
    ...(allTolerations.length === 0 ? {} : { tolerations: allTolerations }),
  };
}

/**
 * Whether the API server has been through this Pod's spec. It always writes the service account under its present name
 * and under the former one, which nobody does by hand; a manifest that merely names an account has not had the account's
 * secrets merged in.
 * Source: Kubernetes pkg/apis/core/v1/conversion.go `Convert_core_PodSpec_To_v1_PodSpec`
 */
export function isCompletedPodSpec(spec: Fields | undefined): boolean {
  const present = spec?.serviceAccountName;
  return typeof present === "string" && present !== "" && present === spec?.serviceAccount;
}

function containerImages(value: unknown, listPath: string, role: ImageUse["role"]): ImageUse[] {
  const uses: ImageUse[] = [];
  for (const [index, entry] of readList(value, listPath).entries()) {
    const path = `${listPath}[${index}]`;
    const container = readObject(entry, path);
    const image = readText(container?.image, `${path}.image`);
    if (container === undefined || image === "") continue;
    uses.push({
      image,
      fieldPath: `${path}.image`,
      role,
      name: readText(container.name, `${path}.name`),
      pullPolicy: readPullPolicy(container.imagePullPolicy, image, `${path}.imagePullPolicy`),
    });
  }
  return uses;
}

function volumeImages(value: unknown, listPath: string): ImageUse[] {
  const uses: ImageUse[] = [];
  for (const [index, entry] of readList(value, listPath).entries()) {
    const volume = readObject(entry, `${listPath}[${index}]`);
    const path = `${listPath}[${index}].image`;
    const source = readObject(volume?.image, path);
    const image = readText(source?.reference, `${path}.reference`);
    if (volume === undefined || source === undefined || image === "") continue;
    uses.push({
      image,
      fieldPath: `${path}.reference`,
      role: "imageVolume",
      name: readText(volume.name, `${listPath}[${index}].name`),
      pullPolicy: readPullPolicy(source.pullPolicy, image, `${path}.pullPolicy`),
    });
  }
  return uses;
}

function secretNames(value: unknown, listPath: string): string[] {
  return readList(value, listPath).map((entry, index) => {
    const path = `${listPath}[${index}]`;
    return readText(readObject(entry, path)?.name, `${path}.name`);
  });
}

/** The former field counts only where the present one is empty, as in the API server's conversion. */
function serviceAccountOf(spec: Fields, path: string): string {
  const present = readText(spec.serviceAccountName, `${path}.serviceAccountName`);
  return present || readText(spec.serviceAccount, `${path}.serviceAccount`);
}
