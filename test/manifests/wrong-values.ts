import type { ChartValues } from "../support/chart/index.js";

/** Values with one fault, or several that have nothing to do with each other, and what helm must say. */
export interface WrongValues {
  readonly name: string;
  readonly values: ChartValues;
  readonly want: readonly string[];
}

export const wrongValues: readonly WrongValues[] = [
  {
    name: "names that there are not, on every level",
    values: {
      replicas: 3,
      image: { tagg: "1" },
      certificates: { certManager: { issuerRef: { name: "a", nmae: "b" } }, mode: "certManager" },
      ...{ webhook: { failPolicy: "Fail" }, nodeAgent: { resources: { limit: {} } } },
      metrics: { serviceMonitor: { enable: true } },
    },
    want: [
      "at '': additional properties 'replicas' not allowed",
      "at '/image': additional properties 'tagg' not allowed",
      "at '/certificates/certManager/issuerRef': additional properties 'nmae' not allowed",
      "at '/webhook': additional properties 'failPolicy' not allowed",
      "at '/nodeAgent/resources': additional properties 'limit' not allowed",
      "at '/metrics/serviceMonitor': additional properties 'enable' not allowed",
    ],
  },
  {
    name: "words that are none of the choices",
    values: {
      ...{ mode: "block", logLevel: "loud", layers: "some", certificates: { mode: "letsEncrypt" }, dnsPolicy: "Mine" },
      ...{ image: { pullPolicy: "Sometimes" }, webhook: { failurePolicy: "ignore" }, nodes: { credentials: "some" } },
    },
    want: [
      "at '/mode': value must be one of 'warn', 'deny', 'audit', 'off'",
      "at '/logLevel': value must be one of",
      "at '/layers': value must be one of 'check', 'skip', 'verify'",
      "at '/certificates/mode': value must be one of 'selfManaged', 'certManager', 'provided'",
      "at '/dnsPolicy': value must be one of",
      "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'",
      "at '/webhook/failurePolicy': value must be one of 'Ignore', 'Fail'",
      "at '/nodes/credentials': value must be one of 'unknown', 'none'",
    ],
  },
  {
    name: "values of another type",
    values: {
      ...{ replicaCount: "2", mode: false, extraArgs: "--verify-layers", commonLabels: { team: 1 } },
      ...{ mutation: { enabled: "yes" }, resources: { limits: { memory: true } }, tolerations: {} },
    },
    want: [
      "at '/replicaCount': got string, want integer",
      "at '/mode': value must be one of",
      "at '/extraArgs': got string, want array",
      "at '/commonLabels/team': got number, want string",
      "at '/mutation/enabled': got string, want boolean",
      "at '/resources/limits/memory': got boolean, want string",
      "at '/tolerations': got object, want array",
    ],
  },
  {
    name: "texts that are not written as they must be",
    values: {
      image: { repository: "https://r.test/pullguard", tag: "v 1", digest: "sha256:abc" },
      nodes: { runtime: "containerd", platform: "amd64" },
      ...{ fullnameOverride: "Images", nodeAgent: { namespace: "Agents", maxUnavailable: "0%" } },
      ...{ rbac: { secretNames: ["Login"], namespaces: ["a.b"] }, podLabels: { "a b": "c" } },
      resources: { requests: { cpu: "half" } },
      metrics: { serviceMonitor: { interval: "30" }, prometheusRule: { disabled: ["absent"] } },
      networkPolicy: { egress: { to: [{ ipBlock: { cidr: "10.0.0.0" } }] } },
    },
    want: [
      "at '/image/repository': 'https://r.test/pullguard' does not match pattern",
      "at '/image/tag': 'v 1' does not match pattern",
      "at '/image/digest': 'sha256:abc' does not match pattern",
      "at '/nodes/runtime': 'containerd' does not match pattern",
      "at '/nodes/platform': 'amd64' does not match pattern",
      "at '/fullnameOverride': 'Images' does not match pattern",
      "at '/nodeAgent/namespace': 'Agents' does not match pattern",
      "at '/nodeAgent/maxUnavailable': '0%' does not match pattern",
      "at '/rbac/secretNames/0': 'Login' does not match pattern",
      "at '/rbac/namespaces/0': 'a.b' does not match pattern",
      "invalid propertyName 'a b'",
      "at '/resources/requests/cpu': 'half' does not match pattern",
      "at '/metrics/serviceMonitor/interval': '30' does not match pattern",
      "at '/metrics/prometheusRule/disabled/0': 'absent' does not match pattern",
      "at '/networkPolicy/egress/to/0/ipBlock/cidr': '10.0.0.0' does not match pattern",
    ],
  },
  {
    name: "numbers out of range, and empty or doubled lists",
    values: {
      ...{
        replicaCount: 0,
        terminationGracePeriodSeconds: 5,
        webhook: { timeoutSeconds: 31, exemptNamespaces: ["a", "a"] },
      },
      ...{ service: { port: 70_000 }, networkPolicy: { egress: { to: [], ports: [0] } } },
    },
    want: [
      "at '/replicaCount': minimum: got 0, want 1",
      "at '/terminationGracePeriodSeconds': minimum: got 5, want 15",
      "at '/webhook/timeoutSeconds': maximum: got 31, want 30",
      "at '/webhook/exemptNamespaces': items at 0 and 1 are equal",
      "at '/service/port': maximum: got 70,000, want 65,535",
      "at '/networkPolicy/egress/to': minItems: got 0, want 1",
      "at '/networkPolicy/egress/ports/0': minimum: got 0, want 1",
    ],
  },
  {
    name: "the tag latest",
    values: { image: { tag: "latest" } },
    want: ["at '/image/tag': 'not' failed"],
  },
  {
    name: "provided certificates without their authority",
    values: { certificates: { mode: "provided" } },
    want: ["at '/certificates/provided/caBundle': minLength: got 0, want 1"],
  },
  {
    name: "an authority that is no PEM",
    values: { certificates: { mode: "provided", provided: { caBundle: "LS0tLS1CRUdJTg==" } } },
    want: ["at '/certificates/provided/caBundle': 'LS0tLS1CRUdJTg==' does not match pattern"],
  },
  {
    name: "an authority or an issuer for certificates that Pullguard manages",
    values: {
      certificates: {
        provided: { caBundle: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" },
        certManager: { issuerRef: { name: "ca" } },
      },
    },
    want: [
      "at '/certificates/provided/caBundle': maxLength: got",
      "at '/certificates/certManager/issuerRef': maxProperties: got 1, want 0",
    ],
  },
  {
    name: "an issuer without a name",
    values: { certificates: { mode: "certManager", certManager: { issuerRef: { kind: "Issuer" } } } },
    want: ["at '/certificates/certManager/issuerRef': missing property 'name'"],
  },
  {
    name: "a single replica on which all workloads depend",
    values: { webhook: { failurePolicy: "Fail" }, replicaCount: 1 },
    want: ["at '/replicaCount': minimum: got 1, want 2"],
  },
  {
    name: "an account that is to be there, without its name",
    values: { serviceAccount: { create: false } },
    want: ["at '/serviceAccount/name': minLength: got 0, want 1"],
  },
  {
    name: "nodes that have no credentials, and these",
    values: { nodes: { credentials: "none", credentialsSecret: "node-login" } },
    want: ["at '/nodes/credentials': value must be 'unknown'"],
  },
  {
    name: "selectors and variables that say two things or nothing",
    values: {
      webhook: {
        namespaceSelector: [{ key: "a", operator: "In" }],
        objectSelector: { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] },
      },
      extraEnv: [{ name: "A", value: "1", valueFrom: {} }],
      networkPolicy: { metrics: { from: [{}] } },
    },
    want: [
      "at '/webhook/namespaceSelector/0': missing property 'values'",
      "at '/webhook/objectSelector/matchExpressions/0': 'not' failed",
      "at '/extraEnv/0': 'not' failed",
      "at '/networkPolicy/metrics/from/0': minProperties: got 0, want 1",
    ],
  },
  {
    name: "limits that are none, and names of clients without an authority",
    values: { limits: { maxInFlight: 0, cacheBytes: "lots" }, clientCertificates: { names: ["kube-apiserver"] } },
    want: [
      "at '/limits/maxInFlight': minimum: got 0, want 1",
      "at '/limits/cacheBytes': 'lots' does not match pattern",
      "at '/clientCertificates/configMap': minLength: got 0, want 1",
    ],
  },
  {
    name: "a policy that no PullguardConfig could have",
    values: {
      policy: {
        ...{ defaults: { unknown: ["Block"] }, rules: [{ name: "A", actions: [] }], deadline: "5s" },
        exemptions: [{ name: "a", match: { images: ["x"] } }],
      },
    },
    want: [
      "at '/policy': additional properties 'deadline' not allowed",
      "at '/policy/defaults/unknown/0': value must be one of",
      "at '/policy/rules/0/name': 'A' does not match pattern",
      "at '/policy/rules/0/actions': minItems: got 0, want 1",
      "at '/policy/exemptions/0': missing properties 'reason', 'expires'",
    ],
  },
];
