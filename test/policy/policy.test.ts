import assert from "node:assert/strict";
import type { CauseCode, Finding } from "../../src/findings/index.js";
import {
  type Decision,
  decideByPolicy,
  faultLines,
  isOff,
  type Labels,
  type Mode,
  type Policy,
  parseConfig,
  parseSkip,
} from "../../src/policy/index.js";

function policyOf(spec: object, mode: Mode = "warn"): Policy {
  const document = { apiVersion: "pullguard.dev/v1", kind: "PullguardConfig", spec };
  const parsed = parseConfig(document, "file");
  assert.ok(parsed.kind === "config", parsed.kind === "invalid" ? faultLines(parsed.faults).join("; ") : "");
  return { config: parsed.config, mode };
}

function found(values: Partial<Finding> = {}): Finding {
  return {
    image: "reg.test/shop/app:v1",
    reference: "reg.test/shop/app:v1",
    digest: null,
    verdict: "unpullable",
    cause: "TagNotFound",
    kubelet: { reason: "ErrImagePull" },
    message: "there is no tag v1",
    fix: "Push it.",
    workload: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
    fieldPaths: ["spec.template.spec.containers[0].image"],
    ...values,
  };
}

const unknown = (cause: CauseCode = "RegistryTimeout") => found({ verdict: "unknown", cause });
const nowMs = Date.UTC(2026, 5, 1);

function outcome({ allowed, warnings, audit }: Decision): string {
  return [allowed ? "" : "deny", warnings.length > 0 ? "warn" : "", audit === undefined ? "" : "audit"]
    .filter((word) => word !== "")
    .join(" ");
}

interface Case {
  readonly name: string;
  readonly spec?: object;
  readonly mode?: Mode;
  readonly finding?: Finding;
  readonly labels?: Labels | "unreadable";
  readonly annotations?: Labels;
  readonly want: string;
}

const denyAll = { rules: [{ name: "all", actions: ["Deny"] }] };
const prod = { namespaceSelector: { matchLabels: { tier: "prod" } } };
const inProd = (actions: readonly string[]) => ({ rules: [{ name: "prod", match: prod, actions }] });
const exemption = (expires: string, match: object = { causes: ["TagNotFound"] }) => ({
  exemptions: [{ name: "known", match, reason: "it is being moved", expires }],
});

const cases: readonly Case[] = [
  { name: "warns of everything where nothing is configured", want: "warn" },
  { name: "warns of what is unknown too", finding: unknown(), want: "warn" },
  { name: "says nothing of what can be pulled", finding: found({ verdict: "pullable", cause: null }), want: "" },
  { name: "in mode deny denies what is certain", mode: "deny", want: "deny" },
  { name: "in mode deny warns of what is unknown", mode: "deny", finding: unknown(), want: "warn" },
  { name: "in mode audit only records", mode: "audit", want: "audit" },
  { name: "in mode off does nothing", mode: "off", want: "" },
  { name: "lets a rule win over the mode off", mode: "off", spec: denyAll, want: "deny" },
  { name: "does as the default says", spec: { defaults: { unpullable: ["Deny", "Audit"] } }, want: "deny audit" },
  {
    name: "lets the default win over the mode",
    mode: "deny",
    spec: { defaults: { unpullable: ["Warn"] } },
    want: "warn",
  },
  { name: "warns and records", spec: { defaults: { unpullable: ["Warn", "Audit"] } }, want: "warn audit" },
  { name: "ignores", spec: { defaults: { unpullable: ["Ignore"] } }, want: "" },
  { name: "never denies the unknown by a rule for everything", spec: denyAll, finding: unknown(), want: "warn" },
  {
    name: "never denies the unknown by a rule for all that is unknown",
    spec: { rules: [{ name: "all", match: { verdicts: ["unknown"] }, actions: ["Deny"] }] },
    finding: unknown(),
    want: "warn",
  },
  {
    name: "denies the unknown by a rule that names the cause",
    spec: { rules: [{ name: "slow", match: { causes: ["RegistryTimeout"] }, actions: ["Deny"] }] },
    finding: unknown(),
    want: "deny",
  },
  {
    name: "but not another cause",
    spec: { rules: [{ name: "slow", match: { causes: ["RegistryTimeout"] }, actions: ["Deny"] }] },
    finding: unknown("RegistryUnreachable"),
    want: "warn",
  },
  {
    name: "takes the first rule that matches",
    spec: {
      rules: [
        { name: "a", match: { kinds: ["Pod"] }, actions: ["Ignore"] },
        { name: "b", actions: ["Audit"] },
        { name: "c", actions: ["Deny"] },
      ],
    },
    want: "audit",
  },
  { name: "selects namespaces", spec: inProd(["Deny"]), labels: { tier: "prod" }, want: "deny" },
  { name: "leaves others to the default", spec: inProd(["Deny"]), labels: { tier: "test" }, want: "warn" },
  { name: "does not deny by labels that cannot be read", spec: inProd(["Deny"]), labels: "unreadable", want: "warn" },
  {
    name: "takes the mildest of what may hold where labels cannot be read",
    spec: { ...inProd(["Audit"]), defaults: { unpullable: ["Deny"] } },
    labels: "unreadable",
    want: "audit",
  },
  {
    name: "knows a namespace's name without its labels",
    spec: {
      rules: [
        {
          name: "shop",
          match: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "shop" } } },
          actions: ["Deny"],
        },
      ],
    },
    labels: "unreadable",
    want: "deny",
  },
  { name: "caps by kind", spec: { ...denyAll, enforcement: { Deployment: "Warn" } }, want: "warn" },
  { name: "caps only the kind named", spec: { ...denyAll, enforcement: { Pod: "Warn" } }, want: "deny" },
  { name: "a label makes stricter", labels: { "pullguard.dev/mode": "deny" }, want: "deny" },
  { name: "a label makes milder", spec: denyAll, labels: { "pullguard.dev/mode": "warn" }, want: "warn" },
  { name: "a label only records", spec: denyAll, labels: { "pullguard.dev/mode": "audit" }, want: "audit" },
  { name: "a label switches off", spec: denyAll, labels: { "pullguard.dev/mode": "off" }, want: "" },
  { name: "a label of no meaning is none", mode: "deny", labels: { "pullguard.dev/mode": "none" }, want: "deny" },
  {
    name: "a label makes nothing milder where only stricter is allowed",
    spec: { ...denyAll, overrides: { namespaceMode: "Stricter" } },
    labels: { "pullguard.dev/mode": "off" },
    want: "deny",
  },
  {
    name: "a label counts for nothing where it is forbidden",
    spec: { overrides: { namespaceMode: "Forbid" } },
    labels: { "pullguard.dev/mode": "deny" },
    want: "warn",
  },
  { name: "an exemption records only", spec: { ...denyAll, ...exemption("2026-06-01") }, want: "audit" },
  {
    name: "an exemption that has expired counts no more",
    spec: { ...denyAll, ...exemption("2026-05-31") },
    want: "deny",
  },
  {
    name: "an exemption from another cause does not count",
    spec: { ...denyAll, ...exemption("2027-01-01", { causes: ["DigestNotFound"] }) },
    want: "deny",
  },
  {
    name: "an exemption by image",
    spec: { ...denyAll, ...exemption("2027-01-01", { images: ["reg.test/**"] }) },
    want: "audit",
  },
  {
    name: "an exemption does not bring back what is ignored",
    spec: { defaults: { unpullable: ["Ignore"] }, ...exemption("2027-01-01") },
    want: "",
  },
  {
    name: "an annotation silences a warning",
    annotations: { "pullguard.dev/skip": "TagNotFound: pushed later" },
    want: "audit",
  },
  {
    name: "an annotation lifts no denial of itself",
    spec: denyAll,
    annotations: { "pullguard.dev/skip": "TagNotFound: pushed later" },
    want: "deny",
  },
  {
    name: "an annotation lifts a denial where that is allowed",
    spec: { ...denyAll, overrides: { skipAnnotation: "Allow" } },
    annotations: { "pullguard.dev/skip": "DigestNotFound TagNotFound: pushed later" },
    want: "audit",
  },
  {
    name: "an annotation does nothing where it is forbidden",
    spec: { overrides: { skipAnnotation: "Forbid" } },
    annotations: { "pullguard.dev/skip": "TagNotFound: pushed later" },
    want: "warn",
  },
  {
    name: "an annotation for another cause does nothing",
    annotations: { "pullguard.dev/skip": "DigestNotFound: x" },
    want: "warn",
  },
];

describe("a policy", () => {
  for (const { name, spec = {}, mode, finding = found(), labels = {}, annotations = {}, want } of cases) {
    it(name, () => {
      const subject = { namespaceLabels: labels === "unreadable" ? undefined : labels, annotations };
      assert.equal(outcome(decideByPolicy(policyOf(spec, mode), [finding], subject, nowMs)), want);
    });
  }

  it("tells of an exemption that has expired, in a warning and in a denial", () => {
    const subject = { namespaceLabels: {}, annotations: {} };
    const [warning] = decideByPolicy(policyOf(exemption("2026-05-31")), [found()], subject, nowMs).warnings;
    assert.match(warning ?? "", /\(exemption known expired: 2026-05-31\)$/);
    const { denial } = decideByPolicy(policyOf(exemption("2026-05-31"), "deny"), [found()], subject, nowMs);
    assert.match(denial?.message ?? "", /\n {2}exemption known expired: 2026-05-31$/);
  });

  it("records what was decided by what", () => {
    const subject = { namespaceLabels: {}, annotations: {} };
    const { audit } = decideByPolicy(policyOf(exemption("2026-06-02")), [found()], subject, nowMs);
    assert.deepEqual(audit, [
      {
        cause: "TagNotFound",
        gravity: "unpullable",
        image: "reg.test/shop/app:v1",
        message: "there is no tag v1",
        by: "exemption known: it is being moved",
      },
    ]);
  });

  it("tells why an annotation does not count", () => {
    const subject = { namespaceLabels: {}, annotations: { "pullguard.dev/skip": "TagNotFond: x" } };
    assert.deepEqual(decideByPolicy(policyOf({}), [found()], subject, nowMs).warnings.slice(1), [
      'the annotation pullguard.dev/skip is ignored: there is no cause "TagNotFond"; do you mean TagNotFound?',
    ]);
  });

  it("that is off need not look", () => {
    assert.equal(isOff(policyOf({}), { namespaceLabels: { "pullguard.dev/mode": "off" } }), true);
    assert.equal(isOff(policyOf({}, "off"), { namespaceLabels: { "pullguard.dev/mode": "warn" } }), false);
    assert.equal(isOff(policyOf({}), { namespaceLabels: undefined }), false);
    assert.equal(isOff(policyOf({}, "off"), { namespaceLabels: undefined }), true);
    assert.equal(isOff(policyOf(denyAll, "off"), { namespaceLabels: {} }), false);
  });
});

describe("what is told", () => {
  const subject = { namespaceLabels: {}, annotations: {} };
  const advisory = { cause: "NodesDisagree", message: "m", fix: null } as const;

  it("is one line an image, and names what else was noticed", () => {
    const { warnings } = decideByPolicy(policyOf({}), [found({ advisories: [advisory, advisory] })], subject, nowMs);
    assert.deepEqual(warnings, [
      'TagNotFound: spec.template.spec.containers[0].image "reg.test/shop/app:v1": there is no tag v1 (also: NodesDisagree, NodesDisagree)',
    ]);
  });

  it("ends with how many more there are", () => {
    const many = Array.from({ length: 14 }, (_, index) => found({ image: `reg.test/a:${index}` }));
    const { warnings } = decideByPolicy(policyOf({}), many, subject, nowMs);
    assert.equal(warnings.length, 11);
    assert.equal(warnings.at(-1), "pullguard: and 4 more images with findings");
  });

  it("leaves a command on one line, to be copied", () => {
    const command = `kubectl create secret docker-registry <secret> ${"--docker-server=reg.test ".repeat(4).trim()}`;
    for (const [fix, want] of [
      [command, `  fix: ${command}`],
      [`Name a pull secret: ${command}`, `  fix: Name a pull secret:\n    ${command}`],
    ] as const) {
      const { denial } = decideByPolicy(policyOf({}, "deny"), [found({ fix })], subject, nowMs);
      assert.ok(denial?.message.endsWith(`\n${want}`), denial?.message);
    }
  });

  it("fits a terminal of 80 columns where words allow it", () => {
    const words = "the registry says that this is so and not otherwise ".repeat(4);
    const { denial } = decideByPolicy(policyOf({}, "deny"), [found({ message: words, fix: words })], subject, nowMs);
    const lines = denial?.message.split("\n") ?? [];
    assert.ok(lines.length > 6);
    assert.deepEqual(
      lines.filter(({ length }) => length > 80),
      [],
    );
    assert.match(lines[2] ?? "", /^ {2}\S/);
  });
});

describe("the annotation to skip", () => {
  it("names causes and a reason", () => {
    assert.deepEqual(parseSkip("TagNotFound, DigestNotFound: pushed later: by the job"), {
      kind: "skip",
      causes: ["TagNotFound", "DigestNotFound"],
      reason: "pushed later: by the job",
    });
  });
  for (const text of [
    "",
    "TagNotFound",
    "TagNotFound:",
    ": because",
    "Everything: because",
    "TagNotFound Nothing: x",
  ]) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(parseSkip(text).kind, "malformed"));
  }
});
