import assert from "node:assert/strict";
import { jsonPointer, resolveFieldPath } from "../../src/mutation/pointer.js";

const cases: readonly { readonly object: object; readonly path: string; readonly want: string | undefined }[] = [
  {
    object: { spec: { containers: [{ image: "a" }] } },
    path: "spec.containers[0].image",
    want: "/spec/containers/0/image",
  },
  { object: { spec: { containers: [] } }, path: "spec.containers[0].image", want: undefined },
  { object: { spec: {} }, path: "spec.containers[0].image", want: undefined },
  { object: { spec: { "my.group": { image: "a" } } }, path: "spec.my.group.image", want: "/spec/my.group/image" },
  { object: { spec: { "a/b~c": { image: "a" } } }, path: "spec.a/b~c.image", want: "/spec/a~1b~0c/image" },
  { object: { spec: { "a[0]": { image: "a" } } }, path: "spec.a[0].image", want: "/spec/a[0]/image" },
  { object: { spec: { a: { b: { image: "a" } }, "a.b": { image: "a" } } }, path: "spec.a.b.image", want: undefined },
  { object: { spec: { image: "a" } }, path: "spec.images", want: undefined },
];

describe("a field path", () => {
  for (const { object, path, want } of cases) {
    it(`${path} of ${JSON.stringify(object)} is ${want ?? "no place, or not one"}`, () => {
      const found = resolveFieldPath(object, path);
      assert.equal(found === undefined ? undefined : jsonPointer(found), want);
    });
  }
});
