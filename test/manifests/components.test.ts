import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readWorkloads } from "../../src/workload/index.js";
import { at, loadDocuments, loadObjects } from "./objects.js";

const namespace = "pullguard-system";
const objects = loadObjects("manifests");
const [kustomization] = loadDocuments("manifests/kustomization.yaml");

interface Rule {
  readonly apiGroups: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}

function only(kind: string, name = "pullguard"): unknown {
  const found = objects.filter((object) => object.kind === kind && object.name === name);
  assert.equal(found.length, 1, `${kind} ${name}`);
  return found[0]?.value;
}

describe("the component for watching pulls", () => {
  it("allows for pulls to be watched, and asks for it, where it is applied", () => {
    assert.equal(at(kustomization, "components"), undefined);
    const [component] = loadDocuments("manifests/watch-pulls/kustomization.yaml");
    const added = loadObjects("manifests/watch-pulls");
    assert.deepEqual(at(component, "resources"), [...new Set(added.map(({ file }) => file))]);
    assert.deepEqual(
      added.map(({ kind, name }) => `${kind} ${name}`),
      ["ClusterRole pullguard-watch-pulls", "ClusterRoleBinding pullguard-watch-pulls"],
    );
    const [role, binding] = added.map(({ value }) => value);
    assert.deepEqual(at(role, "rules"), [{ apiGroups: [""], resources: ["pods", "events"], verbs: ["list", "watch"] }]);
    assert.equal(at(binding, "roleRef", "name"), at(role, "metadata", "name"));
    assert.deepEqual(at(binding, "subjects"), at(only("ClusterRoleBinding"), "subjects"));
    const [patch] = at(component, "patches") as readonly { readonly target: unknown; readonly patch: string }[];
    assert.deepEqual(patch?.target, { kind: "Deployment", name: "pullguard" });
    assert.match(
      patch?.patch ?? "",
      /op: add\n *path: \/spec\/template\/spec\/containers\/0\/args\/-\n *value: --watch-pulls\n/,
    );
    assert.deepEqual(
      objects.flatMap(({ value }) => readWorkloads(value)).filter(({ identity }) => identity.name === "pullguard")
        .length,
      1,
      "the patch has one target",
    );
  });
});

describe("the component for mutation", () => {
  const component = loadObjects("manifests/mutation");
  const found = (kind: string): unknown => component.find((object) => object.kind === kind)?.value;
  const webhook = at(found("MutatingWebhookConfiguration"), "webhooks", 0);
  const validating = at(only("ValidatingWebhookConfiguration"), "webhooks", 0);

  it("is not applied unless an overlay asks for it", () => {
    const [kustomize] = loadDocuments("manifests/mutation/kustomization.yaml");
    assert.equal(at(kustomize, "kind"), "Component");
    assert.deepEqual(
      readdirSync("manifests/mutation")
        .filter((file) => file !== "kustomization.yaml")
        .sort(),
      [...(at(kustomize, "resources") as string[])].sort(),
    );
    assert.ok(!JSON.stringify(kustomization).includes("mutation"));
  });

  it("has a webhook with the exemptions and the patience of the validating one, and no side effects", () => {
    for (const field of ["failurePolicy", "timeoutSeconds", "matchPolicy", "namespaceSelector"]) {
      assert.deepEqual(at(webhook, field), at(validating, field), field);
    }
    assert.equal(at(webhook, "sideEffects"), "None");
    assert.equal(at(webhook, "reinvocationPolicy"), "IfNeeded");
    assert.deepEqual(at(webhook, "clientConfig", "service"), {
      name: "pullguard",
      namespace,
      port: 443,
      path: "/mutate",
    });
  });

  it("sends what the validating one sends, but for debug containers", () => {
    const sent = (of: unknown): readonly string[] =>
      (at(of, "rules") as readonly Rule[]).flatMap(({ apiGroups, resources, operations }) =>
        resources.map((resource) => `${apiGroups.join()} ${resource} ${operations.join()}`),
      );
    assert.deepEqual(
      sent(webhook),
      sent(validating).filter((line) => !line.includes("ephemeralcontainers")),
    );
  });

  it("allows to list Secrets, and nothing else", () => {
    assert.deepEqual(at(found("ClusterRole"), "rules"), [{ apiGroups: [""], resources: ["secrets"], verbs: ["list"] }]);
    assert.deepEqual(at(found("ClusterRoleBinding"), "subjects"), at(only("ClusterRoleBinding"), "subjects"));
  });
});

describe("the component for events", () => {
  const component = loadObjects("manifests/events");

  it("allows to create Events, and nothing else, and is not applied unless an overlay asks for it", () => {
    const [kustomize] = loadDocuments("manifests/events/kustomization.yaml");
    assert.equal(at(kustomize, "kind"), "Component");
    assert.deepEqual(at(kustomize, "resources"), ["rbac-events.yaml"]);
    const found = (kind: string): unknown => component.find((object) => object.kind === kind)?.value;
    assert.deepEqual(at(found("ClusterRole"), "rules"), [
      { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create"] },
    ]);
    assert.deepEqual(at(found("ClusterRoleBinding"), "subjects"), at(only("ClusterRoleBinding"), "subjects"));
  });
});
