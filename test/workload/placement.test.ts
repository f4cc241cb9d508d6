import assert from "node:assert/strict";
import { readWorkloads } from "../../src/workload/index.js";

const pod = (spec: object) => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "web" }, spec });

function only(object: unknown) {
  const [workload] = readWorkloads(object);
  assert.ok(workload !== undefined);
  return workload;
}

describe("where a Pod may land", () => {
  it("is read from its spec", () => {
    const term = {
      matchExpressions: [
        { key: "a", operator: "In", values: ["1"] },
        { key: "b", operator: "Exists" },
      ],
      matchFields: [{ key: "metadata.name", operator: "In", values: ["node1"] }],
    };
    const spec = {
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term, {}] } } },
      tolerations: [
        { key: "gpu", operator: "Exists", effect: "NoSchedule" },
        { key: "x", value: "y" },
        { operator: "Gt" },
      ],
      os: { name: "linux" },
    };
    const { nodeAffinity, tolerations, os } = only(pod(spec)).pod;
    assert.deepEqual(nodeAffinity, [
      {
        expressions: [
          { key: "a", operator: "In", values: ["1"] },
          { key: "b", operator: "Exists", values: [] },
        ],
        fields: [{ key: "metadata.name", operator: "In", values: ["node1"] }],
      },
      { expressions: [], fields: [] },
    ]);
    assert.deepEqual(tolerations, [
      { key: "gpu", operator: "Exists", value: "", effect: "NoSchedule" },
      { key: "x", operator: "Equal", value: "y" },
      { operator: "Exists", value: "" },
    ]);
    assert.equal(os, "linux");
  });

  it("has what the DaemonSet controller adds to its Pods", () => {
    const daemon = (spec: object) =>
      only({ apiVersion: "apps/v1", kind: "DaemonSet", spec: { template: { spec } } }).pod.tolerations ?? [];
    const names = daemon({ tolerations: [{ key: "own" }] }).map(({ key, effect }) => `${key}:${effect}`);
    assert.deepEqual(names, [
      "own:undefined",
      "node.kubernetes.io/not-ready:NoExecute",
      "node.kubernetes.io/unreachable:NoExecute",
      "node.kubernetes.io/disk-pressure:NoSchedule",
      "node.kubernetes.io/memory-pressure:NoSchedule",
      "node.kubernetes.io/pid-pressure:NoSchedule",
      "node.kubernetes.io/unschedulable:NoSchedule",
    ]);
    assert.equal(daemon({ hostNetwork: true }).at(-1)?.key, "node.kubernetes.io/network-unavailable");
  });

  const wrong = [
    {
      given: pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } } }),
      want: /^spec\.affinity\.nodeAffinity\.requiredDuringSchedulingIgnoredDuringExecution: expected an object, found a list$/,
    },
    {
      given: pod({ tolerations: [{}, { key: 1 }] }),
      want: /^spec\.tolerations\[1\]\.key: expected a string, found a number$/,
    },
  ];
  for (const { given, want } of wrong) {
    it(`is refused with its place: ${want.source.slice(1, -1).replaceAll("\\", "")}`, () => {
      assert.throws(
        () => readWorkloads(given),
        (error: unknown) => error instanceof Error && want.test(error.message),
      );
    });
  }
});
