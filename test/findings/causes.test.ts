import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { causeCodes, causeEntry, explainCause, findingsPage, judgeFailed } from "../../src/findings/index.js";
import type { FailedAttempt, FailureReason } from "../../src/prediction/index.js";
import { diagnosisContext, registryHost } from "../support/builders.js";

import { anonymous401, failed, host, provoked, secret } from "./provocations.js";

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
    profile: { ...diagnosisContext().profile, trust: "unknown", credentials: { kind: "unknown" } },
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

  it("does not blame a Secret that the runtime kept from a mirror", () => {
    const withheld = registryHost("mirror.test", { mirrorOf: "reg.test", kubeletCredentials: "withheld" });
    const shown = {
      host: withheld,
      reason: { kind: "status", status: 401, authorization: "basic", challenges: ["basic"], errors: [] },
    } as const;
    const attempt = { kind: "failed", credential: secret, shown, failures: [shown] } as const;
    const judgement = judgeFailed({ kind: "failed", attempts: [attempt] }, diagnosisContext());
    assert.equal(judgement.cause, "PullSecretMissing");
    assert.match(judgement.message, /mirror\.test .*sends those of the Pod to reg\.test only/);
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
