import assert from "node:assert/strict";
import { matchesGoGlob } from "../../src/credentials/glob.js";

// Every row was read off Go's path/filepath Match.
const cases: readonly { name: string; pattern: string; text: string; want: boolean }[] = [
  { name: "an empty pattern matches nothing but nothing", pattern: "", text: "a", want: false },
  { name: "a star matches the empty text", pattern: "*", text: "", want: true },
  { name: "a star goes back as far as needed", pattern: "*ab", text: "aabab", want: true },
  { name: "a star stops at a slash", pattern: "*", text: "a/b", want: false },
  { name: "two stars are one", pattern: "a**b", text: "axxb", want: true },
  { name: "case counts", pattern: "REG", text: "reg", want: false },
  { name: "a question mark is one character", pattern: "r?g", text: "reg", want: true },
  { name: "a question mark is one character outside ASCII too", pattern: "r?g", text: "r\u{1F600}g", want: true },
  { name: "a class matches its range", pattern: "reg[0-9]", text: "reg7", want: true },
  { name: "a class matches nothing else", pattern: "reg[0-9]", text: "regx", want: false },
  { name: "a negated class matches the rest", pattern: "[^a-c]eg", text: "reg", want: true },
  { name: "a negated class refuses its own", pattern: "[^a-c]eg", text: "beg", want: false },
  { name: "an exclamation mark does not negate", pattern: "[!a]", text: "b", want: false },
  { name: "an empty class is malformed", pattern: "[]a]", text: "a", want: false },
  { name: "a class that begins with a dash is malformed", pattern: "[-a]", text: "a", want: false },
  { name: "an open class is malformed", pattern: "[a", text: "a", want: false },
  { name: "an open range is malformed", pattern: "[a-]", text: "a", want: false },
  { name: "a class may quote a bracket", pattern: "[\\]]", text: "]", want: true },
  { name: "a backslash quotes a star", pattern: "\\*", text: "*", want: true },
  { name: "a backslash at the end is malformed", pattern: "a\\", text: "a", want: false },
  {
    name: "a malformed pattern matches nothing even where the text differs first",
    pattern: "b[",
    text: "a",
    want: false,
  },
];

describe("Go glob", () => {
  for (const { name, pattern, text, want } of cases) {
    it(name, () => assert.equal(matchesGoGlob(pattern, text), want));
  }

  it("does not take exponential time over many stars", () => {
    assert.equal(matchesGoGlob(`${"*a".repeat(40)}b`, "a".repeat(200)), false);
  });
});
