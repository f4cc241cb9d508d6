import assert from "node:assert/strict";
import { emptyConfig, faultLines, PolicyInForce, parseConfig } from "../../src/policy/index.js";
import { invalidConfigs } from "./invalid-configs.js";

const full = {
  apiVersion: "pullguard.dev/v1",
  kind: "PullguardConfig",
  metadata: { name: "default", generation: 7, resourceVersion: "12" },
  spec: {
    defaults: { unpullable: ["Deny", "Audit"], unknown: ["Warn"], advice: ["Ignore"] },
    rules: [
      {
        name: "flaky",
        match: {
          namespaceSelector: {
            matchLabels: { "example.com/tier": "prod" },
            matchExpressions: [{ key: "team", operator: "NotIn", values: ["lab"] }],
          },
          images: ["reg.test/**", "docker.io/library/*:latest"],
          kinds: ["Deployment", "Rollout"],
          causes: ["RegistryTimeout"],
          verdicts: ["unknown"],
        },
        actions: ["Deny"],
      },
    ],
    exemptions: [{ name: "old", match: { images: ["reg.test/old"] }, reason: "moving", expires: "2027-01-31" }],
    enforcement: { Pod: "Warn", Rollout: "Deny" },
    overrides: { namespaceMode: "Stricter", skipAnnotation: "Allow" },
    deadlines: { check: "1.5s" },
    registries: {
      dial: {
        allowCIDRs: ["127.0.0.0/8"],
        denyCIDRs: ["fd00::/8"],
        allowHosts: ["[::1]:5000"],
        denyHosts: ["*.internal"],
      },
      mirrors: [{ prefix: "docker.io", mirror: "mirror.test/hub" }],
      pullSecrets: [{ images: ["reg.test/**"], secret: { namespace: "ops", name: "pull" } }],
    },
    events: true,
    mutations: {
      addPullSecret: {},
      pinDigest: { match: { namespaceSelector: { matchLabels: { tier: "prod" } }, images: ["reg.test/**"] } },
      useMirror: { match: { kinds: ["Pod"] }, tags: "Trust" },
      setPullPolicy: { latest: "Always", digest: "IfNotPresent" },
    },
    podTemplates: [{ apiGroup: "argoproj.io", kind: "Rollout", path: "spec.template" }],
  },
  status: { anything: true },
};

describe("a PullguardConfig", () => {
  it("that uses every field is read", () => {
    const parsed = parseConfig(full, "resource");
    assert.deepEqual(parsed.kind === "invalid" ? faultLines(parsed.faults) : [], []);
    assert.ok(parsed.kind === "config");
    assert.equal(parsed.generation, 7);
    assert.equal(parsed.config.deadlines.checkMs, 1500);
    assert.equal(parsed.config.exemptions[0]?.expiresMs, Date.UTC(2027, 1, 1));
    assert.equal(parsed.config.enforcement.get("Pod"), "Warn");
    assert.deepEqual(parsed.config.mutations.setPullPolicy, {
      match: {},
      policies: { latest: "Always", digest: "IfNotPresent" },
    });
    assert.equal(parsed.config.mutations.useMirror?.tags, "Trust");
    assert.deepEqual(parsed.config.podTemplates[0]?.path, ["spec", "template"]);
  });

  it("may be empty, and in a file without metadata", () => {
    const parsed = parseConfig({ apiVersion: "pullguard.dev/v1", kind: "PullguardConfig" }, "file");
    assert.deepEqual(parsed, { kind: "config", config: emptyConfig });
  });
});

describe("of the invalid PullguardConfigs", () => {
  it("there are more than fifty", () => assert.ok(invalidConfigs.length >= 50));

  for (const { name, document, want } of invalidConfigs) {
    it(`${name} is refused with its place`, () => {
      const parsed = parseConfig(document, "resource");
      assert.deepEqual(parsed.kind === "invalid" ? faultLines(parsed.faults) : [], want);
    });
  }

  it("none changes what is in force, whether it comes from a file or the resource", () => {
    for (const origin of ["file", "resource"] as const) {
      const inForce = new PolicyInForce("warn");
      assert.equal(inForce.offer(origin, full).kind, "accepted");
      const good = inForce.current();
      for (const { document, name } of invalidConfigs) {
        if (name === "another name" && origin === "file") continue;
        assert.equal(inForce.offer(origin, document).kind, "refused", name);
        assert.equal(inForce.current(), good);
      }
    }
  });
});

describe("the policy in force", () => {
  const document = (unpullable: string) => ({
    apiVersion: "pullguard.dev/v1",
    kind: "PullguardConfig",
    metadata: { name: "default" },
    spec: { defaults: { unpullable: [unpullable] } },
  });

  it("is the resource's where there is one, else the file's, else the mode alone", () => {
    const inForce = new PolicyInForce("deny");
    const unpullable = () => inForce.current().config.defaults.unpullable;
    assert.equal(unpullable(), undefined);
    inForce.offer("file", document("Audit"));
    assert.deepEqual(unpullable(), ["Audit"]);
    inForce.offer("resource", document("Deny"));
    assert.deepEqual(unpullable(), ["Deny"]);
    inForce.offer("file", document("Warn"));
    assert.deepEqual(unpullable(), ["Deny"]);
    inForce.offer("resource", undefined);
    assert.deepEqual(unpullable(), ["Warn"]);
  });
});
