import type { RuntimeFiles, RuntimeView } from "../runtime-view.js";
import { planHosts } from "./host-plan.js";

/** Where containerd's registry configuration lies on almost every node. */
export const defaultHostsRoot = "/etc/containerd/certs.d";

/**
 * How containerd finds the hosts of a registry.
 * @param hostsRoots the folders of `config_path`; {@link defaultHostsRoot} unless told otherwise
 */
export function readContainerd(
  { files, runtime }: RuntimeFiles,
  hostsRoots: readonly string[] = [defaultHostsRoot],
): RuntimeView {
  return {
    hostsRoot: hostsRoots[0] ?? defaultHostsRoot,
    settings: {},
    issues: [],
    hostsScope: "registry",
    hostsFor: ({ domain }) => planHosts(files, hostsRoots, domain, runtime),
  };
}
