import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readWorkloads } from "../../src/workload/index.js";
import { at, loadDocuments, loadObjects } from "./objects.js";

const namespace = "pullguard-system";
const agentNamespace = "pullguard-node-agent";
const objects = loadObjects("manifests");
const [kustomization] = loadDocuments("manifests/kustomization.yaml");

function only(kind: string, name = "pullguard"): unknown {
  const found = objects.filter((object) => object.kind === kind && object.name === name);
  assert.equal(found.length, 1, `${kind} ${name}`);
  return found[0]?.value;
}

/** Every kind that the engine reads, with the resource under which the API server admits it. */
const admitted = [
  { name: "Pod", apiVersion: "v1", resource: "pods" },
  { name: "PodTemplate", apiVersion: "v1", resource: "podtemplates" },
  { name: "ReplicationController", apiVersion: "v1", resource: "replicationcontrollers" },
  { name: "Deployment", apiVersion: "apps/v1", resource: "deployments" },
  { name: "ReplicaSet", apiVersion: "apps/v1", resource: "replicasets" },
  { name: "DaemonSet", apiVersion: "apps/v1", resource: "daemonsets" },
  { name: "StatefulSet", apiVersion: "apps/v1", resource: "statefulsets" },
  { name: "Job", apiVersion: "batch/v1", resource: "jobs" },
  { name: "CronJob", apiVersion: "batch/v1", resource: "cronjobs" },
];

interface Rule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  readonly scope: string;
}

describe("the manifests", () => {
  it("are all listed in the kustomization", () => {
    const files = readdirSync("manifests").filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml");
    assert.deepEqual(files.sort(), [...(at(kustomization, "resources") as string[])].sort());
  });

  it("name the namespace in every object that lives in one, so that each can be applied alone", () => {
    const clusterWide = [
      ...["Namespace", "ClusterRole", "ClusterRoleBinding", "ValidatingWebhookConfiguration"],
      "CustomResourceDefinition",
    ];
    for (const { kind, name, value, file } of objects) {
      const ofAgents = name === agentNamespace || file.startsWith("node-agent");
      const isAgents = ofAgents || (kind.startsWith("Role") && name === "pullguard");
      const want = clusterWide.includes(kind) ? undefined : isAgents ? agentNamespace : namespace;
      assert.equal(at(value, "metadata", "namespace"), want, `${kind} ${name}`);
    }
    // One for all would move the node agents into a namespace that refuses them.
    assert.equal(at(kustomization, "namespace"), undefined);
    const [certs] = loadDocuments("certs/kustomization.yaml");
    assert.equal(at(certs, "namespace"), namespace);
  });

  it("run in a namespace that enforces restricted Pods", () => {
    const labels = at(only("Namespace", namespace), "metadata", "labels");
    assert.equal(at(labels, "pod-security.kubernetes.io/enforce"), "restricted");
  });

  it("allow the webhook to get Secrets, to read ServiceAccounts, Nodes, profiles and the agents' Leases, and nothing else", () => {
    assert.deepEqual(at(only("ClusterRole"), "rules"), [
      { apiGroups: [""], resources: ["secrets"], verbs: ["get"] },
      { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch"] },
      { apiGroups: ["pullguard.dev"], resources: ["nodepullprofiles"], verbs: ["list", "watch"] },
    ]);
    assert.deepEqual(at(only("Role"), "rules"), [
      { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["list", "watch"] },
    ]);
    for (const kind of ["ClusterRoleBinding", "RoleBinding"]) {
      const [subject] = at(only(kind), "subjects") as readonly unknown[];
      assert.deepEqual(subject, { kind: "ServiceAccount", name: "pullguard", namespace }, kind);
    }
    assert.deepEqual(at(only("ClusterRoleBinding"), "subjects"), [
      { kind: "ServiceAccount", name: "pullguard", namespace },
    ]);
  });

  it("allow for the policy just what it reads, and to write the status of its own resource", () => {
    assert.deepEqual(at(only("ClusterRole", "pullguard-policy"), "rules"), [
      { apiGroups: [""], resources: ["namespaces"], verbs: ["get"] },
      { apiGroups: ["pullguard.dev"], resources: ["pullguardconfigs"], verbs: ["list", "watch"] },
      { apiGroups: ["pullguard.dev"], resources: ["pullguardconfigs/status"], verbs: ["patch"] },
      { apiGroups: ["networking.k8s.io"], resources: ["servicecidrs"], verbs: ["list"] },
    ]);
    assert.deepEqual(
      at(only("ClusterRoleBinding", "pullguard-policy"), "subjects"),
      at(only("ClusterRoleBinding"), "subjects"),
    );
  });

  it("send every PullguardConfig to be validated, which nothing gets past", () => {
    const webhook = at(only("ValidatingWebhookConfiguration"), "webhooks", 1);
    assert.equal(at(webhook, "clientConfig", "service", "path"), "/validate-config");
    assert.equal(at(webhook, "failurePolicy"), "Fail");
    const names = at(only("CustomResourceDefinition", "pullguardconfigs.pullguard.dev"), "spec", "names");
    assert.deepEqual(at(webhook, "rules", 0, "resources"), [at(names, "plural")]);
  });

  it("own no caBundle, so that applying them again takes none away", () => {
    for (const { kind, value } of [...objects, ...loadObjects("manifests/mutation")]) {
      if (!kind.endsWith("WebhookConfiguration")) continue;
      for (const webhook of at(value, "webhooks") as readonly unknown[]) {
        assert.deepEqual(Object.keys(at(webhook, "clientConfig") as object), ["service"]);
      }
    }
  });

  it("never use the tag latest", () => {
    const images = objects.flatMap(({ value }) => readWorkloads(value)).flatMap(({ pod }) => pod.images);
    assert.ok(images.length > 0);
    for (const { image } of images) assert.match(image, /:\d+\.\d+\.\d+$/);
    assert.match(String(at(kustomization, "images", 0, "newTag")), /^\d+\.\d+\.\d+$/);
  });
});

describe("the Deployment", () => {
  const spec = at(only("Deployment"), "spec");
  const pod = at(spec, "template", "spec");
  const container = at(pod, "containers", 0);

  it("has two replicas, spread, of which one survives every drain", () => {
    assert.equal(at(spec, "replicas"), 2);
    assert.equal(at(pod, "topologySpreadConstraints", 0, "topologyKey"), "kubernetes.io/hostname");
    assert.equal(at(only("PodDisruptionBudget"), "spec", "minAvailable"), 1);
  });

  it("meets the restricted Pod security standard", () => {
    assert.equal(at(pod, "securityContext", "runAsNonRoot"), true);
    assert.equal(at(pod, "securityContext", "seccompProfile", "type"), "RuntimeDefault");
    for (const key of ["hostNetwork", "hostPID", "hostIPC"]) assert.equal(at(pod, key), undefined);
    const containers = [...(at(pod, "containers") as unknown[]), ...((at(pod, "initContainers") as unknown[]) ?? [])];
    for (const { securityContext } of containers as { securityContext: unknown }[]) {
      assert.deepEqual(securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  });

  it("bounds its memory", () => {
    assert.ok(at(container, "resources", "limits", "memory"));
    assert.ok(at(container, "resources", "requests", "cpu"));
  });

  it("listens where the Services and the probes look", () => {
    const args = at(container, "args") as string[];
    const flag = (name: string): string | undefined => args[args.indexOf(name) + 1];
    const ports = new Map(
      (at(container, "ports") as { name: string; containerPort: number }[]).map((port) => [
        port.name,
        port.containerPort,
      ]),
    );
    assert.equal(args[0], "serve");
    assert.equal(flag("--port"), String(ports.get("https")));
    assert.equal(flag("--metrics-port"), String(ports.get("metrics")));
    assert.deepEqual(at(only("Service"), "spec", "ports"), [{ name: "https", port: 443, targetPort: "https" }]);
    assert.equal(at(only("Service", "pullguard-metrics"), "spec", "ports", 0, "targetPort"), "metrics");
    assert.deepEqual(at(container, "livenessProbe", "httpGet"), { scheme: "HTTPS", port: "https", path: "/livez" });
    assert.deepEqual(at(container, "readinessProbe", "httpGet"), { scheme: "HTTPS", port: "https", path: "/readyz" });
  });

  it("is found by every selector", () => {
    const labels = at(spec, "template", "metadata", "labels");
    assert.deepEqual(at(spec, "selector", "matchLabels"), labels);
    assert.deepEqual(at(only("PodDisruptionBudget"), "spec", "selector", "matchLabels"), labels);
    for (const name of ["pullguard", "pullguard-metrics"]) {
      assert.deepEqual(at(only("Service", name), "spec", "selector"), labels);
    }
  });

  it("manages its certificate by the rights that it has", () => {
    const args = at(container, "args") as string[];
    const flag = (name: string): string | undefined => args[args.indexOf(name) + 1];
    assert.equal(flag("--certificates"), "self-managed");
    assert.equal(flag("--service-name"), at(only("Service"), "metadata", "name"));
    const local = at(only("Role", "pullguard-certificates"), "rules") as readonly { resourceNames?: unknown }[];
    assert.deepEqual(local.find(({ resourceNames }) => resourceNames)?.resourceNames, [flag("--certificate-secret")]);
    assert.equal(at(only("Role", "pullguard-certificates"), "metadata", "namespace"), namespace);
    const wide = at(only("ClusterRole", "pullguard-certificates"), "rules", 0);
    assert.deepEqual(at(wide, "resourceNames"), [flag("--webhook-configuration")]);
    assert.deepEqual(at(container, "env", 0), {
      name: "POD_NAMESPACE",
      valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } },
    });
  });

  it("has time to drain and to finish what is under way", () => {
    assert.ok(Number(at(pod, "terminationGracePeriodSeconds")) > 13);
  });
});

describe("the webhook configuration", () => {
  const webhook = at(only("ValidatingWebhookConfiguration"), "webhooks", 0);
  const rules = at(webhook, "rules") as readonly Rule[];

  it("never stands in the way of a cluster", () => {
    assert.equal(at(webhook, "failurePolicy"), "Ignore");
    assert.equal(at(webhook, "timeoutSeconds"), 7);
    assert.equal(at(webhook, "matchPolicy"), "Equivalent");
    assert.equal(at(webhook, "sideEffects"), "NoneOnDryRun");
  });

  it("exempts system namespaces, its own, and every namespace that opted out", () => {
    assert.deepEqual(at(webhook, "namespaceSelector", "matchExpressions"), [
      {
        key: "kubernetes.io/metadata.name",
        operator: "NotIn",
        values: ["kube-system", "kube-public", "kube-node-lease", namespace, agentNamespace],
      },
      { key: "pullguard.dev/mode", operator: "NotIn", values: ["off"] },
    ]);
  });

  it("calls the Service", () => {
    assert.deepEqual(at(webhook, "clientConfig", "service"), {
      name: "pullguard",
      namespace,
      port: 443,
      path: "/validate",
    });
  });

  for (const { name, apiVersion, resource } of admitted) {
    it(`sends every ${name} that is created or updated`, () => {
      assert.equal(readWorkloads(sample(name, apiVersion)).length, 1, "the engine reads this kind");
      const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
      const rule = rules.find(
        ({ apiGroups, resources }) => apiGroups.includes(group ?? "") && resources.includes(resource),
      );
      assert.deepEqual(rule?.apiVersions, [version]);
      assert.deepEqual(rule?.operations, ["CREATE", "UPDATE"]);
      assert.equal(rule?.scope, "Namespaced");
    });
  }

  it("sends nothing that the engine does not read", () => {
    const wanted = [...admitted.map(({ resource }) => resource), "pods/ephemeralcontainers"];
    assert.deepEqual(rules.flatMap(({ resources }) => resources).sort(), wanted.sort());
  });
});

function sample(kind: string, apiVersion: string): unknown {
  const podSpec = { containers: [{ name: "web", image: "reg.test/app:v1" }] };
  const template = { spec: podSpec };
  const bodies: Record<string, unknown> = {
    Pod: { spec: podSpec },
    PodTemplate: { template },
    CronJob: { spec: { jobTemplate: { spec: { template } } } },
  };
  return {
    apiVersion,
    kind,
    metadata: { name: "web", namespace: "shop" },
    ...(bodies[kind] ?? { spec: { template } }),
  };
}
