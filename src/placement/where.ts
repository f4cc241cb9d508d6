import type { NodeState } from "../node/index.js";

/**
 * Labels by which people know their pools, the most telling first.
 * Source: GKE, EKS, AKS, DigitalOcean, Karpenter, kops, OpenShift, Cluster API and Gardener label their nodes so; the
 * instance type is what is left where nobody made pools
 */
const poolLabels: readonly string[] = [
  "cloud.google.com/gke-nodepool",
  "eks.amazonaws.com/nodegroup",
  "alpha.eksctl.io/nodegroup-name",
  "kubernetes.azure.com/agentpool",
  "agentpool",
  "doks.digitalocean.com/node-pool",
  "karpenter.sh/nodepool",
  "karpenter.sh/provisioner-name",
  "kops.k8s.io/instancegroup",
  "worker.gardener.cloud/pool",
  "cluster.x-k8s.io/deployment-name",
  "machine.openshift.io/cluster-api-machineset",
  "node.kubernetes.io/instance-type",
];

const maxNames = 2;
const maxPools = 3;

/** How people call some nodes: `node-a and node-b`, `pool gpu (3 nodes)`, `node-a, node-b and 7 more nodes`. */
export function whereOf(nodes: readonly NodeState[]): string {
  if (nodes.length <= maxNames) return listed(nodes.map(({ name }) => name));
  const pools = new Set(nodes.map(({ labels }) => poolOf(labels)));
  if (pools.has(undefined) || pools.size > maxPools) {
    const named = nodes.slice(0, maxNames).map(({ name }) => name);
    const rest = nodes.length - maxNames;
    return `${named.join(", ")} and ${rest} more ${rest === 1 ? "node" : "nodes"}`;
  }
  const names = [...pools].filter((pool) => pool !== undefined).sort();
  return `${names.length === 1 ? "pool" : "pools"} ${listed(names)} (${nodes.length} nodes)`;
}

/** The pool that a node's labels name, or undefined. */
export function poolOf(labels: Readonly<Record<string, string>>): string | undefined {
  for (const key of poolLabels) if (Object.hasOwn(labels, key)) return labels[key];
  return undefined;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}
