import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import { credentialIdentity } from "../../src/credentials/index.js";

const key = Buffer.alloc(32, 1);
const entry = (username: string, password: string) => ({ username, password: new Redacted(password) });
const base = credentialIdentity(key, entry("robot", "secret"), "17");

describe("credential identity", () => {
  it("is the same for the same user, password and version", () => {
    assert.equal(credentialIdentity(key, entry("robot", "secret"), "17"), base);
  });

  const others = [
    { name: "another user", got: credentialIdentity(key, entry("robo", "secret"), "17") },
    { name: "another password", got: credentialIdentity(key, entry("robot", "secre"), "17") },
    { name: "another resourceVersion", got: credentialIdentity(key, entry("robot", "secret"), "18") },
    { name: "another process", got: credentialIdentity(Buffer.alloc(32, 2), entry("robot", "secret"), "17") },
    { name: "a colon that moved", got: credentialIdentity(key, entry("robot:s", "ecret"), "17") },
    {
      name: "text that moved from the user to the password",
      got: credentialIdentity(key, entry('robot","s', "ecret"), "17"),
    },
  ];
  for (const { name, got } of others) {
    it(`differs for ${name}`, () => assert.notEqual(got, base));
  }
});
