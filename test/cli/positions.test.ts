import assert from "node:assert/strict";
import { parseManifest } from "../../src/cli/documents.js";
import { readWorkloads } from "../../src/workload/index.js";

/** `line:column` of every image, in the order of documents and field paths, and what the line says there. */
function places(text: string, name = "m.yaml"): readonly string[] {
  const lines = text.split("\n");
  return parseManifest({ name, text }).flatMap(({ object, origin }) =>
    readWorkloads(object).flatMap(({ pod }) =>
      pod.images.map(({ image, fieldPath }) => {
        const position = origin.position(fieldPath);
        if (position === undefined) return `${image} nowhere`;
        const there = lines[position.line - 1]?.slice(position.column - 1) ?? "";
        return `${image} ${position.line}:${position.column} ${there.trimEnd()}`;
      }),
    ),
  );
}

const pod = (containers: string) => `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n${containers}`;

describe("the place of an image is found", () => {
  const table: readonly { readonly name: string; readonly text: string; readonly want: readonly string[] }[] = [
    { name: "in a document", text: pod("  - name: a\n    image: x\n"), want: ["x 6:12 x"] },
    { name: "in quotes", text: pod('  - {name: a, image: "x"}\n'), want: ['x 5:22 "x"}'] },
    {
      name: "in the second of several documents, with Windows line ends",
      text: `kind: A\r\n---\r\n# note\r\n${pod("  - image: x\n").replaceAll("\n", "\r\n")}`,
      want: ["x 8:12 x"],
    },
    {
      name: "where an alias stands for the image",
      text: pod("  - image: &x reg.test/a\n  - image: *x\n"),
      want: ["reg.test/a 5:15 reg.test/a", "reg.test/a 6:12 *x"],
    },
    {
      name: "at the anchor of a container that an alias stands for",
      text: `x: &c {image: y}\n${pod("  - *c\n  - image: z\n")}`,
      want: ["y 1:15 y}", "z 7:12 z"],
    },
    {
      name: "at the anchor of a list that an alias stands for",
      text: "apiVersion: v1\nkind: Pod\nspec:\n  initContainers: &l\n  - image: a\n  containers: *l\n",
      want: ["a 5:12 a", "a 5:12 a"],
    },
    {
      name: "behind a merge key, unless the map has its own",
      text: `base: &b\n  image: old\n  name: n\n${pod("  - <<: *b\n  - <<: *b\n    image: new\n")}`,
      want: ["old 2:10 old", "new 10:12 new"],
    },
    {
      name: "in the items of a List",
      text: `kind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  spec: {containers: [{image: a}]}\n- kind: List\n  items:\n  - apiVersion: v1\n    kind: Pod\n    spec:\n      containers:\n      - image: b\n`,
      want: ["a 5:31 a}]}", "b 12:16 b"],
    },
    {
      name: "in the items of a PodList that say nothing of themselves",
      text: "apiVersion: v1\nkind: PodList\nitems:\n- spec:\n    containers:\n    - image: a\n",
      want: ["a 6:14 a"],
    },
    {
      name: "in a block scalar",
      text: pod("  - image: >-\n      x\n"),
      want: ["x 5:12 >-"],
    },
    {
      name: "in an image volume",
      text: "apiVersion: v1\nkind: Pod\nspec:\n  volumes:\n  - name: v\n    image:\n      reference: a\n",
      want: ["a 7:18 a"],
    },
    {
      name: "in JSON",
      text: '{\n  "kind": "List", "apiVersion": "v1",\n  "items": [\n    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a\\"b, image"},\n     "spec": {"containers": [{"image": "x"}, {"args": ["image", "-"],\n       "image": "y"}]}}\n  ]\n}\n',
      want: ['x 5:40 "x"}, {"args": ["image", "-"],', 'y 6:17 "y"}]}}'],
    },
    {
      name: "in a list of JSON objects",
      text: '[{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"image":"x"}]}}]',
      want: ['x 1:65 "x"}]}}]'],
    },
  ];
  for (const { name, text, want } of table) {
    it(name, () => assert.deepEqual(places(text), want));
  }

  it("or not looked for in a document that unfolds to too much", () => {
    const bomb = ["a0: &a0 {image: x}"];
    for (let level = 1; level < 40; level += 1) bomb.push(`a${level}: &a${level} [*a${level - 1}, *a${level - 1}]`);
    const text = `${bomb.slice(0, 4).join("\n")}\n${pod("  - image: y\n")}`;
    assert.deepEqual(places(text), ["y 9:12 y"]);
  });
});

describe("the source of a document on standard input", () => {
  const sources = (text: string, name = "<stdin>") =>
    parseManifest({ name, text }).map(({ origin }) => `${origin.file ?? "-"} ${origin.source ?? "-"}`);
  const helm =
    "---\n# Source: web/templates/deployment.yaml\nkind: A\n---\n# Source: web/charts/db/templates/sts.yaml\n# more\nkind: B\n";

  it("is what Helm says above it", () => {
    assert.deepEqual(sources(helm), ["- web/templates/deployment.yaml", "- web/charts/db/templates/sts.yaml"]);
  });
  it("is what kustomize says in an annotation, for files that are at hand", () => {
    const annotated = (origin: string) =>
      `kind: A\nmetadata:\n  annotations:\n    config.kubernetes.io/origin: |\n${origin.replaceAll(/^/gm, "      ")}\n`;
    assert.deepEqual(sources(annotated("path: ../base/deploy.yaml")), ["- ../base/deploy.yaml"]);
    assert.deepEqual(sources(annotated("path: deploy.yaml\nrepo: https://github.com/a/b")), ["- -"]);
  });
  it("does not matter in a file, whose own lines are known", () => {
    assert.deepEqual(sources(helm, "out.yaml"), ["out.yaml -", "out.yaml -"]);
  });
});
