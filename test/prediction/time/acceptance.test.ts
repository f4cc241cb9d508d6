import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Scenario,
  type SimulatedImage,
  type SimulatedNode,
  type SimulatedPull,
  simulatePulls,
} from "../../../src/prediction/index.js";
import { clockedKubelet } from "./clocked-kubelet.js";

const stepMs = 100;
/** A new one for each run; to repeat a run, put the printed one here. */
const seed = Date.now() % 2 ** 31;

const rules = fc.oneof(
  fc.record({ serialized: fc.constant(true), maxParallel: fc.constant(1) }),
  fc.record({ serialized: fc.constant(false), maxParallel: fc.constantFrom(1, 2, 3, 5, Infinity, Infinity, Infinity) }),
);
const limits = fc.record({ qps: fc.constantFrom(0, 1, 1, 2, 2, 5, 10), burst: fc.integer({ min: 1, max: 15 }) });

const node: fc.Arbitrary<SimulatedNode> = fc.record({ rules, limits, present: fc.subarray(["i0", "i1", "i2"]) }).map(
  (given): SimulatedNode => ({
    name: "node",
    count: 1,
    rules: { ...given.rules, ...given.limits, assumed: [] },
    bytesPerSecond: Infinity,
    unpackBytesPerSecond: Infinity,
    maxDownloads: 3,
    downloadScope: "image",
    presentImages: given.present,
    presentLayers: [],
  }),
);
const image = (name: string): fc.Arbitrary<SimulatedImage> =>
  fc.record({
    name: fc.constant(name),
    registry: fc.constantFrom("a.test", "b.test"),
    layers: fc.constant([]),
    resolveMs: fc
      .oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 900 }))
      .map((n) => n * stepMs),
    failsUntilMs: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 9000 }).map((n) => n * stepMs) },
    ),
  });
const imageNames = ["i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7"];
const use = fc.record({
  image: fc.constantFrom(...imageNames),
  pullPolicy: fc.constantFrom("Always", "IfNotPresent"),
  blocks: fc.boolean(),
});
const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    nodes: fc.array(node, { minLength: 1, maxLength: 3 }),
    groups: fc.array(
      fc.record({
        name: fc.constant("group"),
        startMs: fc.integer({ min: 0, max: 100 }).map((n) => n * stepMs),
        maxStarting: fc.constantFrom(1, 2, 4, Infinity, Infinity, Infinity, Infinity),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    images: fc.tuple(...imageNames.map(image)),
    pods: fc.array(
      fc.record({ node: fc.nat(), group: fc.nat(), uses: fc.array(use, { minLength: 1, maxLength: 6 }) }),
      { minLength: 1, maxLength: 40, size: "max" },
    ),
    jitter: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 7, maxLength: 31 }),
  })
  .map(({ jitter, pods, ...rest }) => ({
    ...rest,
    pods: pods.map((pod) => ({
      ...pod,
      node: pod.node % rest.nodes.length,
      group: pod.group % rest.groups.length,
    })),
    registryBytesPerSecond: new Map(),
    syncJitter: (pod: number, sync: number) => (jitter[(pod * 7 + sync) % jitter.length] ?? 0) / 100,
    untilMs: 1_500_000,
  }));

describe("the pull simulator", () => {
  it(`throttles, queues and backs off as the kubelet does, in 100 scenarios made at random (seed ${seed})`, function () {
    this.timeout(120_000);
    let throttled = 0;
    let failed = 0;
    let waited = 0;
    fc.assert(
      fc.property(scenario, (given) => {
        const simulated = simulatePulls(given);
        const clocked = clockedKubelet(given, stepMs);
        assert.deepEqual(inOrder(simulated.pulls), inOrder(clocked.pulls));
        assert.deepEqual(simulated.pods, clocked.pods);
        throttled += simulated.pulls.filter(({ outcome }) => outcome === "throttled").length;
        failed += simulated.pulls.filter(({ outcome }) => outcome === "failed").length;
        waited += simulated.pulls.filter(({ askedMs, startedMs }) => startedMs > askedMs).length;
      }),
      { numRuns: 100, seed },
    );
    // Scenarios in which nothing happens would agree, too.
    console.log(`      ${throttled} refusals, ${failed} failures and ${waited} pulls that waited, all alike`);
    assert.ok(throttled > 100 && failed > 100 && waited > 100);
  });
});

/** Layers with sizes: the clock moves bytes in small portions, so that times agree but for these. */
const megabyte = 1_000_000;
const layeredScenario: fc.Arbitrary<Scenario> = fc
  .record({
    rules,
    bandwidth: fc.integer({ min: 5, max: 100 }),
    registryBandwidth: fc.oneof(fc.constant(Infinity), fc.integer({ min: 5, max: 200 })),
    unpack: fc.oneof(fc.constant(Infinity), fc.integer({ min: 20, max: 200 })),
    sizes: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 8, maxLength: 8 }),
    images: fc.array(fc.subarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 1 }), { minLength: 3, maxLength: 3 }),
    nodes: fc.integer({ min: 1, max: 3 }),
    pods: fc.array(fc.record({ node: fc.nat(), images: fc.subarray([0, 1, 2], { minLength: 1 }) }), {
      minLength: 1,
      maxLength: 6,
    }),
  })
  .map((given) => ({
    nodes: Array.from({ length: given.nodes }, () => ({
      name: "node",
      count: 1,
      rules: { ...given.rules, qps: 0, burst: 10, assumed: [] },
      bytesPerSecond: given.bandwidth * megabyte,
      unpackBytesPerSecond: given.unpack * megabyte,
      maxDownloads: 3,
      downloadScope: "image" as const,
      presentImages: [],
      presentLayers: [],
    })),
    groups: [{ name: "group", startMs: 0, maxStarting: Infinity }],
    images: given.images.map((layers, index) => ({
      name: `i${index}`,
      registry: "a.test",
      layers: layers.map((layer) => ({ digest: `d${layer}`, bytes: (given.sizes[layer] ?? 1) * megabyte })),
      resolveMs: 500,
    })),
    pods: given.pods.map(({ node: place, images }) => ({
      node: place % given.nodes,
      group: 0,
      uses: images.map((index) => ({ image: `i${index}`, pullPolicy: "IfNotPresent" as const, blocks: false })),
    })),
    registryBytesPerSecond: new Map([["a.test", given.registryBandwidth * megabyte]]),
    syncJitter: () => 0,
    untilMs: 3_600_000,
  }));

describe("the pull simulator's network and runtime", () => {
  it(`bring layers in the time that a clock measures, in 100 scenarios made at random (seed ${seed})`, function () {
    this.timeout(120_000);
    fc.assert(
      fc.property(layeredScenario, (given) => {
        const simulated = simulatePulls(given).pods;
        const clocked = clockedKubelet(given, 25).pods;
        for (const [pod, { pulledMs = Infinity }] of clocked.entries()) {
          const off = Math.abs((simulated[pod]?.pulledMs ?? Infinity) - pulledMs);
          // Each layer may end a portion later by the clock, and what shares its bandwidth with it too.
          assert.ok(off <= 1000 + 0.02 * pulledMs, `Pod ${pod} is off by ${off} ms of ${pulledMs}`);
        }
      }),
      { numRuns: 100, seed },
    );
  });
});

function inOrder(pulls: readonly SimulatedPull[]): readonly SimulatedPull[] {
  return [...pulls].sort((a, b) => a.endedMs - b.endedMs || a.pod - b.pod || a.askedMs - b.askedMs);
}
