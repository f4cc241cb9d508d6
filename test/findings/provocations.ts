import assert from "node:assert/strict";
import {
  type Advisory,
  adviseDisk,
  adviseRateLimit,
  adviseTime,
  type CauseCode,
  type DiagnosisContext,
  type Judgement,
  judgeDoubted,
  judgeFailed,
  judgeMalformedSecret,
  judgeNeverPulled,
  judgeOverloaded,
  judgeOwnFault,
  judgePlan,
  judgePresent,
  judgeProof,
  judgePulled,
  mergeJudgements,
  type PullTimeFacts,
} from "../../src/findings/index.js";
import type { HostPlan, HostPlanDoubt } from "../../src/node/index.js";
import {
  type ContentAdvice,
  type ContentProblem,
  type FailedAttempt,
  type FailureReason,
  type PulledAttempt,
  pullRules,
} from "../../src/prediction/index.js";
import type { AuthRefusal, TransportFault } from "../../src/registry/index.js";
import { diagnosisContext, registryHost } from "../support/builders.js";

export const host = registryHost("reg.test");
export const secret = { kind: "secret", namespace: "shop", name: "pull", key: "reg.test" } as const;

export function failed(
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
export const anonymous401 = (readings: DiagnosisContext["secrets"]["readings"]): Judgement =>
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
const unused = {
  code: "RegistryConfigNotUsed",
  message: "not used: config_path is not set",
  origin: { file: "/etc/containerd/certs.d/reg.test/hosts.toml" },
} as const;
const absent = (): Judgement => {
  const judgement = judgeNeverPulled(diagnosisContext().reference, { on: [], missing: ["a", "b"], unsure: [] });
  if (judgement === undefined) throw new Error("that is certain");
  return judgement;
};
const advised = (advisories: readonly (Advisory | undefined)[]): Judgement => ({
  ...status(503),
  advisories: advisories.filter((advisory) => advisory !== undefined),
});
const slow: PullTimeFacts = {
  estimate: { bytes: 1e9, waitMs: 0, totalMs: 1000, throttled: 0, assumptions: [] },
  rules: pullRules({}),
  deadline: { seconds: 600, field: "progressDeadlineSeconds" },
  podsOnNode: 1,
  images: 1,
  queuedPods: 3,
};
const digest = `sha256:${"a".repeat(64)}`;
const layer = { kind: "layer", index: 1, count: 3, digest } as const;
/** The finding of an image that is pulled, told as if it were about its first advice. */
const contentAdvised = (advice: ContentAdvice): Judgement => {
  const attempt: PulledAttempt = {
    kind: "pulled",
    digest,
    mediaType: "m",
    via: host,
    content: { advices: [advice] },
  };
  const judgement = judgePulled({ kind: "pulled", attempt, identity: "anonymous" }, diagnosisContext().reference);
  assert.equal(judgement.verdict, "pullable");
  return judgement;
};
const doubted = (kind: HostPlanDoubt["kind"]): Judgement => {
  const attempt = { kind: "pulled", digest, mediaType: "m", via: host } as const;
  const pulled = judgePulled({ kind: "pulled", attempt, identity: "anonymous" }, diagnosisContext().reference);
  return judgeDoubted(pulled, { kind, message: "m", origin: { file: "/etc/x" } });
};

/** One way to each published cause. The type makes the compiler refuse a cause without one. */
export const provoked: Readonly<Record<CauseCode, () => Judgement>> = {
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
  NodeConfigUnread: () => doubted("unread"),
  SignatureNotChecked: () => doubted("signature"),
  PullPolicyNever: () =>
    judgePlan("x", { kind: "no-pull", reference: diagnosisContext().reference }, diagnosisContext()),
  ImageOnNode: () => judgePresent(diagnosisContext().reference, { on: ["a"], missing: [], unsure: [] }, false),
  ImageNeverPulledAbsent: () => absent(),
  PresentImageNeedsProof: () => judgeProof(status(503), { on: ["a", "b"], missing: [], unsure: [] }),
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
  RuntimeConfigBroken: () =>
    judgePlan(
      "reg.test/x",
      {
        kind: "hosts-broken",
        reference: diagnosisContext().reference,
        plan: {
          kind: "broken",
          message: "the CRI plugin does not load",
          origin: { file: "/etc/containerd/config.toml", line: 9 },
          issues: [],
          everyImage: true,
        },
      },
      diagnosisContext(),
    ),
  RegistryConfigNotUsed: () =>
    failed({ kind: "fault", fault: { kind: "plain-http", message: "m" } }, {}, diagnosisContext({ issues: [unused] })),
  RegistryBlocked: () => refusedHosts("registry-blocked"),
  SignaturePolicyRejects: () => refusedHosts("signature-policy"),
  ShortNameUnresolved: () => refusedHosts("short-name-unresolved"),
  ShortNameAmbiguous: () => refusedHosts("short-name-ambiguous"),
  NoResolveHost: () => judgeFailed({ kind: "failed", attempts: [{ kind: "no-hosts" }] }, diagnosisContext()),
  RegistryNameNotFound: () => fault({ kind: "name-not-found", message: "m" }),
  RegistryConnectionRefused: () => fault({ kind: "refused", message: "m" }),
  RegistryUnreachable: () => fault({ kind: "reset", message: "m" }),
  RegistryTimeout: () => fault({ kind: "timeout", phase: "connect", message: "m" }),
  ProxyUnreachable: () => fault({ kind: "proxy-unreachable", message: "m" }),
  ProxyAuthenticationRequired: () => fault({ kind: "proxy-authentication", message: "m" }),
  ProxyRefused: () => fault({ kind: "proxy-refused", message: "m" }),
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
  ConfigMissing: () => content({ kind: "blob-missing", blob: { kind: "config", digest } }),
  ConfigCorrupt: () => content({ kind: "blob-digest", blob: { kind: "config", digest }, actual: digest }),
  ConfigUnreadable: () => content({ kind: "config-unreadable", digest, reason: "invalid JSON" }),
  ConfigInconsistent: () => content({ kind: "layer-count", layers: 3, diffIds: 2 }),
  ArtifactNotImage: () => content({ kind: "not-an-image", mediaType: "application/vnd.cncf.helm.config.v1+json" }),
  LayerTypeUnsupported: () => content({ kind: "layer-type", blob: layer, mediaType: "application/x-layer" }),
  LayerMissing: () => content({ kind: "blob-missing", blob: layer }),
  LayerSizeMismatch: () => content({ kind: "blob-size", blob: layer, declaredBytes: 7, actualBytes: 9 }),
  LayerCorrupt: () => content({ kind: "blob-digest", blob: layer, actual: digest }),
  LayerUnreadable: () => content({ kind: "layer-unpack", blob: layer, reason: "archive/tar: invalid tar header" }),
  LayerDiffIdMismatch: () => content({ kind: "layer-diff-id", blob: layer, expected: digest, actual: digest }),
  LayersUnverified: () =>
    judgeFailed(
      { kind: "failed", attempts: [{ kind: "unverified", blob: layer, reason: "the connection broke off" }] },
      diagnosisContext(),
    ),
  ArchitectureMismatch: () => contentAdvised({ kind: "architecture", image: "linux/arm64", node: "linux/amd64" }),
  ArtifactCannotStart: () =>
    contentAdvised({ kind: "artifact", mediaType: "application/vnd.cncf.helm.config.v1+json" }),
  LayerPathEscapes: () => contentAdvised({ kind: "layer-escape", blob: layer, path: "../../etc/passwd" }),
  DeadlineExceeded: () => judgeFailed({ kind: "failed", attempts: [{ kind: "unfinished" }] }, diagnosisContext()),
  PullTooSlow: () => advised(adviseTime({ ...slow, estimate: { ...slow.estimate, totalMs: 700_000 } })),
  PullQueued: () => advised(adviseTime({ ...slow, estimate: { ...slow.estimate, waitMs: 90_000, totalMs: 100_000 } })),
  PullThrottled: () => advised(adviseTime({ ...slow, estimate: { ...slow.estimate, throttled: 7 } })),
  NodeDiskTooSmall: () =>
    advised([adviseDisk({ node: "a", lackingBytes: 9e9, keepsPacked: true, storageBytes: 2e10, imagesBytes: 0 })]),
  RateLimitNear: () =>
    advised([
      adviseRateLimit({ registry: "reg.test", reading: { remaining: 12, limit: 100 }, needed: 200, spared: false }),
    ]),
  NodesDisagree: () =>
    mergeJudgements([
      { where: "old nodes", judgement: status(400) },
      { where: "new nodes", judgement: { ...status(400), verdict: "pullable" } },
    ]),
  CheckFailed: () => judgeOwnFault(),
  RegistryNotAsked: () => fault({ kind: "over-budget", message: "reg.test: 32 requests are under way" }),
  PullguardOverloaded: () => judgeOverloaded(diagnosisContext().reference),
};
