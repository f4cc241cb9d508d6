/**
 * The API server's address inside the cluster, which the kubelet tells every Pod; undefined outside of a Pod.
 * Source: Kubernetes pkg/kubelet/envvars
 */
export function apiServiceAddress(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return env.KUBERNETES_SERVICE_HOST || undefined;
}

/**
 * The range that Services most likely get their addresses from, guessed from the API server's own address there, which is
 * the first of the range. A guess too wide would forbid a registry that is none of the cluster's, so it goes no further
 * than the address's own zeros: 10.96.0.1 → 10.96.0.0/16, 34.118.224.1 → 34.118.224.0/20. IPv6 ranges have 20 bits at most.
 * Source: Kubernetes cmd/kube-apiserver/app/options/validation.go `maxCIDRBits`
 */
export function likelyServiceRange(address: string): string {
  const [, first, second, third = ""] = /^(\d+)\.(\d+)\.(\d+)\.1$/.exec(address) ?? [];
  if (first === undefined || second === undefined) {
    return /::1$/.test(address) ? `${address.slice(0, -1)}/108` : address;
  }
  if (third === "0") return `${first}.${second}.0.0/16`;
  return `${first}.${second}.${third}.0/${Number(third) % 16 === 0 ? 20 : 24}`;
}
