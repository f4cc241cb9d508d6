import { type CredentialProvider, parseCredentialProviderConfig } from "../credentials/index.js";
import type { NodeFiles } from "./types.js";

/**
 * Where distributions put the file of the kubelet's `--image-credential-provider-config`. The flag itself stands on a
 * command line that a copy of the files does not show; a file that no kubelet reads only costs certainty.
 */
const usualFiles: readonly string[] = [
  "/etc/kubernetes/credential-provider-config.yaml",
  "/etc/kubernetes/credential-provider-config.json",
  // EKS: awslabs/amazon-eks-ami, nodeadm and AL2's bootstrap.sh.
  "/etc/eks/image-credential-provider/config.json",
  // Bottlerocket.
  "/etc/kubernetes/kubelet/credential-provider-config.yaml",
  // GKE: configure-auth-provider-gcp of its node scripts.
  "/etc/srv/kubernetes/cri_auth_config.yaml",
  // K3s and RKE2: the default of their own flag of the same name.
  "/var/lib/rancher/credentialprovider/config.yaml",
  // Talos: pkg/machinery/constants, KubeletCredentialProviderConfig.
  "/etc/kubernetes/kubelet-credentialproviderconfig.yaml",
];

/** OpenShift's machine-config-operator writes `ecr-credential-provider.yaml`, `gcr-…` or `acr-…` here. */
const usualFolder = "/etc/kubernetes/credential-providers";

/**
 * The kubelet's credential providers, as far as its configuration lies in a usual place; AKS keeps it below
 * `kubeletRoot` (AgentBaker, configCredentialProvider).
 * @returns `unreadable` where such a file is there but cannot be read or parsed: it may name any provider
 */
export function readCredentialProviders(
  files: NodeFiles,
  kubeletRoot: string,
): readonly CredentialProvider[] | "unreadable" {
  const inFolder = (files.list(usualFolder) ?? []).filter((name) => /\.(ya?ml|json)$/.test(name));
  const places = [
    ...usualFiles,
    `${kubeletRoot}/credential-provider-config.yaml`,
    ...inFolder.map((name) => `${usualFolder}/${name}`),
  ];
  const found: CredentialProvider[] = [];
  for (const place of places) {
    const file = files.read(place);
    if (file.kind === "missing") continue;
    const reading = file.kind === "text" ? parseCredentialProviderConfig(file.text) : undefined;
    if (reading?.kind !== "providers") return "unreadable";
    found.push(...reading.providers);
  }
  return found;
}
