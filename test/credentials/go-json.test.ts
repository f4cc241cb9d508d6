import assert from "node:assert/strict";
import { parseGoJson } from "../../src/credentials/go-json.js";

// Every message was read off Go's encoding/json.
const faults: readonly { name: string; given: string; want: string }[] = [
  { name: "an empty text", given: "", want: "unexpected end of JSON input" },
  { name: "an object that is cut off", given: '{"auths":{"r":', want: "unexpected end of JSON input" },
  { name: "a string that is cut off", given: '{"aut', want: "unexpected end of JSON input" },
  { name: "an escape that is cut off", given: '"\\', want: "invalid character ' ' in string escape code" },
  { name: "a literal that is cut off", given: "tru", want: "invalid character ' ' in literal true (expecting 'e')" },
  { name: "a word", given: "nonsense", want: "invalid character 'o' in literal null (expecting 'u')" },
  {
    name: "a comma at the end of an object",
    given: '{"a":1,}',
    want: "invalid character '}' looking for beginning of object key string",
  },
  {
    name: "a comma at the end of an array",
    given: "[1,]",
    want: "invalid character ']' looking for beginning of value",
  },
  {
    name: "single quotes",
    given: "{'a':1}",
    want: "invalid character '\\'' looking for beginning of object key string",
  },
  { name: "a missing colon", given: '{"a" 1}', want: "invalid character '1' after object key" },
  {
    name: "a missing comma in an object",
    given: '{"a":1 "b":2}',
    want: "invalid character '\"' after object key:value pair",
  },
  { name: "a missing comma in an array", given: "[1 2]", want: "invalid character '2' after array element" },
  { name: "a second value", given: "{} {}", want: "invalid character '{' after top-level value" },
  { name: "a line break in a string", given: '"a\nb"', want: "invalid character '\\n' in string literal" },
  { name: "an unknown escape", given: '"\\x"', want: "invalid character 'x' in string escape code" },
  { name: "a short \\u escape", given: '"\\u12g4"', want: "invalid character 'g' in \\u hexadecimal character escape" },
  { name: "a number with a leading zero", given: "[01]", want: "invalid character '1' after array element" },
  { name: "a sign without number", given: "-x", want: "invalid character 'x' in numeric literal" },
  {
    name: "a point without digits",
    given: "1.e",
    want: "invalid character 'e' after decimal point in numeric literal",
  },
  { name: "an exponent without digits", given: "1e+}", want: "invalid character '}' in exponent of numeric literal" },
  { name: "a byte order mark", given: "\uFEFF{}", want: "invalid character 'ï' looking for beginning of value" },
  { name: "a no-break space", given: "\u00A0{}", want: "invalid character 'Â' looking for beginning of value" },
  { name: "a control character", given: "\u0001", want: "invalid character '\\x01' looking for beginning of value" },
  {
    name: "more than ten thousand levels",
    given: "[".repeat(10_001),
    want: "invalid character '[' exceeded max depth",
  },
];

describe("Go JSON", () => {
  for (const { name, given, want } of faults) {
    it(`refuses ${name} in Go's words`, () => assert.deepEqual(parseGoJson(given), { kind: "invalid", message: want }));
  }

  it("keeps repeated keys in their order", () => {
    const got = parseGoJson(' { "b" : "1" , "a" : null, "b" : [ true, -1.5e+3 ] } ');
    assert.deepEqual(got, {
      kind: "value",
      value: {
        kind: "object",
        members: [
          { key: "b", value: { kind: "string", value: "1" } },
          { key: "a", value: { kind: "null" } },
          { key: "b", value: { kind: "array", items: [{ kind: "bool" }, { kind: "number" }] } },
        ],
      },
    });
  });

  it("puts U+FFFD for half a surrogate pair and keeps a whole one", () => {
    const got = parseGoJson('"\\ud83d\\ude00 \\ud83d é"');
    assert.deepEqual(got, { kind: "value", value: { kind: "string", value: "\u{1F600} \uFFFD é" } });
  });

  it("refuses half a million levels without exhausting the stack", () => {
    assert.equal(parseGoJson("[".repeat(500_000)).kind, "invalid");
  });

  it("takes ten thousand levels", () => {
    assert.equal(parseGoJson("[".repeat(10_000) + "]".repeat(10_000)).kind, "value");
  });
});
