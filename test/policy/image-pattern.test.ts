import assert from "node:assert/strict";
import { parseImagePattern, patternMatches } from "../../src/policy/index.js";

describe("an image pattern", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const patterns: readonly (readonly [pattern: string, image: string, want: boolean])[] = [
    ["**", "nginx", true],
    ["docker.io/library/nginx", "nginx:1.27", true],
    ["docker.io/library/nginx", "index.docker.io/library/nginx", true],
    ["docker.io/library/*", "bitnami/nginx", false],
    ["reg.test/*", "reg.test/a", true],
    ["reg.test/*", "reg.test/a/b", false],
    ["reg.test/**", "reg.test/a/b:v1", true],
    ["reg.test/**/app", "reg.test/a/b/app", true],
    ["reg.test/**", "reg.test:5000/a", false],
    ["reg.test:5000/**", "reg.test:5000/a", true],
    ["*.test/**", "a.test/x", true],
    ["**:latest", "nginx", true],
    ["**:latest", "nginx:1", false],
    ["reg.test/a:v?", "reg.test/a:v1", true],
    ["reg.test/a:v?", "reg.test/a:v10", false],
    ["reg.test/a:v1", `reg.test/a:v1@${digest}`, true],
    ["reg.test/a@sha256:*", `reg.test/a:v1@${digest}`, true],
    ["reg.test/a@sha256:*", "reg.test/a:v1", false],
    ["reg.test/a.b", "reg.test/axb", false],
    ["**", "NOT an image", true],
  ];
  for (const [text, image, want] of patterns) {
    it(`${text} ${want ? "is" : "is not"} about ${image.slice(0, 40)}`, () => {
      const pattern = parseImagePattern(text);
      assert.ok(typeof pattern !== "string", String(pattern));
      assert.equal(patternMatches(pattern, image), want);
    });
  }

  it("takes no longer for being odd", () => {
    const pattern = parseImagePattern(`reg.test/${"**a".repeat(160)}`);
    assert.ok(typeof pattern !== "string");
    assert.equal(patternMatches(pattern, `reg.test/${"a".repeat(200)}!`), false);
  });
});
