import assert from "node:assert/strict";
import { createLogger } from "../../src/telemetry/index.js";

/** The one line that is written for an object. */
function lineOf(given: object): string {
  const text: string[] = [];
  createLogger({ level: "debug", stream: { write: (line: string) => text.push(line) } }).info(given, "line");
  assert.equal(text.length, 1);
  return text.join("");
}

describe("a line of the log", () => {
  it("is one line whatever is in it, and shows what cannot be seen", () => {
    const line = lineOf({ image: "a\nb\r\u202e\u0000\u0085\u2028\u200b\u001b[31m", "k\ney\u202e": 1 });
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
    const parsed = JSON.parse(line);
    assert.equal(parsed.image, "a\nb\\u000d\\u202e\\u0000\\u0085\\u2028\\u200b\\u001b[31m");
  });

  const large: readonly { name: string; given: object }[] = [
    { name: "a long text", given: { image: "x".repeat(1_000_000) } },
    { name: "a long list", given: { list: Array.from({ length: 100_000 }, (_, index) => index) } },
    {
      name: "many keys",
      given: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, index])),
    },
    { name: "a long key", given: { ["k".repeat(100_000)]: 1 } },
    { name: "an error with a long message", given: { err: new Error("x".repeat(1_000_000)) } },
  ];
  for (const { name, given } of large) {
    it(`stays small with ${name}`, () => assert.ok(lineOf(given).length < 20_000));
  }
});
