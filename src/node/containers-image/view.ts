import { planHosts } from "../containerd/host-plan.js";
import type { RuntimeFiles, RuntimeView } from "../runtime-view.js";

/** How CRI-O (and podman) finds the hosts of a registry. */
export function readContainersImage({ files, runtime }: RuntimeFiles): RuntimeView {
  return {
    hostsRoot: "/etc/docker",
    settings: {},
    issues: [],
    hostsScope: "registry",
    hostsFor: ({ domain }) => planHosts(files, [], domain, runtime),
  };
}
