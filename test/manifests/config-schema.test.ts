import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parseAllDocuments } from "yaml";
import { faultLines, parseConfig } from "../../src/policy/index.js";
import { invalidConfigs } from "../policy/invalid-configs.js";
import { at, loadObjects } from "./objects.js";

const crd = loadObjects("manifests").find(({ kind }) => kind === "CustomResourceDefinition")?.value;
const ofCrd = at(crd, "spec", "versions", 0, "schema", "openAPIV3Schema", "properties", "spec");
const published = JSON.parse(readFileSync("docs/pullguard-config.schema.json", "utf8"));

/** A structural schema in plain JSON Schema: what the API server prunes or refuses is refused here. */
function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== "object" || schema === null) return schema;
  const members = Object.entries(schema).filter(([name]) => !name.startsWith("x-kubernetes-"));
  return {
    ...Object.fromEntries(
      members.map(([name, value]) => [
        name,
        name === "properties"
          ? Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, plain(inner)]))
          : plain(value),
      ]),
    ),
    ...("x-kubernetes-list-type" in schema && schema["x-kubernetes-list-type"] === "set" ? { uniqueItems: true } : {}),
    ...("properties" in schema ? { additionalProperties: false } : {}),
  };
}

/** The YAML examples of a page. */
function examples(page: string): readonly unknown[] {
  return [...readFileSync(page, "utf8").matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, text = ""]) =>
    parseAllDocuments(text).map((document) => document.toJS() as unknown),
  );
}

describe("the published schema of a PullguardConfig", () => {
  const validate = new Ajv2020({ strict: false, formats: { int64: true } }).compile(published);

  it("is that of the CRD", () => assert.deepEqual(published.properties.spec, plain(ofCrd)));

  it("takes the examples of the docs, and so does Pullguard", () => {
    const configs = examples("docs/policy.md");
    assert.equal(configs.length, 1);
    for (const config of configs) {
      assert.equal(validate(config), true, JSON.stringify(validate.errors));
      const parsed = parseConfig(config, "resource");
      assert.deepEqual(parsed.kind === "invalid" ? faultLines(parsed.faults) : [], []);
    }
  });

  it("refuses most invalid ones, so that editors show them", () => {
    const taken = invalidConfigs.filter(({ document }) => validate(document)).map(({ name }) => name);
    assert.ok(taken.length < invalidConfigs.length / 2, taken.join("; "));
  });
});
