import type { ChartValues } from "./helm.js";

/** One way to install, named by what is different about it. */
export interface ChartCase {
  readonly name: string;
  readonly values: ChartValues;
}

const provided = (caPem: string): ChartValues => ({
  certificates: { mode: "provided", provided: { caBundle: caPem } },
});

const peer = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } };

const everyToggle: ChartValues = {
  ...{ mutation: { enabled: true }, events: { enabled: true }, watchPulls: { enabled: true } },
  metrics: {
    service: { annotations: { "example.com/scrape": "yes" } },
    serviceMonitor: {
      enabled: true,
      labels: { release: "prometheus" },
      relabelings: [{ action: "labelmap", regex: "x" }],
    },
    prometheusRule: { enabled: true, labels: { role: "alerts" }, runbookUrl: "https://runbooks.example.com/pullguard" },
    dashboard: { enabled: true, annotations: { "grafana/folder": "images" } },
  },
};

const everySetting: ChartValues = {
  image: { repository: "registry.example.com:5000/team/pullguard", tag: "1.2.3", digest: `sha256:${"a".repeat(64)}` },
  imagePullSecrets: [{ name: "registry-login" }],
  ...{ commonLabels: { team: "platform" }, commonAnnotations: { "example.com/owner": "platform" } },
  ...{ mode: "deny", logLevel: "debug", layers: "verify" },
  policy: { defaults: { unpullable: ["Warn", "Audit"] }, rules: [{ name: "shop", actions: ["Deny"] }] },
  nodes: { runtime: "containerd://1.7.13", platform: "linux/amd64", credentialsSecret: "node-login" },
  limits: { maxInFlight: 64, maxQueued: 0, registryQps: 20, cacheBytes: "128Mi" },
  clientCertificates: { configMap: "api-server-ca", names: ["kube-apiserver"] },
  webhook: {
    ...{ failurePolicy: "Fail", timeoutSeconds: 5, exemptNamespaces: ["cni-system", "storage"] },
    namespaceSelector: [{ key: "team", operator: "Exists" }],
    objectSelector: { matchExpressions: [{ key: "pullguard", operator: "NotIn", values: ["off"] }] },
    matchConditions: [{ name: "people", expression: "!request.userInfo.username.startsWith('system:node:')" }],
    annotations: { "example.com/webhook": "1" },
  },
  serviceAccount: { name: "images", annotations: { "example.com/role": "reader" } },
  rbac: { secretNames: ["registry-login"], namespaces: ["default"] },
  ...{ replicaCount: 3, revisionHistoryLimit: 1, terminationGracePeriodSeconds: 45 },
  podDisruptionBudget: { minAvailable: "50%" },
  ...{ priorityClassName: "system-cluster-critical", nodeSelector: { "node.example.com/pool": "system" } },
  tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }],
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [nodeTerm()] } } },
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "rack", whenUnsatisfiable: "DoNotSchedule" }],
  ...{ podAnnotations: { "example.com/pod": "1" }, podLabels: { tier: "control" } },
  resources: { requests: { cpu: 0.5, memory: "256Mi" }, limits: { cpu: "2", memory: "1Gi" } },
  extraArgs: ["--node-root", "/node"],
  extraEnv: [{ name: "NODE_EXTRA_CA_CERTS", value: "/node/ca.crt" }],
  extraVolumes: [{ name: "node", configMap: { name: "node-files" } }],
  extraVolumeMounts: [{ name: "node", mountPath: "/node", readOnly: true }],
  ...{ dnsPolicy: "None", dnsConfig: { nameservers: ["10.96.0.10"], options: [{ name: "ndots", value: "2" }] } },
  service: { port: 8443, annotations: { "example.com/service": "1" } },
  networkPolicy: {
    metrics: { from: [peer] },
    egress: { to: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: [443, 6443], extra: [{ to: [peer] }] },
  },
  nodeAgent: {
    ...{ namespace: "agents", priorityClassName: "system-node-critical", maxUnavailable: 2 },
    ...{
      nodeSelector: { "kubernetes.io/os": "linux", agents: "yes" },
      tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
    },
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [nodeTerm()] } } },
    ...{ podAnnotations: { a: "b" }, podLabels: { c: "d" }, resources: { limits: { memory: "128Mi" } } },
    ...{ extraArgs: ["--interval", "10s"], extraEnv: [{ name: "TZ", value: "UTC" }] },
    serviceAccount: { annotations: { "example.com/agent": "1" } },
  },
};

function nodeTerm(): object {
  return { matchExpressions: [{ key: "node.example.com/spot", operator: "DoesNotExist" }] };
}

/**
 * Values that the chart must make sound objects of: every mode with and without all that can be switched on, every setting with
 * something in it, and as little as there can be.
 * @param caPem  the authority for the mode `provided`
 */
export function chartMatrix(caPem: string): readonly ChartCase[] {
  const modes: readonly ChartCase[] = [
    { name: "self-managed", values: {} },
    { name: "cert-manager", values: { certificates: { mode: "certManager" } } },
    {
      name: "cert-manager with an issuer",
      values: {
        certificates: { mode: "certManager", certManager: { issuerRef: { name: "ca", kind: "ClusterIssuer" } } },
      },
    },
    { name: "provided", values: provided(caPem) },
  ];
  const small: ChartValues = {
    ...{ replicaCount: 1, crds: { install: false }, networkPolicy: { enabled: false }, layers: "skip" },
    ...{ nodeAgent: { enabled: false, createNamespace: false }, podDisruptionBudget: { enabled: false } },
    ...{ serviceAccount: { create: false, name: "somebody" }, rbac: { create: false }, nodes: { credentials: "none" } },
    ...{ resources: {}, nodeSelector: {}, mutation: { enabled: true, listSecrets: false } },
  };
  return [
    ...modes.flatMap(({ name, values }) => [
      { name: `${name}, as it comes`, values },
      { name: `${name}, all switched on`, values: { ...everyToggle, ...values } },
    ]),
    { name: "every setting", values: { ...everyToggle, ...everySetting } },
    { name: "every setting, certificates provided", values: { ...everyToggle, ...everySetting, ...provided(caPem) } },
    { name: "as little as there can be", values: small },
    { name: "with the namespace", values: { namespace: { create: true }, crds: { keep: false } } },
    { name: "another name", values: { fullnameOverride: "images", nameOverride: "guard" } },
  ];
}
