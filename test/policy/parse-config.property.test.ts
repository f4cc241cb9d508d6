import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decideByPolicy,
  faultLines,
  parseConfig,
  parseImagePattern,
  parseSkip,
  patternMatches,
} from "../../src/policy/index.js";
import { invalidConfigs } from "./invalid-configs.js";

/** A value with one part replaced by another. */
function replaced(value: unknown, at: number, by: unknown): unknown {
  let count = 0;
  const walk = (part: unknown): unknown => {
    if (count++ === at) return by;
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, member]) => [name, walk(member)]));
  };
  return walk(value);
}

describe("whatever is written", () => {
  const anything = fc.oneof(fc.jsonValue(), fc.anything({ withNullPrototype: true }));

  it("as a PullguardConfig is a configuration or has faults, each with one line", () => {
    const mangled = fc
      .tuple(fc.constantFrom(...invalidConfigs), fc.nat(30), anything)
      .map(([{ document }, at, by]) => replaced(document, at, by));
    fc.assert(
      fc.property(fc.oneof(anything, mangled), (value) => {
        const parsed = parseConfig(value, "file");
        if (parsed.kind === "config") return;
        assert.ok(parsed.faults.length > 0);
        for (const line of faultLines(parsed.faults)) assert.match(line, /^[^\n]+$/);
      }),
    );
  });

  it("as a pattern, an annotation or a finding makes a decision within Kubernetes' limits", () => {
    const text = fc.string({ unit: "binary", maxLength: 600 });
    fc.assert(
      fc.property(text, text, text, (pattern, image, message) => {
        const parsed = parseImagePattern(pattern);
        if (typeof parsed !== "string") patternMatches(parsed, image);
        parseSkip(pattern);
        const config = parseConfig({ apiVersion: "pullguard.dev/v1", kind: "PullguardConfig" }, "file");
        assert.ok(config.kind === "config");
        const finding = {
          ...{
            image,
            reference: null,
            digest: null,
            cause: "TagNotFound" as const,
            kubelet: { reason: null },
            message,
            fix: message,
          },
          ...{ workload: { apiVersion: "v1", kind: "Pod", namespace: "a", name: image }, fieldPaths: [image] },
        } as const;
        const subject = { namespaceLabels: undefined, annotations: { "pullguard.dev/skip": pattern } };
        for (const [verdict, mode] of [
          ["unpullable", "deny"],
          ["unknown", "deny"],
          ["unpullable", "warn"],
        ] as const) {
          const given = { ...finding, verdict };
          const { warnings } = decideByPolicy({ config: config.config, mode }, [given], subject, 0);
          for (const warning of warnings) assert.ok(warning.length <= 256 && !/[\p{Cc}]/u.test(warning), warning);
        }
      }),
    );
  });
});
