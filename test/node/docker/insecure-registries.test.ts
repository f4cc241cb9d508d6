import assert from "node:assert/strict";
import { type InsecureRegistries, readInsecureRegistries } from "../../../src/node/docker/insecure-registries.js";

const v20 = { major: 20 };

function list(entries: readonly string[], version = v20): InsecureRegistries {
  const read = readInsecureRegistries(entries, version);
  if ("refusal" in read) throw new Error(read.refusal);
  return read;
}

const addresses: Readonly<Record<string, readonly string[]>> = {
  "inside.test": ["192.0.2.9", "10.1.2.3"],
  "outside.test": ["192.0.2.9"],
  "self.test": ["127.0.1.1"],
};

describe("insecure registries", () => {
  const cases: readonly (readonly [string, readonly string[], string, string])[] = [
    ["a registry by its name", ["a.test"], "a.test", "insecure"],
    ["a name without the port is another registry", ["a.test"], "a.test:5000", "secure"],
    ["a name with the port is another registry", ["a.test:443"], "a.test", "secure"],
    ["a name and port", ["a.test:5000"], "a.test:5000", "insecure"],
    ["letters count as written", ["A.test:5000"], "a.test:5000", "secure"],
    ["http:// is passed over", ["http://a.test:5000"], "a.test:5000", "insecure"],
    ["HTTPS:// is passed over", ["HTTPS://a.test:5000"], "a.test:5000", "insecure"],
    ["loopback is insecure by itself", [], "127.0.0.1:5000", "insecure"],
    ["all of 127.0.0.0/8 is", [], "127.9.9.9", "insecure"],
    ["localhost is", [], "localhost:5000", "insecure"],
    ["another address is not", [], "10.0.0.1:5000", "secure"],
    ["an address in a network", ["10.0.0.0/8"], "10.1.2.3:5000", "insecure"],
    ["an address outside of it", ["10.0.0.0/8"], "192.0.2.1:5000", "secure"],
    ["host bits of a network are cut", ["10.1.2.3/8"], "10.200.0.1", "insecure"],
    ["a name with one address inside", ["10.0.0.0/8"], "inside.test:5000", "insecure"],
    ["a name with all addresses outside", ["10.0.0.0/8"], "outside.test:5000", "secure"],
    ["a name whose addresses nobody told", ["10.0.0.0/8"], "unheard.test", "depends"],
    ["without networks no address matters", ["a.test"], "unheard.test", "secure"],
    ["a name of the node's own hosts file on loopback", [], "self.test:5000", "insecure"],
    ["a name below localhost", [], "registry.localhost:5000", "depends"],
  ];
  for (const [name, entries, host, want] of cases) {
    it(name, () =>
      assert.equal(
        list(entries).securityOf(host, (asked) => addresses[asked]),
        want,
      ),
    );
  }

  it("::1 is insecure by itself from 28 on", () => {
    assert.equal(
      list([]).securityOf("[::1]:5000", () => undefined),
      "secure",
    );
    assert.equal(
      list([], { major: 28 }).securityOf("[::1]:5000", () => undefined),
      "insecure",
    );
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ["ftp://a.test", /should not contain ':\/\/'/],
    ["a.test/team", /not valid: invalid host "a.test\/team"/],
    ["-a.test", /Cannot begin or end with a hyphen/],
    ["a.test:70000", /invalid port "70000"/],
    ["*.test", /invalid host/],
    ["", /invalid host ""/],
    ["10.0.0.0/33", /invalid host/],
  ];
  for (const [entry, refusal] of refused) {
    it(`dockerd does not start with ${JSON.stringify(entry)}`, () => {
      const read = readInsecureRegistries([entry], v20);
      assert.ok("refusal" in read && refusal.test(read.refusal), JSON.stringify(read));
    });
  }
});
