import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { certificateForecasts, credentialForecasts } from "../../src/audit/index.js";
import { Redacted } from "../../src/core/index.js";
import { credentialExpiry, type RegistryCredential } from "../../src/credentials/index.js";
import type { ServedCertificate } from "../../src/registry/index.js";
import { createAuthority } from "../support/authority.js";

function served(pem: string): ServedCertificate {
  const certificate = new X509Certificate(pem);
  const { subject, issuer, fingerprint256, validFrom, validTo, ca } = certificate;
  return {
    ...{ subject, issuer, fingerprint256, validFrom, validTo, names: [], isAuthority: ca, pem },
    selfIssued: subject === issuer,
  };
}

function segment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

const endSeconds = 1_900_000_000;
const jwt = `${segment({ alg: "RS256" })}.${segment({ sub: "robot", exp: endSeconds })}.c2ln`;
const ecr = Buffer.from(JSON.stringify({ payload: "x", expiration: endSeconds })).toString("base64");

describe("what ends by itself", () => {
  it("is a registry's certificate, and the authority among those that nodes trust", async () => {
    const [authority, other] = await Promise.all([createAuthority("Shop CA"), createAuthority("Other CA")]);
    const notAfter = new Date("2030-05-01T00:00:00Z");
    const leaf = await authority.issue({ names: ["reg.test"], notAfter });
    const trust = [{ extraCaPems: [`${other.certificatePem}\n${authority.certificatePem}`] }];
    const chain = [served(leaf.chainPem)];
    const forecasts = certificateForecasts("reg.test", "reg.test", chain, trust);
    assert.deepEqual(
      forecasts.map(({ what }) => what),
      ["certificate", "authority"],
    );
    assert.equal(forecasts[0]?.expires, notAfter.toISOString());
    assert.match(forecasts[1]?.name ?? "", /Shop CA/);
    assert.deepEqual(
      certificateForecasts("reg.test", "reg.test", chain, [{ extraCaPems: [other.certificatePem] }]).map(
        ({ what }) => what,
      ),
      ["certificate"],
    );
    const whole = [...chain, served(authority.certificatePem)];
    assert.deepEqual(
      certificateForecasts("reg.test", "reg.test", whole, trust).map(({ what }) => what),
      ["certificate", "authority"],
    );
  });

  const credentials: readonly (readonly [string, string, string, string, number | null | undefined])[] = [
    ["a JSON Web Token", "robot", jwt, "reg.test", endSeconds * 1000],
    ["a password of ECR", "AWS", ecr, "1.dkr.ecr.eu-west-1.amazonaws.com", endSeconds * 1000],
    ["a password of ECR that cannot be read", "AWS", "opaque", "1.dkr.ecr.eu-west-1.amazonaws.com", null],
    ["a robot account of Harbor", "robot$ci", "s3cret", "harbor.test", null],
    ["an access token of Google", "oauth2accesstoken", "ya29.abc", "europe-docker.pkg.dev", null],
    ["a password", "me", "s3cret", "reg.test", undefined],
    ["a password that merely looks like a token", "me", "eyJhbGciOiJub25lIn0.bm8.x", "reg.test", undefined],
    [
      "a token with an end that no date holds",
      "me",
      `${segment({ a: 1 })}.${segment({ exp: 1e300 })}.x`,
      "reg.test",
      undefined,
    ],
  ];
  for (const [name, username, password, registry, want] of credentials) {
    it(`is ${want === undefined ? "not " : want === null ? "hidden in " : "read from "}${name}`, () => {
      const found = credentialExpiry({ username, password: new Redacted(password) }, registry);
      assert.equal(found.kind === "at" ? found.expiresMs : found.kind === "hidden" ? null : undefined, want);
      assert.ok(!JSON.stringify(found).includes(password));
    });
  }

  it("is told of each Secret's entry once, by name and not by content", () => {
    const credential: RegistryCredential = {
      username: "robot",
      password: new Redacted(jwt),
      origin: { kind: "secret", namespace: "shop", name: "login", key: "reg.test" },
      identity: "i",
    };
    const forecasts = credentialForecasts("reg.test", [credential, { ...credential }]);
    assert.equal(forecasts.length, 1);
    assert.equal(forecasts[0]?.name, "Secret shop/login (reg.test)");
    assert.ok(!JSON.stringify(forecasts).includes(jwt));
  });
});
