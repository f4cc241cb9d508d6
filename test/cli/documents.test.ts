import assert from "node:assert/strict";
import { parseManifest } from "../../src/cli/documents.js";

function parse(text: string) {
  return parseManifest({ name: "m.yaml", text });
}

describe("manifests", () => {
  const pod = { apiVersion: "v1", kind: "Pod" };
  const table = [
    { name: "one YAML document", text: "apiVersion: v1\nkind: Pod\n", want: [{ object: pod, place: "m.yaml:1" }] },
    {
      name: "several documents, with their lines",
      text: "# first\napiVersion: v1\nkind: Pod\n---\n# nothing\n---\n\nkind: B\n--- # c\nkind: C",
      want: [
        { object: pod, place: "m.yaml:2" },
        { object: { kind: "B" }, place: "m.yaml:8" },
        { object: { kind: "C" }, place: "m.yaml:10" },
      ],
    },
    {
      name: "Windows line ends",
      text: "kind: A\r\n---\r\nkind: B\r\n",
      want: [
        { object: { kind: "A" }, place: "m.yaml:1" },
        { object: { kind: "B" }, place: "m.yaml:3" },
      ],
    },
    { name: "a directive", text: "%YAML 1.2\n---\nkind: A\n", want: [{ object: { kind: "A" }, place: "m.yaml:3" }] },
    {
      name: "documents that end in dots",
      text: "kind: A\n...\nkind: B\n",
      want: [
        { object: { kind: "A" }, place: "m.yaml:1" },
        { object: { kind: "B" }, place: "m.yaml:3" },
      ],
    },
    {
      name: "dashes inside a text",
      text: "kind: A\ntext: |\n  ---\n  x\n",
      want: [{ object: { kind: "A", text: "---\nx\n" }, place: "m.yaml:1" }],
    },
    { name: "JSON", text: '\n{"apiVersion":"v1","kind":"Pod"}', want: [{ object: pod, place: "m.yaml:1" }] },
    { name: "YAML that starts with a brace", text: "{kind: A}", want: [{ object: { kind: "A" }, place: "m.yaml:1" }] },
    {
      name: "a List",
      text: "kind: List\nitems:\n- kind: A\n- {kind: List, items: [{kind: B}]}\n",
      want: [
        { object: { kind: "A" }, place: "m.yaml:1" },
        { object: { kind: "B" }, place: "m.yaml:1" },
      ],
    },
    {
      name: "a PodList whose items do not say what they are",
      text: '{"apiVersion":"v1","kind":"PodList","items":[{"x":1}]}',
      want: [{ object: { ...pod, x: 1 }, place: "m.yaml:1" }],
    },
    {
      name: "anchors and merge keys",
      text: "a: &a {image: x}\nkind: A\nb: {<<: *a}\n",
      want: [{ object: { a: { image: "x" }, kind: "A", b: { image: "x" } }, place: "m.yaml:1" }],
    },
    { name: "nothing in an empty text", text: "", want: [] },
    { name: "nothing in texts without kind", text: "- a\n---\njust text\n---\n5\n---\na: 1\n", want: [] },
  ];
  for (const { name, text, want } of table) {
    it(`reads ${name}`, () =>
      assert.deepEqual(
        parse(text).map(({ object, place }) => ({ object, place })),
        want,
      ));
  }

  const bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 12; level += 1) {
    bomb.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(", ")}]`,
    );
  }
  const wrong = [
    { name: "a tab as indentation", text: "kind: A\nspec:\n\tx: 1\n", want: /^m\.yaml:3: not valid YAML: / },
    {
      name: "a fault in a later document",
      text: "kind: A\n---\nkind: B\n  x: 1\n",
      want: /^m\.yaml:3: not valid YAML: /,
    },
    {
      name: "a key written twice",
      text: "kind: A\nkind: B\n",
      want: /^m\.yaml:2: not valid YAML: a key is written twice$/,
    },
    { name: "broken JSON", text: '{\n"kind": "A",\n"x": [\n}', want: /^m\.yaml:\d: not valid YAML: / },
    { name: "an alias to nothing", text: "kind: A\nb: *a\n", want: /^m\.yaml:1: aliases/ },
    { name: "aliases that unfold without end", text: `kind: A\n${bomb.join("\n")}\n`, want: /^m\.yaml:1: aliases/ },
    { name: "endless nesting", text: `kind: A\nx: ${"[".repeat(5_000)}`, want: /^m\.yaml:2: .*nested too deeply$/ },
    {
      name: "one YAML document of 4 MiB",
      text: `kind: A\n---\n# ${"x".repeat(4 * 1024 * 1024)}`,
      want: /^m\.yaml:2: .*larger/,
    },
  ];
  for (const { name, text, want } of wrong) {
    it(`refuses ${name} and says where`, () => {
      assert.throws(() => parse(text), { code: "InputInvalid", message: want });
    });
  }

  it("never quotes the text, which may be a Secret", () => {
    assert.throws(
      () => parse("kind: Secret\ndata:\n  token: 'hunter2\n"),
      (error: Error) => !`${error.message}`.includes("hunter2"),
    );
  });
});
