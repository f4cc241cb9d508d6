import { PullguardError } from "../core/index.js";
import type { ChosenCluster, CliIo, OpenCluster } from "./types.js";

/** The flags by which a person says which cluster and which namespace are meant, as commander names them. */
export interface ClusterFlags extends ChosenCluster {
  readonly namespace?: string;
  readonly cluster: boolean;
}

/** Where something goes that names no namespace, and no cluster says otherwise. */
export const usualNamespace = "default";

/**
 * Opens the cluster unless none is to be asked. What names no namespace is in the context's, where `kubectl apply` would put it.
 * @throws PullguardError `InputInvalid` for flags that contradict each other and a kubeconfig that cannot be used
 */
export async function openChosen(
  flags: ClusterFlags,
  io: CliIo,
): Promise<{ readonly cluster: OpenCluster | undefined; readonly namespace: string }> {
  for (const flag of ["kubeconfig", "context"] as const) {
    if (flags[flag] !== undefined && !flags.cluster) {
      throw new PullguardError("InputInvalid", `--${flag} and --no-cluster exclude each other`);
    }
  }
  const cluster = flags.cluster ? await io.deps.openCluster(flags) : undefined;
  return { cluster, namespace: flags.namespace || (cluster?.namespace ?? usualNamespace) };
}
