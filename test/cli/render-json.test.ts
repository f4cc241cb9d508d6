import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { renderJson } from "../../src/cli/render-json.js";
import { finding, missing, reportOf } from "./findings.js";
import { schemaFaults } from "./json-schema.js";

const schema = JSON.parse(readFileSync("docs/check-report.schema.json", "utf8"));

describe("the JSON report", () => {
  const invalid = missing({
    image: "UPPER/Case",
    reference: null,
    cause: "InvalidImageName",
    kubelet: { reason: "InvalidImageName" },
  });
  const cases = [
    { name: "of nothing", findings: [] },
    { name: "of everything there is", findings: [finding(), missing(), invalid, finding({ verdict: "skipped" })] },
  ];
  for (const { name, findings } of cases) {
    it(`keeps to its schema: ${name}`, () => {
      assert.deepEqual(schemaFaults(schema, JSON.parse(renderJson(reportOf(findings)))), []);
    });
  }

  it("has exactly the published shape and key order", () => {
    const text = renderJson(reportOf([missing()]));
    assert.ok(text.endsWith("}\n"));
    assert.equal(
      JSON.stringify(JSON.parse(text)),
      JSON.stringify({
        apiVersion: "pullguard.dev/v1",
        kind: "CheckReport",
        summary: { pullable: 0, unpullable: 1, skipped: 0, unknown: 0 },
        images: [
          {
            image: "registry.example.com/app:nope",
            reference: "registry.example.com/app:nope",
            digest: null,
            verdict: "unpullable",
            cause: "TagNotFound",
            kubelet: { reason: "ErrImagePull" },
            message: "registry.example.com has no manifest for app:nope",
            fix: "Push the tag, or correct it.",
            workload: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
            fieldPaths: ["spec.template.spec.containers[0].image"],
          },
        ],
      }),
    );
  });

  it("publishes no field that a finding happens to carry", () => {
    const extended = { ...missing(), internal: "not public" };
    assert.ok(!renderJson(reportOf([extended])).includes("not public"));
  });

  const wrong = [
    { name: "a missing key", change: { fix: undefined }, want: "$.images[0]: lacks fix" },
    { name: "an unknown verdict", change: { verdict: "perhaps" }, want: "$.images[0].verdict: is none of the enum" },
    { name: "a number for a text", change: { message: 1 }, want: "$.images[0].message: is integer" },
    { name: "no place at all", change: { fieldPaths: [] }, want: "$.images[0].fieldPaths: has too few items" },
  ];
  for (const { name, change, want } of wrong) {
    it(`has a schema that refuses ${name}`, () => {
      const document = JSON.parse(renderJson(reportOf([missing()])));
      const broken = { ...document, images: [JSON.parse(JSON.stringify({ ...document.images[0], ...change }))] };
      assert.deepEqual(schemaFaults(schema, broken), [want]);
    });
  }
});
