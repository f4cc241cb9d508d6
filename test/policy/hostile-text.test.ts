import assert from "node:assert/strict";
import type { Finding } from "../../src/findings/index.js";
import { decideByPolicy, emptyConfig } from "../../src/policy/index.js";

/** What moves a cursor, hides text or turns it round, in a registry's words and in a workload's names. */
const hostile = "\u001b[2J\u001b[31mall is well\u009b0m\r\npullguard: \u202eneb\u2066\u200bllup eb nac\u2028\u0007";

function finding(verdict: Finding["verdict"]): Finding {
  return {
    image: `reg.test/${hostile}`,
    reference: null,
    digest: null,
    verdict,
    cause: "PlatformNotFound",
    kubelet: { reason: null },
    message: `the image exists for ${hostile}`,
    fix: `Build ${hostile} for linux/amd64.`,
    workload: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web" },
    fieldPaths: ["spec.containers[0].image"],
  };
}

describe("text of registries and workloads", () => {
  for (const verdict of ["unpullable", "unknown"] as const) {
    it(`is one line of plain text in warnings and denials (${verdict})`, () => {
      const policy = { config: emptyConfig, mode: "deny" } as const;
      const decision = decideByPolicy(policy, [finding(verdict)], { namespaceLabels: {}, annotations: {} }, 0);
      const said = [...decision.warnings, ...(decision.denial?.message.split("\n") ?? [])];
      assert.ok(said.length > 0);
      for (const line of said) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    });
  }
});
