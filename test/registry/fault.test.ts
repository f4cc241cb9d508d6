import assert from "node:assert/strict";
import { namesMatch } from "../../src/registry/certificate.js";
import { classifyError, type FaultPhase } from "../../src/registry/fault.js";
import { foreignText, shownUrl } from "../../src/registry/foreign-text.js";

const coded = (code: string) => Object.assign(new Error("text that changes"), { code });

describe("classification of what Node and undici throw", () => {
  const cases: { code: string; phase: FaultPhase; want: string }[] = [
    { code: "ENOTFOUND", phase: "connect", want: "name-not-found" },
    { code: "EAI_AGAIN", phase: "connect", want: "name-lookup-failed" },
    { code: "EAI_FAIL", phase: "connect", want: "name-lookup-failed" },
    { code: "ECONNREFUSED", phase: "connect", want: "refused" },
    { code: "ECONNRESET", phase: "tls", want: "reset" },
    { code: "EPIPE", phase: "headers", want: "reset" },
    { code: "UND_ERR_SOCKET", phase: "headers", want: "reset" },
    { code: "EHOSTUNREACH", phase: "connect", want: "unreachable" },
    { code: "ENETUNREACH", phase: "connect", want: "unreachable" },
    { code: "ETIMEDOUT", phase: "connect", want: "timeout connect" },
    { code: "ETIMEDOUT", phase: "tls", want: "timeout tls" },
    { code: "ETIMEDOUT", phase: "headers", want: "timeout headers" },
    { code: "UND_ERR_CONNECT_TIMEOUT", phase: "headers", want: "timeout connect" },
    { code: "UND_ERR_HEADERS_TIMEOUT", phase: "headers", want: "timeout headers" },
    { code: "UND_ERR_BODY_TIMEOUT", phase: "body", want: "timeout body" },
    { code: "HPE_INVALID_CONSTANT", phase: "headers", want: "malformed-response" },
    { code: "HPE_INVALID_CHUNK_SIZE", phase: "body", want: "malformed-response" },
    { code: "UND_ERR_HEADERS_OVERFLOW", phase: "headers", want: "response-too-large" },
    { code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", phase: "tls", want: "tls-version" },
    { code: "ERR_SSL_UNSUPPORTED_PROTOCOL", phase: "tls", want: "tls-version" },
    { code: "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", phase: "tls", want: "tls-handshake" },
    { code: "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", phase: "tls", want: "tls-handshake" },
    { code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", phase: "headers", want: "client-certificate-required" },
    { code: "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", phase: "tls", want: "client-certificate-required" },
    { code: "ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", phase: "tls", want: "client-certificate-required" },
    { code: "ERR_SOMETHING_NEW", phase: "connect", want: "unreachable" },
    { code: "ERR_SOMETHING_NEW", phase: "tls", want: "tls-handshake" },
    { code: "ERR_SOMETHING_NEW", phase: "headers", want: "malformed-response" },
    { code: "ERR_SOMETHING_NEW", phase: "body", want: "reset" },
  ];
  for (const { code, phase, want } of cases) {
    it(`${code} while waiting for ${phase} is ${want}`, () => {
      const told = classifyError(coded(code), phase, "reg.test:443");
      assert.equal(told.kind === "timeout" ? `timeout ${told.phase}` : told.kind, want);
      assert.match(told.message, /^reg\.test:443: /);
    });
  }

  it("of several addresses tried, a refusal says more than a missing route", () => {
    const both = new AggregateError([coded("ENETUNREACH"), coded("ECONNREFUSED")]);
    assert.equal(classifyError(both, "connect", "reg.test").kind, "refused");
  });
});

describe("names of a certificate", () => {
  const cases = [
    { pattern: "reg.test", hostname: "REG.test", want: true },
    { pattern: "reg.test", hostname: "reg.test.", want: true },
    { pattern: "*.reg.test", hostname: "a.reg.test", want: true },
    { pattern: "*.reg.test", hostname: "a.b.reg.test", want: false },
    { pattern: "*.reg.test", hostname: "reg.test", want: false },
    { pattern: "*.local", hostname: "registry.local", want: true },
    { pattern: "a*.reg.test", hostname: "ab.reg.test", want: false },
    { pattern: "reg.*.test", hostname: "reg.a.test", want: false },
    { pattern: "10.0.0.1", hostname: "10.0.0.1", want: true },
    { pattern: "10.0.0.1", hostname: "10.0.0.2", want: false },
    { pattern: "*.0.0.1", hostname: "10.0.0.1", want: false },
    { pattern: "0:0:0:0:0:0:0:1", hostname: "::1", want: true },
    { pattern: "reg.test", hostname: "other.test", want: false },
  ];
  for (const { pattern, hostname, want } of cases) {
    it(`${pattern} ${want ? "covers" : "does not cover"} ${hostname}`, () => {
      assert.equal(namesMatch(pattern, hostname), want);
    });
  }
});

describe("texts that a registry chose", () => {
  it("become one line of at most 200 characters without control or direction characters", () => {
    assert.equal(foreignText("a\r\nb\u001b[31mc\u202ed"), "a b [31mc d");
    assert.equal([...foreignText("😀".repeat(300))].length, 200);
  });

  it("addresses show neither user nor foreign query", () => {
    const url = new URL("https://user:secret@reg.test/v2/x?token=secret");
    assert.equal(shownUrl(url, false), "https://reg.test/v2/x");
    assert.equal(shownUrl(new URL("https://reg.test/v2/x?ns=docker.io"), true), "https://reg.test/v2/x?ns=docker.io");
  });
});
