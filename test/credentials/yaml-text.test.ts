import assert from "node:assert/strict";
import { flawOf, readYaml, yamlDocuments } from "../../src/credentials/index.js";

describe("YAML of strangers", () => {
  const deep = 5000;
  const table = [
    { name: "endless lists", given: "[".repeat(deep) },
    { name: "endless mappings", given: "{a: ".repeat(deep) },
    { name: "lists in lists by dashes", given: `${"- ".repeat(deep)}x` },
    { name: "keys of keys", given: `${"? ".repeat(deep)}x` },
  ];
  for (const { name, given } of table) {
    // V8 ended the process here instead of throwing, for want of room to compile an expression at the end of the stack.
    it(`is not followed into ${name}`, () => {
      const documents = yamlDocuments(given);
      assert.ok("code" in documents && documents.code === "RESOURCE_EXHAUSTION");
      assert.equal(readYaml(given, 10), undefined);
    });
  }

  it("is read as deep as any object of a cluster is", () => {
    assert.deepEqual(readYaml("{a: ".repeat(90) + "}".repeat(90), 10)?.value !== undefined, true);
  });

  it("may not write a key twice in one mapping, but in two", () => {
    const flaw = (text: string) => {
      const documents = yamlDocuments(text);
      return "code" in documents || documents[0] === undefined ? undefined : flawOf(documents[0])?.code;
    };
    assert.equal(flaw("a: 1\nb: 2\na: 3\n"), "DUPLICATE_KEY");
    assert.equal(flaw("x: {a: 1, 'a': 2}\n"), "DUPLICATE_KEY");
    assert.equal(flaw("x: {a: 1}\ny: {a: 2}\n"), undefined);
    assert.equal(flaw("a: &a {}\nb: {<<: *a}\n"), undefined);
    assert.equal(flaw(`a: &a 1\nb: [${"*a,".repeat(1001)}]\n`), "TOO_MANY_ALIASES");
  });

  it("has no value where it is flawed", () => {
    assert.equal(readYaml("a: 1\na: 2\n", 10), undefined);
    assert.deepEqual(readYaml("a: &a [1]\nb: *a\n", 10)?.value, { a: [1], b: [1] });
  });
});
