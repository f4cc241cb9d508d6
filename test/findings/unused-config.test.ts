import assert from "node:assert/strict";
import { type CauseCode, judgeFailed, judgePulled } from "../../src/findings/index.js";
import type { NodeConfigIssue } from "../../src/node/index.js";
import type { FailureReason } from "../../src/prediction/index.js";
import { diagnosisContext, registryHost } from "../support/builders.js";

const host = registryHost("reg.test");
const notUsed: NodeConfigIssue = {
  code: "RegistryConfigNotUsed",
  message: "not used: config_path is not set",
  origin: { file: "/etc/containerd/certs.d/reg.test/hosts.toml" },
  fix: "Set config_path.",
};
const withMirror: NodeConfigIssue = { ...notUsed, lostHosts: ["m.test"] };
const ignored: NodeConfigIssue = { ...notUsed, code: "HostsFileIgnored", message: "ignores this file" };
const certificate: NodeConfigIssue = { ...notUsed, origin: { file: "/etc/docker/certs.d/reg.test/ca.crt" } };
const invalid: NodeConfigIssue = {
  code: "RuntimeConfigInvalid",
  message: "does not start with it",
  origin: { file: "/etc/containerd/config.toml", line: 3 },
};

const untrusted: FailureReason = {
  kind: "fault",
  fault: { kind: "certificate", reason: "unknown-authority", message: "m" },
};
const expired: FailureReason = { kind: "fault", fault: { kind: "certificate", reason: "expired", message: "m" } };
const plain: FailureReason = { kind: "fault", fault: { kind: "plain-http", message: "m" } };
const down: FailureReason = { kind: "fault", fault: { kind: "refused", message: "m" } };
const missing: FailureReason = { kind: "not-found", object: "manifests/v1" };
const denied: FailureReason = { kind: "status", status: 403, authorization: "none", challenges: [], errors: [] };

function judged(reason: FailureReason, issues: readonly NodeConfigIssue[], unseenHosts?: true) {
  const failure = { host, reason };
  return judgeFailed(
    { kind: "failed", attempts: [{ kind: "failed", shown: failure, failures: [failure] }] },
    diagnosisContext({ issues, ...(unseenHosts && { unseenHosts }) }),
  );
}

describe("node configuration that is not used", () => {
  const cases: readonly {
    readonly name: string;
    readonly reason: FailureReason;
    readonly issue: NodeConfigIssue;
    readonly want: readonly [CauseCode, "unpullable" | "unknown", readonly CauseCode[]];
  }[] = [
    { name: "trust", reason: untrusted, issue: notUsed, want: ["RegistryConfigNotUsed", "unpullable", []] },
    { name: "plain HTTP", reason: plain, issue: ignored, want: ["RegistryConfigNotUsed", "unpullable", []] },
    {
      name: "a certificate that lies elsewhere",
      reason: untrusted,
      issue: certificate,
      want: ["RegistryConfigNotUsed", "unpullable", []],
    },
    {
      name: "a mirror that would have had it",
      reason: missing,
      issue: withMirror,
      want: ["RegistryConfigNotUsed", "unpullable", []],
    },
    {
      name: "a mirror that would have been up",
      reason: down,
      issue: withMirror,
      want: ["RegistryConfigNotUsed", "unknown", []],
    },
    {
      name: "no mirror",
      reason: missing,
      issue: notUsed,
      want: ["TagNotFound", "unpullable", ["RegistryConfigNotUsed"]],
    },
    {
      name: "an expired certificate",
      reason: expired,
      issue: notUsed,
      want: ["CertificateExpired", "unpullable", ["RegistryConfigNotUsed"]],
    },
    {
      name: "missing rights",
      reason: denied,
      issue: withMirror,
      want: ["AccessDenied", "unpullable", ["RegistryConfigNotUsed"]],
    },
    {
      name: "missing rights beside a certificate",
      reason: denied,
      issue: certificate,
      want: ["AccessDenied", "unpullable", []],
    },
    {
      name: "a configuration that is refused",
      reason: denied,
      issue: invalid,
      want: ["AccessDenied", "unpullable", ["RuntimeConfigBroken"]],
    },
  ];
  for (const { name, reason, issue, want } of cases) {
    it(`is blamed or advised: ${name}`, () => {
      const { cause, verdict, advisories = [] } = judged(reason, [issue]);
      assert.deepEqual([cause, verdict, advisories.map((advice) => advice.cause)], want);
    });
  }

  it("keeps the symptom, names the place and brings its own repair", () => {
    const { message, fix } = judged(plain, [notUsed]);
    assert.match(
      message,
      /^reg\.test speaks plain HTTP.*; \/etc\/containerd\/certs\.d\/reg\.test\/hosts\.toml: not used: config_path is not set$/,
    );
    assert.equal(fix, "Set config_path.");
    assert.match(
      judged(plain, [{ ...ignored, origin: { file: "/x/hosts.toml", line: 7 } }]).message,
      /\/x\/hosts\.toml/,
    );
  });

  it("is advised beside a pull that succeeds", () => {
    const attempt = { kind: "pulled", digest: "sha256:0", mediaType: "m", via: host } as const;
    const { verdict, advisories } = judgePulled(
      { kind: "pulled", attempt, identity: "anonymous" },
      diagnosisContext().reference,
      [notUsed, certificate],
    );
    assert.deepEqual(
      [verdict, advisories],
      [
        "pullable",
        [
          {
            cause: "RegistryConfigNotUsed",
            message: "/etc/containerd/certs.d/reg.test/hosts.toml: not used: config_path is not set",
            fix: "Set config_path.",
          },
        ],
      ],
    );
  });

  it("nothing is certain where the hosts are not known", () => {
    const unread: NodeConfigIssue = { ...notUsed, code: "HostsFileUnreadable", message: "Pullguard cannot read it" };
    for (const reason of [untrusted, missing, denied]) {
      const { verdict, message } = judged(reason, [unread], true);
      assert.equal(verdict, "unknown");
      assert.match(message, /Pullguard cannot read it/);
    }
  });
});
