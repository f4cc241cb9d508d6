import assert from "node:assert/strict";
import type { Finding, Verdict } from "../../src/findings/index.js";
import { decide } from "../../src/policy/index.js";

function finding(verdict: Verdict, values: Partial<Finding> = {}): Finding {
  return {
    image: "reg.test/app:v1",
    reference: "reg.test/app:v1",
    digest: null,
    verdict,
    cause: verdict === "pullable" ? null : "TagNotFound",
    kubelet: { reason: null },
    message: "reg.test/app has no tag v1",
    fix: "Use the tag v2.",
    workload: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web" },
    fieldPaths: ["spec.containers[0].image"],
    ...values,
  };
}

describe("a decision", () => {
  it("says nothing about what is pullable or skipped", () => {
    assert.deepEqual(decide([finding("pullable"), finding("skipped")], "deny"), { allowed: true, warnings: [] });
  });

  it("denies what is unpullable, in mode deny only", () => {
    assert.equal(decide([finding("unpullable")], "warn").allowed, true);
    const denied = decide([finding("unpullable")], "deny");
    assert.equal(denied.allowed, false);
    assert.equal(denied.denial?.code, 403);
    assert.match(denied.denial?.message ?? "", /TagNotFound: spec\.containers\[0\]\.image "reg\.test\/app:v1"/);
    assert.match(denied.denial?.message ?? "", /fix: Use the tag v2\./);
  });

  it("never denies what is unknown", () => {
    const decision = decide([finding("unknown")], "deny");
    assert.equal(decision.allowed, true);
    assert.equal(decision.warnings.length, 1);
  });

  it("puts the certain failures before the doubtful ones", () => {
    const decision = decide([finding("unknown", { image: "a" }), finding("unpullable", { image: "b" })], "warn");
    assert.match(decision.warnings[0] ?? "", /"b"/);
  });

  it("keeps to the limits of the Warning header", () => {
    const many = Array.from({ length: 100 }, (_, index) =>
      finding("unknown", { image: `x${index}`, message: `line\nbreak\u0007 ${"long ".repeat(100)}` }),
    );
    const { warnings } = decide(many, "warn");
    assert.ok(warnings.every((warning) => warning.length <= 256 && !/\p{Cc}/u.test(warning)));
    assert.ok(warnings.join("").length <= 4096);
    assert.match(warnings.at(-1) ?? "", /more images/);
  });

  it("writes one readable denial for many images", () => {
    const many = Array.from({ length: 30 }, (_, index) => finding("unpullable", { image: `x${index}` }));
    const message = decide(many, "deny").denial?.message ?? "";
    assert.match(message, /30 images/);
    assert.match(message, /and 20 more images/);
  });
});
