import assert from "node:assert/strict";
import { parseProfileSpec, renderProfileSpec } from "../../src/node/index.js";
import { gather } from "../node/snapshot/nodes.js";
import { at, loadObjects } from "./objects.js";

const agentNamespace = "pullguard-node-agent";
const objects = loadObjects("manifests");

function only(kind: string, name: string): unknown {
  const found = objects.filter((object) => object.kind === kind && object.name === name);
  assert.equal(found.length, 1, `${kind} ${name}`);
  return found[0]?.value;
}

describe("the node agent's DaemonSet", () => {
  const daemon = only("DaemonSet", agentNamespace);
  const pod = at(daemon, "spec", "template", "spec");
  const container = at(pod, "containers", 0);

  it("runs on every Linux node", () => {
    assert.deepEqual(at(pod, "tolerations"), [{ operator: "Exists" }]);
    assert.deepEqual(at(pod, "nodeSelector"), { "kubernetes.io/os": "linux" });
  });

  it("may do no more than read files as root", () => {
    for (const key of ["hostNetwork", "hostPID", "hostIPC"]) assert.equal(at(pod, key), undefined);
    assert.deepEqual(at(container, "securityContext"), {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.equal(at(pod, "securityContext", "seccompProfile", "type"), "RuntimeDefault");
    assert.ok(at(container, "resources", "limits", "memory"));
  });

  it("sees two folders of its node, read-only, below its --host-root", () => {
    const args = at(container, "args") as readonly string[];
    const root = args[args.indexOf("--host-root") + 1];
    const volumes = at(pod, "volumes") as readonly { name: string; hostPath: { path: string; type: string } }[];
    const mounts = at(container, "volumeMounts") as readonly { name: string; mountPath: string; readOnly: boolean }[];
    assert.deepEqual(
      volumes.map(({ hostPath }) => hostPath),
      [
        { path: "/etc", type: "Directory" },
        { path: "/var/lib/kubelet", type: "Directory" },
      ],
    );
    assert.deepEqual(
      mounts,
      volumes.map(({ name, hostPath }) => ({ name, mountPath: `${root}${hostPath.path}`, readOnly: true })),
    );
  });

  it("has the rights of its account, in the namespace where the webhook looks for Leases", () => {
    assert.equal(at(pod, "serviceAccountName"), agentNamespace);
    const args = at(container, "args") as readonly string[];
    assert.equal(args[args.indexOf("--namespace") + 1], agentNamespace);
    assert.deepEqual(at(only("ClusterRole", agentNamespace), "rules"), [
      { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
      {
        apiGroups: ["pullguard.dev"],
        resources: ["nodepullprofiles"],
        verbs: ["get", "list", "create", "patch", "delete"],
      },
      { apiGroups: ["pullguard.dev"], resources: ["nodepullprofiles/status"], verbs: ["patch"] },
    ]);
    assert.deepEqual(at(only("Role", agentNamespace), "rules"), [
      { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "patch"] },
    ]);
    const labels = at(only("Namespace", agentNamespace), "metadata", "labels");
    assert.equal(at(labels, "pod-security.kubernetes.io/enforce"), "privileged");
  });
});

describe("the NodePullProfile definition", () => {
  const definition = only("CustomResourceDefinition", "nodepullprofiles.pullguard.dev");
  const version = at(definition, "spec", "versions", 0);

  it("is cluster-wide, with a status of its own and a short name", () => {
    assert.equal(at(definition, "spec", "scope"), "Cluster");
    assert.deepEqual(at(definition, "spec", "names", "shortNames"), ["npp"]);
    assert.deepEqual(at(version, "subresources"), { status: {} });
  });

  it("has every field that an agent publishes", () => {
    const schema = at(version, "schema", "openAPIV3Schema", "properties", "spec");
    const files = {
      "/etc/containerd/certs.d/a.test/hosts.toml": "x",
      "/var/lib/kubelet/config.json": { unreadable: "r" },
    };
    assert.deepEqual(unknownFields(renderProfileSpec(gather(files)), schema), []);
    const { platform: _, ...written } = parsedWhole();
    assert.deepEqual(unknownFields(written, schema), []);
  });
});

/** A spec with every field there is. */
function parsedWhole() {
  const reading = parseProfileSpec({
    runtime: "containerd://1.7.13",
    platform: "linux/amd64",
    kubelet: {
      ...{
        version: "1.30.1",
        serializeImagePulls: true,
        maxParallelImagePulls: 1,
        registryPullQps: 1,
        registryBurst: 1,
      },
      ...{ runtimeRequestTimeoutMs: 1, imageGcHighThresholdPercent: 1, featureGates: { A: true } },
    },
    files: [{ path: "/a", content: "x", unreadable: "y" }],
    systemTrust: { publicRoots: true, certificates: "x", fingerprints: ["x"] },
    credentials: { hosts: ["x"], providers: [{ name: "x", matchImages: ["x"] }], incomplete: true },
    nodeSelector: { matchLabels: { a: "b" }, matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] },
    taints: [{ key: "a", value: "b", effect: "NoSchedule" }],
  });
  assert.ok(reading.kind === "spec");
  return reading.spec;
}

/** Paths of a value that a schema has no property for; an API server would drop them. */
function unknownFields(value: unknown, schema: unknown, path = "spec"): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => unknownFields(entry, at(schema, "items"), `${path}[]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const inner = at(schema, "properties", key) ?? at(schema, "additionalProperties");
    return inner === undefined ? [`${path}.${key}`] : unknownFields(member, inner, `${path}.${key}`);
  });
}
