import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  type CauseCode,
  causeCodes,
  causeEntry,
  type DiagnosisContext,
  explainCause,
  findingsPage,
  type Judgement,
  judgeFailed,
  judgeMalformedSecret,
  judgeOwnFault,
  judgePlan,
  mergeJudgements,
} from "../../src/findings/index.js";
import type { HostPlan } from "../../src/node/index.js";
import type { ContentProblem, FailedAttempt, FailureReason } from "../../src/prediction/index.js";
import type { AuthRefusal, TransportFault } from "../../src/registry/index.js";
import { diagnosisContext, registryHost } from "../support/builders.js";

const host = registryHost("reg.test");
const secret = { kind: "secret", namespace: "shop", name: "pull", key: "reg.test" } as const;

function failed(
  reason: FailureReason,
  values: Partial<Extract<FailedAttempt, { kind: "failed" }>> = {},
  context?: DiagnosisContext,
): Judgement {
  const failure = { host, reason };
  const attempt: FailedAttempt = { kind: "failed", shown: failure, failures: [failure], ...values };
  return judgeFailed({ kind: "failed", attempts: [attempt] }, context ?? diagnosisContext());
}

const fault = (given: TransportFault): Judgement => failed({ kind: "fault", fault: given });
const refused = (refusal: AuthRefusal): Judgement => failed({ kind: "refused", refusal });
const certificate = (reason: Extract<TransportFault, { kind: "certificate" }>["reason"]): Judgement =>
  fault({ kind: "certificate", reason, message: "m" });
const content = (problem: ContentProblem): Judgement =>
  judgeFailed({ kind: "failed", attempts: [{ kind: "content", via: host, problem }] }, diagnosisContext());
const status = (code: number): Judgement =>
  failed({ kind: "status", status: code, authorization: "none", challenges: [], errors: [] });
const anonymous401 = (readings: DiagnosisContext["secrets"]["readings"]): Judgement =>
  failed(
    { kind: "refused", refusal: { kind: "no-credentials", scheme: "basic" } },
    {},
    diagnosisContext({ secrets: { readings, nearMisses: [], versionDependent: false, mayAppear: false } }),
  );
const refusedHosts = (reason: Extract<HostPlan, { kind: "refused" }>["reason"]): Judgement => {
  const plan = {
    kind: "refused",
    reason,
    message: "the nodes refuse it",
    origin: { file: "/etc/x" },
    issues: [],
  } as const;
  return judgePlan("x", { kind: "hosts-refused", reference: diagnosisContext().reference, plan }, diagnosisContext());
};
const digest = `sha256:${"a".repeat(64)}`;

/** One way to each published cause. The type makes the compiler refuse a cause without one. */
const provoked: Readonly<Record<CauseCode, () => Judgement>> = {
  InvalidImageName: () =>
    judgePlan(
      "http://reg.test/x",
      { kind: "invalid-name", fault: { code: "InvalidFormat", message: "invalid reference format" } },
      diagnosisContext(),
    ),
  ImageNameDependsOnNode: () =>
    judgePlan(
      "FOO/bar",
      { kind: "name-depends", grammar: "legacy", fault: { code: "UppercaseName", message: "m" } },
      diagnosisContext(),
    ),
  PullPolicyNever: () => judgePlan("x", { kind: "no-pull" }, diagnosisContext()),
  PlainHttpRegistry: () => fault({ kind: "plain-http", message: "m" }),
  CertificateUntrusted: () => certificate("unknown-authority"),
  CertificateSelfSigned: () => certificate("self-signed"),
  CertificateExpired: () => certificate("expired"),
  CertificateNotYetValid: () => certificate("not-yet-valid"),
  CertificateNameMismatch: () => certificate("wrong-name"),
  CertificateInvalid: () => certificate("other"),
  ClientCertificateRequired: () => fault({ kind: "client-certificate-required", message: "m" }),
  TlsVersionUnsupported: () => fault({ kind: "tls-version", message: "m" }),
  TlsHandshakeFailed: () => fault({ kind: "tls-handshake", message: "m" }),
  NodeTrustFileBroken: () =>
    judgePlan(
      "reg.test/x",
      {
        kind: "hosts-broken",
        reference: diagnosisContext().reference,
        plan: {
          kind: "broken",
          message: "unable to read CA cert",
          origin: { file: "/etc/containerd/certs.d/reg.test/hosts.toml" },
          issues: [],
        },
      },
      diagnosisContext(),
    ),
  RegistryBlocked: () => refusedHosts("registry-blocked"),
  SignaturePolicyRejects: () => refusedHosts("signature-policy"),
  ShortNameUnresolved: () => refusedHosts("short-name-unresolved"),
  ShortNameAmbiguous: () => refusedHosts("short-name-ambiguous"),
  NoResolveHost: () => judgeFailed({ kind: "failed", attempts: [{ kind: "no-hosts" }] }, diagnosisContext()),
  RegistryNameNotFound: () => fault({ kind: "name-not-found", message: "m" }),
  RegistryConnectionRefused: () => fault({ kind: "refused", message: "m" }),
  RegistryUnreachable: () => fault({ kind: "reset", message: "m" }),
  RegistryTimeout: () => fault({ kind: "timeout", phase: "connect", message: "m" }),
  RegistryUnavailable: () => status(503),
  RegistryRateLimited: () => status(429),
  RegistryAddressForbidden: () => fault({ kind: "address-forbidden", message: "m" }),
  RegistryProtocolError: () => fault({ kind: "malformed-response", message: "m" }),
  RegistryRejected: () => status(400),
  PullSecretMissing: () => anonymous401([]),
  PullSecretNotFound: () => anonymous401([{ kind: "not-found", name: "pull" }]),
  PullSecretWrongType: () => anonymous401([{ kind: "ignored", name: "pull", reason: "wrong-type", type: "Opaque" }]),
  PullSecretMalformed: () => judgeMalformedSecret({ name: "pull", message: "illegal base64 data" }, diagnosisContext()),
  PullSecretForOtherRegistry: () => anonymous401([{ kind: "usable", name: "pull", keys: ["other.test"] }]),
  PullSecretUnreadable: () => anonymous401([{ kind: "unreadable", name: "pull", reason: "no right to get secrets" }]),
  CredentialsRejected: () =>
    failed(
      { kind: "status", status: 401, authorization: "basic", challenges: ["basic"], errors: [] },
      { credential: secret },
    ),
  AccessDenied: () =>
    failed(
      { kind: "status", status: 403, authorization: "bearer", challenges: [], errors: [] },
      { credential: secret },
    ),
  RepositoryHidden: () =>
    failed({ kind: "status", status: 401, authorization: "bearer", challenges: ["bearer"], errors: [] }),
  AuthenticationUnsupported: () =>
    failed({ kind: "status", status: 401, authorization: "none", challenges: ["negotiate"], errors: [] }),
  TokenServerUnavailable: () =>
    refused({ kind: "token-status", realm: "https://t.test/token", status: 503, anonymous: true }),
  TokenResponseInvalid: () => refused({ kind: "token-unreadable", realm: "https://t.test/token", anonymous: true }),
  TokenRealmInsecure: () => refused({ kind: "realm-refused", message: "m" }),
  TagNotFound: () => failed({ kind: "not-found", object: "manifests/v1" }),
  RepositoryNotFound: () =>
    failed({ kind: "not-found", object: "manifests/v1" }, { hints: { repository: "missing", similarTags: [] } }),
  DigestNotFound: () =>
    failed(
      { kind: "not-found", object: `manifests/${digest}` },
      {},
      diagnosisContext({ reference: { written: "x", domain: "reg.test", path: "team/app", digest } }),
    ),
  PlatformNotFound: () => content({ kind: "platform-missing", wanted: "linux/amd64", offered: ["linux/arm64"] }),
  PlatformUnknown: () => content({ kind: "platform-unknown", offered: ["linux/arm64"] }),
  ManifestCorrupt: () => content({ kind: "digest-mismatch", expected: digest, actual: digest }),
  ManifestMissing: () => content({ kind: "child-missing", digest }),
  ManifestUnreadable: () => content({ kind: "unreadable", digest, reason: "not JSON" }),
  ManifestTypeUnsupported: () => content({ kind: "unsupported-type", digest, mediaType: "application/json" }),
  ManifestTooLarge: () => failed({ kind: "manifest-too-large", sizeBytes: 5_000_000 }),
  ManifestSchema1: () => content({ kind: "schema1", digest }),
  DeadlineExceeded: () => judgeFailed({ kind: "failed", attempts: [{ kind: "unfinished" }] }, diagnosisContext()),
  NodesDisagree: () =>
    mergeJudgements([
      { where: "old nodes", judgement: status(400) },
      { where: "new nodes", judgement: { ...status(400), verdict: "pullable" } },
    ]),
  CheckFailed: () => judgeOwnFault(),
};

describe("the catalogue of causes", () => {
  for (const code of causeCodes) {
    it(`${code} is reached, with the verdict and kubelet reason of the catalogue`, () => {
      const judgement = provoked[code]();
      const entry = causeEntry(code);
      if (entry.persistence === "advice") {
        assert.deepEqual(
          judgement.advisories?.map(({ cause }) => cause),
          [code],
        );
        return;
      }
      assert.equal(judgement.cause, code);
      const certain = { permanent: "unpullable", transient: "unknown", none: "skipped" }[entry.persistence];
      // A certificate that fails for a reason nobody can name is never firm.
      assert.equal(judgement.verdict, code === "CertificateInvalid" ? "unknown" : certain);
      if (code !== "NodesDisagree") assert.equal(judgement.kubeletReason, entry.kubeletReason);
      assert.doesNotMatch(judgement.message, /[\n\r]/);
      assert.ok(judgement.message.length > 10);
    });
  }

  it("explains every code and no other", () => {
    for (const code of causeCodes) assert.match(explainCause(code) ?? "", new RegExp(`^## ${code}\n`));
    assert.equal(explainCause("toString"), undefined);
  });

  it("is what docs/findings.md shows", () => {
    assert.equal(readFileSync("docs/findings.md", "utf8"), findingsPage());
  });
});

describe("what is not known of the nodes", () => {
  const unseen = diagnosisContext({
    profile: { trust: "unknown", credentials: { kind: "unknown" }, hostsRoot: "/etc/containerd/certs.d" },
  });

  for (const [name, reason] of [
    [
      "an unknown authority",
      { kind: "fault", fault: { kind: "certificate", reason: "unknown-authority", message: "m" } },
    ],
    ["an expired certificate", { kind: "fault", fault: { kind: "certificate", reason: "expired", message: "m" } }],
    ["plain HTTP", { kind: "fault", fault: { kind: "plain-http", message: "m" } }],
    ["a private registry without a Secret", { kind: "refused", refusal: { kind: "no-credentials", scheme: "basic" } }],
  ] as const satisfies readonly (readonly [string, FailureReason])[]) {
    it(`leaves ${name} unknown and says what would settle it`, () => {
      const judgement = failed(reason, {}, unseen);
      assert.equal(judgement.verdict, "unknown");
      assert.match(judgement.message, /not known/);
    });
  }

  it("does not soften a tag that does not exist", () => {
    assert.equal(failed({ kind: "not-found", object: "manifests/v1" }, {}, unseen).verdict, "unpullable");
  });
});

describe("parts of a Secret that the kubelet ignores", () => {
  it("are named where they explain why no credential was sent", () => {
    const notes = [{ code: "CredentialHelpersIgnored" }] as const;
    const judgement = anonymous401([{ kind: "usable", name: "pull", keys: [], notes }]);
    assert.equal(judgement.cause, "PullSecretForOtherRegistry");
    assert.match(judgement.message, /ignores its credHelpers/);
  });

  it("are named where an entry holds nothing but a token", () => {
    const notes = [{ code: "TokenIgnored", key: "reg.test" }] as const;
    const readings = [{ kind: "usable", name: "pull", keys: ["reg.test"], notes }] as const;
    const judgement = failed(
      { kind: "refused", refusal: { kind: "no-credentials", scheme: "basic" } },
      { credential: secret },
      diagnosisContext({ secrets: { readings, nearMisses: [], versionDependent: false, mayAppear: false } }),
    );
    assert.match(judgement.message, /ignores its identitytoken/);
  });
});

describe("several hosts and several credentials", () => {
  it("never calls an image unpullable while a mirror that is down may have it", () => {
    const shown = { host, reason: { kind: "not-found", object: "manifests/v1" } } as const;
    const down = {
      host: registryHost("mirror.test", { mirrorOf: "reg.test" }),
      reason: { kind: "fault", fault: { kind: "refused", message: "m" } },
    } as const;
    const judgement = judgeFailed(
      { kind: "failed", attempts: [{ kind: "failed", shown, failures: [down, shown] }] },
      diagnosisContext(),
    );
    assert.equal(judgement.verdict, "unknown");
    assert.match(judgement.message, /mirror\.test/);
  });

  it("tells what is wrong with the image rather than with the first of two credentials", () => {
    const rejected: FailedAttempt = {
      kind: "failed",
      credential: secret,
      shown: {
        host,
        reason: { kind: "status", status: 401, authorization: "basic", challenges: ["basic"], errors: [] },
      },
      failures: [],
    };
    const missing: FailedAttempt = {
      kind: "failed",
      shown: { host, reason: { kind: "not-found", object: "manifests/v1" } },
      failures: [],
    };
    assert.equal(
      judgeFailed({ kind: "failed", attempts: [rejected, missing] }, diagnosisContext()).cause,
      "TagNotFound",
    );
  });

  it("leaves a Secret that may still be created in doubt, and names it", () => {
    const judgement = failed(
      { kind: "refused", refusal: { kind: "no-credentials", scheme: "basic" } },
      {},
      diagnosisContext({
        secrets: {
          readings: [{ kind: "not-found", name: "later" }],
          nearMisses: [],
          versionDependent: false,
          mayAppear: true,
        },
      }),
    );
    assert.equal(judgement.verdict, "unknown");
    assert.match(judgement.message, /shop\/later/);
  });
});
