import { NetworkingV1Api } from "@kubernetes/client-node";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";

/**
 * The ranges from which a cluster's Services get their addresses, as its ServiceCIDR objects say (Kubernetes 1.33 and
 * later); undefined where there are none to be read.
 */
export async function readServiceRanges(
  { config }: ClusterAccess,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  try {
    const { items } = await config.makeApiClient(NetworkingV1Api).listServiceCIDR({}, withSignal(signal));
    const ranges = items.flatMap(({ spec }) => spec?.cidrs ?? []);
    return ranges.length === 0 ? undefined : ranges;
  } catch {
    return undefined;
  }
}
