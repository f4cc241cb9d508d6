import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** The programs of a control plane. */
export interface KubeAssets {
  readonly etcd: string;
  readonly apiServer: string;
  /** Absent where the folder has none: only what people see of it is not tested then. */
  readonly kubectl?: string;
}

/**
 * Finds the programs as envtest does: in the folder that KUBEBUILDER_ASSETS names. `.ci/kube-apiserver` makes one.
 * @returns a text that says what is missing where no control plane can be started
 */
export function findKubeAssets(folder = process.env.KUBEBUILDER_ASSETS): KubeAssets | string {
  if (folder === undefined || folder === "") return "KUBEBUILDER_ASSETS names no folder with kube-apiserver and etcd";
  const paths = { etcd: join(folder, "etcd"), apiServer: join(folder, "kube-apiserver") };
  const missing = Object.values(paths).find((path) => !isProgram(path));
  if (missing !== undefined) return `there is no program ${missing}`;
  const kubectl = join(folder, "kubectl");
  return isProgram(kubectl) ? { ...paths, kubectl } : paths;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
