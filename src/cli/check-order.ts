import { PullguardError } from "../core/index.js";
import type { PublishedProfile } from "../placement/index.js";
import {
  type ImageUse,
  type PodTemplatePath,
  readWorkloads,
  type Workload,
  type WorkloadIdentity,
} from "../workload/index.js";
import type { CheckFlags } from "./check-flags.js";
import { type ManifestObject, type Origin, parseManifest } from "./documents.js";
import { collectGivenProfiles, loadNodeProfiles } from "./given-profiles.js";
import { collectGivenSecrets, type GivenSecrets, parsePullSecretFile } from "./given-secrets.js";
import { readInputFile, readInputs } from "./read-input.js";

/** Everything that the person's input asks to be checked, and the Secrets and NodePullProfiles that came with it. */
export interface CheckOrder {
  readonly workloads: readonly Workload[];
  readonly given: GivenSecrets;
  /** Where a workload was written; nothing for images that were given by name. */
  readonly origins: ReadonlyMap<WorkloadIdentity, Origin>;
  readonly profiles: readonly PublishedProfile[];
}

/**
 * Reads arguments and files into workloads: images first, then manifests in the order given.
 * @param flags  `namespace`: of images, and of objects that name none
 * @throws PullguardError `InputInvalid` for what cannot be read
 */
export async function readCheckOrder(
  images: readonly string[],
  flags: Pick<CheckFlags, "filename" | "pullSecret" | "nodeProfile"> & { readonly namespace: string },
  stdin: AsyncIterable<Uint8Array>,
  podTemplates: readonly PodTemplatePath[] = [],
): Promise<CheckOrder> {
  const { filename = [], pullSecret = [], nodeProfile = [] } = flags;
  if ([...filename, ...pullSecret, ...nodeProfile].filter((path) => path === "-").length > 1) {
    throw new PullguardError("InputInvalid", "standard input (-) can be read only once");
  }
  const objects: ManifestObject[] = [];
  for (const path of filename) {
    for (const input of await readInputs(path, stdin)) objects.push(...parseManifest(input));
  }
  const everywhere = [];
  for (const path of pullSecret) {
    const [input = await readInputFile(path)] = path === "-" ? await readInputs(path, stdin) : [];
    everywhere.push(parsePullSecretFile(input));
  }
  const profiles = [...collectGivenProfiles(objects)];
  for (const path of nodeProfile) profiles.push(...(await loadNodeProfiles(path, stdin)));
  const firstSecrets = everywhere.map((secret) => secret.name);
  const origins = new Map<WorkloadIdentity, Origin>();
  const written = objects.flatMap((object) => {
    const found = workloadsOf(object, flags.namespace, podTemplates);
    for (const { identity } of found) origins.set(identity, object.origin);
    return found;
  });
  const workloads = [...(images.length > 0 ? [argumentsWorkload(images, flags.namespace)] : []), ...written];
  return {
    workloads: workloads.map((workload) => withSecretsFirst(workload, firstSecrets)),
    given: collectGivenSecrets(objects, everywhere, flags.namespace),
    origins,
    profiles,
  };
}

/** Images without an object: a Pod's worth that nobody has written down. */
function argumentsWorkload(images: readonly string[], namespace: string): Workload {
  return {
    identity: { apiVersion: "", kind: "", namespace, name: "" },
    pod: {
      images: images.map(
        (image, index): ImageUse => ({
          image,
          fieldPath: `args[${index}]`,
          role: "container",
          name: "",
          // Who asks about an image by name wants it pulled, whatever a node may hold already.
          pullPolicy: "Always",
        }),
      ),
      imagePullSecrets: [],
      serviceAccountName: "default",
      isTemplate: true,
      nodeSelector: {},
    },
  };
}

function workloadsOf(
  { object, place }: ManifestObject,
  defaultNamespace: string,
  podTemplates: readonly PodTemplatePath[],
): readonly Workload[] {
  try {
    return readWorkloads(object, podTemplates).map((workload) => ({
      ...workload,
      identity: { ...workload.identity, namespace: workload.identity.namespace || defaultNamespace },
    }));
  } catch (error) {
    if (!(error instanceof PullguardError)) throw error;
    throw new PullguardError(error.code, `${place}: ${error.message}`, { cause: error });
  }
}

function withSecretsFirst(workload: Workload, names: readonly string[]): Workload {
  if (names.length === 0) return workload;
  const imagePullSecrets = [...names, ...workload.pod.imagePullSecrets];
  return { ...workload, pod: { ...workload.pod, imagePullSecrets } };
}
