import { isDeepStrictEqual } from "node:util";
import { ApiException, CustomObjectsApi, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";

/** Where PullguardConfigs are served. */
export const configResource = { group: "pullguard.dev", version: "v1", plural: "pullguardconfigs" } as const;

/**
 * Writes the status of a PullguardConfig unless it says the same already, so that several replicas settle on one.
 * @returns why it could not be written, in codes and names; undefined where it was or need not be
 */
export async function writeConfigStatus(
  access: ClusterAccess,
  object: unknown,
  status: object,
  signal: AbortSignal,
): Promise<string | undefined> {
  const name = memberOf(memberOf(object, "metadata"), "name");
  if (typeof name !== "string" || isDeepStrictEqual(memberOf(object, "status"), status)) return undefined;
  const api = access.config.makeApiClient(CustomObjectsApi);
  try {
    await api.patchClusterCustomObjectStatus(
      { ...configResource, name, body: { status } },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch, withSignal(signal)),
    );
    return undefined;
  } catch (error) {
    // It was deleted meanwhile.
    if (error instanceof ApiException && error.code === 404) return undefined;
    const told = error instanceof ApiException ? ` (${error.code})` : "";
    return `the status of PullguardConfig ${name} cannot be written${told}`;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
