import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { isDigest, matchesDigest, sha256Digest } from "../../src/oci/index.js";

const bytes = Buffer.from("hello");
const sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

describe("a digest", () => {
  const table: readonly { name: string; given: string; want: boolean }[] = [
    { name: "may be sha256", given: `sha256:${sha256}`, want: true },
    { name: "may be sha384", given: `sha384:${"a".repeat(96)}`, want: true },
    { name: "may be sha512", given: `sha512:${"0".repeat(128)}`, want: true },
    { name: "has no upper case", given: `sha256:${sha256.toUpperCase()}`, want: false },
    { name: "has an algorithm in lower case", given: `SHA256:${sha256}`, want: false },
    { name: "is not shorter than its algorithm's", given: `sha512:${sha256}`, want: false },
    { name: "is not longer than its algorithm's", given: `sha256:${sha256}0`, want: false },
    { name: "has an algorithm that is known", given: `md5:${"a".repeat(32)}`, want: false },
    { name: "has an algorithm", given: sha256, want: false },
    { name: "is hex", given: `sha256:${"g".repeat(64)}`, want: false },
    { name: "ends with its last digit", given: `sha256:${sha256}\n`, want: false },
    { name: "is not empty", given: "", want: false },
    { name: "is not named after something every object has", given: "constructor:a", want: false },
  ];
  for (const { name, given, want } of table) it(name, () => assert.equal(isDigest(given), want));
});

describe("matching bytes with a digest", () => {
  it("computes sha256", () => assert.equal(sha256Digest(bytes), `sha256:${sha256}`));

  for (const algorithm of ["sha256", "sha384", "sha512"]) {
    it(`tells right bytes from wrong ones by ${algorithm}`, () => {
      const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
      assert.equal(matchesDigest(bytes, digest), true);
      assert.equal(matchesDigest(Buffer.from("hellO"), digest), false);
    });
  }

  it("is false for what is no digest, also where the hash library would know the algorithm", () => {
    assert.equal(matchesDigest(bytes, `sha1:${createHash("sha1").update(bytes).digest("hex")}`), false);
    assert.equal(matchesDigest(bytes, "latest"), false);
  });
});
