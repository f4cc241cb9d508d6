import assert from "node:assert/strict";
import fc from "fast-check";
import { distinctImages, type ImageUse, type PullPolicy, type Workload } from "../../src/workload/index.js";

function workload(...uses: readonly (readonly [image: string, pullPolicy: PullPolicy])[]): Workload {
  const images = uses.map(([image, pullPolicy], index): ImageUse => {
    return { image, pullPolicy, fieldPath: `path${index}`, role: "container", name: `c${index}` };
  });
  const pod = { images, imagePullSecrets: [], serviceAccountName: "default", isTemplate: true, nodeSelector: {} };
  return { identity: { apiVersion: "v1", kind: "Pod", namespace: "", name: "" }, pod };
}

function entries(of: Workload): string[] {
  return distinctImages(of).map(
    ({ image, pullPolicy, fieldPaths }) => `${image} ${pullPolicy} ${fieldPaths.join(",")}`,
  );
}

describe("the distinct images of a workload", () => {
  const table: readonly { name: string; given: Workload; want: string[] }[] = [
    { name: "are none without images", given: workload(), want: [] },
    {
      name: "are one with every path where containers share an image",
      given: workload(["a", "Always"], ["b", "Always"], ["a", "Always"]),
      want: ["a Always path0,path2", "b Always path1"],
    },
    {
      name: "follow the strictest policy",
      given: workload(["a", "IfNotPresent"], ["a", "Always"]),
      want: ["a Always path0,path1"],
    },
    {
      name: "do not become milder again",
      given: workload(["a", "Always"], ["a", "IfNotPresent"]),
      want: ["a Always path0,path1"],
    },
    {
      name: "keep apart the uses that never pull",
      given: workload(["a", "Never"], ["a", "IfNotPresent"], ["a", "Never"], ["a", "Always"]),
      want: ["a Never path0,path2", "a Always path1,path3"],
    },
    {
      name: "differ where they are written differently",
      given: workload(["nginx", "Always"], ["docker.io/nginx", "Always"]),
      want: ["nginx Always path0", "docker.io/nginx Always path1"],
    },
  ];
  for (const { name, given, want } of table) it(name, () => assert.deepEqual(entries(given), want));

  it("lose no use and name none twice", () => {
    const use = fc.tuple(
      fc.constantFrom("a", "b", "c"),
      fc.constantFrom<PullPolicy>("Always", "IfNotPresent", "Never"),
    );
    fc.assert(
      fc.property(fc.array(use), (uses) => {
        const given = workload(...uses);
        const paths = distinctImages(given).flatMap(({ fieldPaths }) => fieldPaths);
        assert.deepEqual([...paths].sort(), given.pod.images.map(({ fieldPath }) => fieldPath).sort());
      }),
    );
  });
});
