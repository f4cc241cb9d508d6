import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { auditedKinds, kindVersions } from "../../src/audit/index.js";
import { at, loadDocuments, loadObjects } from "./objects.js";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

describe("the component for the audit", () => {
  const component = loadObjects("manifests/audit");
  const rulesOf = (kind: string) =>
    at(component.find((object) => object.kind === kind)?.value, "rules") as readonly Rule[];

  it("is no part of what is applied unless told, and turns the audit on", () => {
    assert.ok(!/^ *- (?:\.\/)?audit$/m.test(readFileSync("manifests/kustomization.yaml", "utf8")));
    const [kustomization] = loadDocuments("manifests/audit/kustomization.yaml");
    assert.match(String(at(kustomization, "patches", 0, "patch")), /value: --audit\n/);
    assert.deepEqual(at(kustomization, "resources"), [...new Set(component.map(({ file }) => file))]);
  });

  it("lists and watches every kind that the audit looks at, and changes none", () => {
    const rules = rulesOf("ClusterRole");
    for (const kind of auditedKinds) {
      const group = kindVersions[kind].includes("/") ? (kindVersions[kind].split("/")[0] ?? "") : "";
      const own = rules.filter(
        ({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(`${kind.toLowerCase()}s`),
      );
      assert.deepEqual(
        own.map(({ verbs }) => verbs),
        [["list", "watch"]],
        kind,
      );
    }
  });

  it("keeps state in one namespace", () => {
    const names = rulesOf("Role").flatMap(({ resources }) => resources);
    assert.deepEqual(names, ["pullaudits", "leases"]);
    const crd = component.find(({ kind }) => kind === "CustomResourceDefinition")?.value;
    assert.equal(at(crd, "spec", "scope"), "Namespaced");
  });
});
