import assert from "node:assert/strict";
import { offeredSchemes, parseChallenges } from "../../src/registry/challenge.js";

const plain = (lines: readonly string[]) =>
  parseChallenges(lines).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe("challenges of a registry", () => {
  const cases = [
    {
      name: "a bearer challenge is read with all its parameters",
      given: ['Bearer realm="https://auth.test/token",service="reg.test",scope="repository:a/b:pull"'],
      want: [["bearer", { realm: "https://auth.test/token", service: "reg.test", scope: "repository:a/b:pull" }]],
    },
    {
      name: "bearer goes before digest before basic, whatever the order sent",
      given: ['Basic realm="b"', 'Digest realm="d"', 'Bearer realm="t"'],
      want: [
        ["bearer", { realm: "t" }],
        ["digest", { realm: "d" }],
        ["basic", { realm: "b" }],
      ],
    },
    {
      name: "a second challenge in one line is lost",
      given: ['Basic realm="b", Bearer realm="t"'],
      want: [["basic", { realm: "b" }]],
    },
    {
      name: "names fold to lower case, spaces around commas do not matter",
      given: ['bEaReR REALM=token ,  Service="s"'],
      want: [["bearer", { realm: "token", service: "s" }]],
    },
    {
      name: "unknown schemes are passed over",
      given: ["Negotiate", 'Basic realm="b"'],
      want: [["basic", { realm: "b" }]],
    },
    {
      name: "an escaped quote belongs to the value",
      given: ['Basic realm="a\\"b\\\\c"'],
      want: [["basic", { realm: 'a"b\\c' }]],
    },
    {
      name: "an open quote leaves the value empty",
      given: ['Bearer realm="https://x'],
      want: [["bearer", { realm: "" }]],
    },
    {
      name: "what follows a flaw is not read",
      given: ['Bearer realm="r" service="s"'],
      want: [["bearer", { realm: "r" }]],
    },
    { name: "spaces around = end the line", given: ['Bearer realm = "r"'], want: [["bearer", {}]] },
    { name: "an empty line offers nothing", given: [""], want: [] },
    {
      name: "__proto__ is a name like any other",
      given: ["Bearer __proto__=x,realm=r"],
      want: [
        [
          "bearer",
          Object.fromEntries([
            ["__proto__", "x"],
            ["realm", "r"],
          ]),
        ],
      ],
    },
  ];
  for (const { name, given, want } of cases) {
    it(name, () => assert.deepEqual(plain(given), want));
  }

  it("a hostile line costs no more than its length", () => {
    const line = `Bearer realm="${'\\"'.repeat(1_000_000)}`;
    const startedMs = performance.now();
    parseChallenges([line]);
    assert.ok(performance.now() - startedMs < 2_000);
  });

  it("schemes on offer are named in lower case, once, and no more than eight", () => {
    assert.deepEqual(offeredSchemes(['Basic realm="x"', "NEGOTIATE", "basic"]), ["basic", "negotiate"]);
    assert.equal(offeredSchemes(Array.from({ length: 50 }, (_, index) => `s${index} x`)).length, 8);
  });
});
