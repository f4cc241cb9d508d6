import assert from "node:assert/strict";
import { type HostTraits, hostTraits } from "../../../src/node/containerd/traits.js";
import { parseRuntime } from "../../../src/node/index.js";

type Case = {
  [K in keyof HostTraits]: readonly [trait: K, before: string, since: string, value: HostTraits[K]];
}[keyof HostTraits];

const switches: readonly Case[] = [
  ["localhost", "1.6.8", "1.6.9", "http"],
  ["localhost", "1.6.24", "1.6.25", "by-port"],
  ["localhost", "1.7.7", "1.7.8", "by-port"],
  ["httpWithTls", "1.6.24", "1.6.25", "https-first-if-ported"],
  ["httpWithTls", "1.7.6", "1.7.7", "https-first"],
  ["httpWithTls", "1.7.7", "1.7.8", "https-first-if-ported"],
  ["httpWithTls", "1.7.23", "1.7.24", "https-first-unless-80"],
  ["fallsBackWhenUnreachable", "1.7.23", "1.7.24", true],
  ["serverOnlyFile", "1.6.39", "1.7.32", true],
  ["serverOnlyFile", "1.7.31", "2.0.0", true],
  ["toml", "1.7.34", "2.0.0", "go-toml-2"],
  ["dialTimeout", "2.0.6", "2.0.7", "tls-setting"],
  ["dialTimeout", "2.0.11", "2.1.0", "known"],
  ["headersOnTokenRequests", "2.0.11", "2.1.0", true],
  ["splitsConfigPath", "2.0.11", "2.1.0", false],
  ["referrers", "2.1.9", "2.2.0", true],
];

describe("containerd host traits", () => {
  for (const [trait, before, since, value] of switches) {
    it(`${trait} becomes ${value} between ${before} and ${since}`, () => {
      assert.notEqual(traitsOf(before)[trait], value);
      assert.equal(traitsOf(since)[trait], value);
    });
  }

  it("a line that learnt something late starts without it, whatever the line before had", () => {
    assert.equal(traitsOf("1.6.39").localhost, "by-port");
    assert.equal(traitsOf("1.7.0").localhost, "http");
  });

  it("a release yet to come behaves as the newest known one", () => {
    assert.deepEqual(traitsOf("3.0.0"), traitsOf("2.3.4"));
  });
});

function traitsOf(version: string): HostTraits {
  return hostTraits(parseRuntime(`containerd://${version}`));
}
