import { posix } from "node:path";
import type { KubeletSettings, NodeFiles } from "../types.js";
import { parseKubeletConfig } from "./config-file.js";

/**
 * Where distributions put the file of the kubelet's `--config`. The flag itself stands on a command line that the files do
 * not show.
 * Source: kubeadm (`/var/lib/kubelet/config.yaml`); awslabs/amazon-eks-ami nodeadm and bootstrap.sh; OpenShift
 * machine-config-operator (`/etc/kubernetes/kubelet.conf`); GKE node scripts; Bottlerocket; Talos; K3s
 */
const places: readonly string[] = [
  "/etc/kubernetes/kubelet/config.json",
  "/etc/kubernetes/kubelet/kubelet-config.json",
  "/etc/kubernetes/kubelet/config",
  "/etc/kubernetes/kubelet.yaml",
  "/etc/kubernetes/kubelet.conf",
  "/home/kubernetes/kubelet-config.yaml",
];

/**
 * The kubelet's settings that decide when it pulls: those of the first configuration there is, then of the drop-ins beside
 * it in the order of their names. Flags, which win over files, are not seen.
 * Source: kubelet cmd/kubelet/app/server.go `mergeKubeletConfigurations` (`--config-dir`, 1.28 and later)
 */
export function readNodeKubelet(files: NodeFiles, kubeletRoot = "/var/lib/kubelet"): KubeletSettings {
  for (const place of [posix.join(kubeletRoot, "config.yaml"), ...places]) {
    const reading = files.read(place);
    const settings = reading.kind === "text" ? parseKubeletConfig(reading.text) : undefined;
    if (settings === undefined) continue;
    return dropIns(place).reduce((merged, folder) => mergeFolder(files, folder, merged), settings);
  }
  return {};
}

function dropIns(place: string): readonly string[] {
  return [`${place}.d`, posix.join(posix.dirname(place), "kubelet.conf.d"), "/etc/kubernetes/kubelet.conf.d"];
}

function mergeFolder(files: NodeFiles, folder: string, before: KubeletSettings): KubeletSettings {
  let settings = before;
  for (const name of (files.list(folder) ?? []).filter((each) => each.endsWith(".conf"))) {
    const reading = files.read(posix.join(folder, name));
    const own = reading.kind === "text" ? parseKubeletConfig(reading.text) : undefined;
    if (own === undefined) continue;
    const featureGates = { ...settings.featureGates, ...own.featureGates };
    settings = { ...settings, ...own, ...(Object.keys(featureGates).length === 0 ? {} : { featureGates }) };
  }
  return settings;
}
