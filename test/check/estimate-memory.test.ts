import assert from "node:assert/strict";
import { createEstimateMemory } from "../../src/check/estimate-memory.js";
import { type EstimateInput, type PullTask, pullRules } from "../../src/prediction/index.js";

const descriptors = [{ mediaType: "m", digest: `sha256:${"a".repeat(64)}`, sizeBytes: 1000 }];
const memory = createEstimateMemory();

function task(values: Partial<PullTask> = {}): PullTask {
  const layers = memory.layersOf(descriptors);
  return { image: "reg.test/a:v1", registry: "reg.test", layers, pullPolicy: "Always", blocks: false, ...values };
}

function input(values: Partial<EstimateInput> = {}): EstimateInput {
  return {
    tasks: [task()],
    podsOnNode: 1,
    queued: [],
    rules: pullRules({}),
    presentImages: new Set(),
    presentLayers: new Set(),
    throughputOf: () => undefined,
    ...values,
  };
}

describe("estimates made before", () => {
  it("are given again for the same images under the same circumstances", () => {
    assert.equal(memory.estimate(input()), memory.estimate(input()));
  });

  const fast = { bytesPerSecond: 1e9, samples: 3, source: "own" } as const;
  const others: readonly (readonly [string, Partial<EstimateInput>])[] = [
    ["another policy", { tasks: [task({ pullPolicy: "IfNotPresent" })] }],
    ["another name for the same layers", { tasks: [task({ image: "reg.test/a:v2" })] }],
    ["one image more", { tasks: [task(), task()] }],
    ["more Pods on the node", { podsOnNode: 2 }],
    ["other settings of the kubelet", { rules: pullRules({ registryPullQps: 1 }) }],
    ["another speed of the registry", { throughputOf: () => fast }],
    ["layers that are there", { presentLayers: new Set(["sha256:b"]) }],
    ["a queue", { queued: [[task()]] }],
  ];
  for (const [name, values] of others) {
    it(`are not for ${name}`, () => assert.notEqual(memory.estimate(input()), memory.estimate(input(values))));
  }
});
