import assert from "node:assert/strict";
import {
  createLayerMemory,
  createThroughputMeter,
  estimatePulls,
  type PullTask,
  parsePulledEvent,
  pullDurations,
  pullRules,
} from "../../../src/prediction/index.js";
import { PullBackOff } from "../../../src/prediction/time/back-off.js";
import { TokenBucket } from "../../../src/prediction/time/token-bucket.js";
import { parseReference } from "../../../src/reference/index.js";
import { fakeClock, registryHost } from "../../support/builders.js";

describe("the kubelet's settings for pulls", () => {
  const defaults = { serialized: true, maxParallel: 1, qps: 5, burst: 10 };
  const cases = [
    { name: "are one at a time, 5 a second and 10 at once where nothing is written", given: {}, want: defaults },
    {
      name: "are parallel without a limit",
      given: { serializeImagePulls: false },
      want: { ...defaults, serialized: false, maxParallel: Infinity },
    },
    {
      name: "are parallel where two or more may run",
      given: { maxParallelImagePulls: 2 },
      want: { ...defaults, serialized: false, maxParallel: 2 },
    },
    { name: "are one at a time where one may run", given: { maxParallelImagePulls: 1 }, want: defaults },
    { name: "have no limit at 0 a second", given: { registryPullQps: 0 }, want: { ...defaults, qps: 0 } },
    { name: "take a burst of 0 for none written", given: { registryBurst: 0 }, want: defaults },
  ];
  for (const { name, given, want } of cases) {
    it(name, () => {
      const { assumed, ...rules } = pullRules(given);
      assert.deepEqual(rules, want);
      assert.equal(assumed.length > 0, true);
    });
  }
});

describe("the kubelet's limit on pulls", () => {
  it("gives its burst at once, then one token in each fifth of a second", () => {
    const bucket = new TokenBucket(5, 3);
    assert.deepEqual(
      [0, 0, 0, 0, 199, 200, 200, 400].map((ms) => bucket.tryAccept(ms)),
      [true, true, true, false, false, true, false, true],
    );
  });
  it("never holds more than its burst", () => {
    const bucket = new TokenBucket(5, 2);
    assert.deepEqual(
      [60_000, 60_000, 60_000].map((ms) => bucket.tryAccept(ms)),
      [true, true, false],
    );
  });
});

describe("the kubelet's back-off", () => {
  it("doubles from 10 s to 300 s", () => {
    const backOff = new PullBackOff();
    let nowMs = 0;
    for (const seconds of [10, 20, 40, 80, 160, 300, 300]) {
      backOff.next("pod image", nowMs);
      assert.equal(backOff.isPaused("pod image", nowMs + seconds * 1000 - 1), true);
      nowMs += seconds * 1000;
      assert.equal(backOff.isPaused("pod image", nowMs), false);
    }
  });
  it("begins anew after more than ten minutes", () => {
    const backOff = new PullBackOff();
    for (const nowMs of [0, 10_000, 30_000]) backOff.next("pod image", nowMs);
    backOff.next("pod image", 630_001);
    assert.equal(backOff.isPaused("pod image", 640_001), false);
  });
});

describe("the kubelet's events", () => {
  const cases = [
    {
      name: "tell time, waiting and size",
      given:
        'Successfully pulled image "nginx:1.27" in 1m2.5s (1m10.25s including waiting). Image size: 72188133 bytes.',
      want: { image: "nginx:1.27", pullMs: 62_500, withWaitingMs: 70_250, sizeBytes: 72_188_133 },
    },
    {
      name: "tell no size before 1.30",
      given: 'Successfully pulled image "x" in 345ms (345ms including waiting)',
      want: { image: "x", pullMs: 345, withWaitingMs: 345 },
    },
    {
      name: "tell no waiting before 1.27",
      given: 'Successfully pulled image "x" in 2.0015s',
      want: { image: "x", pullMs: 2001.5 },
    },
    { name: "tell nothing of the oldest", given: 'Successfully pulled image "x"', want: undefined },
    {
      name: "are passed over for images that were there",
      given: 'Container image "x" already present on machine',
      want: undefined,
    },
    {
      name: "are passed over where the time is none",
      given: 'Successfully pulled image "x" in 5parsec',
      want: undefined,
    },
  ];
  for (const { name, given, want } of cases) it(name, () => assert.deepEqual(parsePulledEvent(given), want));

  it("teach how fast a registry is, after three of them", () => {
    const meter = createThroughputMeter(fakeClock());
    const durations = pullDurations(meter);
    const note = (): void =>
      durations.noteEvent(
        'Successfully pulled image "reg.test/a:1" in 10s (10s including waiting). Image size: 500000000 bytes.',
      );
    note();
    note();
    assert.equal(meter.throughputOf("reg.test", "reg.test"), undefined);
    note();
    assert.deepEqual(meter.throughputOf("reg.test", "reg.test"), {
      bytesPerSecond: 50_000_000,
      source: "kubelet",
      samples: 3,
    });
  });
});

describe("events about pulls that fetched little", () => {
  const pulls = [
    { name: "a name that was looked up once more", duration: "412ms", size: 30_000_000 },
    { name: "an image with most layers in place", duration: "1.2s", size: 4_000_000_000 },
    { name: "an image whose size is not told", duration: "30s", size: 0 },
  ];
  for (const { name, duration, size } of pulls) {
    it(`teach nothing: ${name}`, () => {
      const meter = createThroughputMeter(fakeClock());
      const message = `Successfully pulled image "reg.test/a:1" in ${duration} (${duration} including waiting). Image size: ${size} bytes.`;
      for (let round = 0; round < 5; round += 1) pullDurations(meter).noteEvent(message);
      assert.equal(meter.throughputOf("reg.test", "reg.test"), undefined);
    });
  }
});

describe("sizes by name", () => {
  const image = "reg.test/a:1";
  const reference = parseReference(image, "current");
  const attempt = (bytes: number) => ({
    kind: "pulled" as const,
    digest: "sha256:a",
    mediaType: "m",
    via: registryHost("reg.test"),
    image: {
      manifestDigest: "sha256:b",
      config: { mediaType: "c", digest: "sha256:c", sizeBytes: 1 },
      layers: [3, bytes].map((sizeBytes) => ({ mediaType: "l", digest: `sha256:${sizeBytes}`, sizeBytes })),
    },
  });
  it("are those of the image that had the name last", () => {
    const memory = createLayerMemory(1_000_000);
    assert.ok(reference.kind === "reference");
    const [before, after] = [attempt(4), attempt(5)];
    memory.remember(reference.reference, before);
    assert.equal(memory.sizeOf(image), 7);
    memory.remember(reference.reference, after);
    assert.equal(memory.sizeOf(image), 8);
    memory.remember(reference.reference, before);
    assert.equal(memory.sizeOf(image), 7);
    assert.equal(memory.sizeOf("reg.test/a:2"), undefined);
    assert.equal(memory.sizeOf("Not An Image"), undefined);
  });
});

describe("measured throughput", () => {
  it("is believed for an hour from the end of the newest transfer", () => {
    const hour = 3_600_000;
    const clock = fakeClock(10 * hour);
    const meter = createThroughputMeter(clock);
    const note = (endedMs: number) =>
      meter.note({ registry: "h.test", bytes: 10_000_000, durationMs: 1000, source: "own", endedMs });
    const isKnown = () => meter.throughputOf("r.test", "h.test") !== undefined;
    note(9 * hour - 1);
    assert.equal(isKnown(), false, "too old");
    note(9 * hour + 1000);
    note(9 * hour + 500);
    clock.advance(1000);
    assert.equal(isKnown(), true);
    clock.advance(1);
    assert.equal(isKnown(), false);
    note(20 * hour);
    clock.advance(hour + 1);
    assert.equal(isKnown(), false, "a clock that is ahead");
  });
  it("leans to the newest, leaves out small transfers, and is forgotten after an hour", () => {
    const clock = fakeClock();
    const meter = createThroughputMeter(clock);
    meter.note({ registry: "h.test", bytes: 100_000, durationMs: 1, source: "own" });
    assert.equal(meter.throughputOf("r.test", "h.test"), undefined);
    meter.note({ registry: "h.test", bytes: 10_000_000, durationMs: 1000, source: "own" });
    meter.note({ registry: "h.test", bytes: 20_000_000, durationMs: 1000, source: "own" });
    assert.equal(meter.throughputOf("r.test", "h.test")?.bytesPerSecond, 13_000_000);
    clock.advance(3_600_001);
    assert.equal(meter.throughputOf("r.test", "h.test"), undefined);
  });
  it("keeps absurd figures within bounds", () => {
    const meter = createThroughputMeter(fakeClock());
    meter.note({ registry: "h.test", bytes: 1e15, durationMs: 1, source: "own" });
    assert.equal(meter.throughputOf("r.test", "h.test")?.bytesPerSecond, 10 * 1024 ** 3);
  });
});

describe("an estimate", () => {
  const task = (image: string, ...layers: [string, number][]): PullTask => ({
    image,
    registry: "reg.test",
    layers: layers.map(([digest, bytes]) => ({ digest, bytes })),
    pullPolicy: "IfNotPresent",
    blocks: false,
  });
  const input = {
    tasks: [task("a", ["base", 1e9], ["own", 5e8])],
    podsOnNode: 1,
    queued: [],
    rules: pullRules({}),
    presentImages: new Set<string>(),
    presentLayers: new Set<string>(),
    throughputOf: () => ({ bytesPerSecond: 1e8, source: "kubelet", samples: 9 }) as const,
  };
  it("is bytes by throughput and the requests before", () => {
    const { totalMs, bytes, assumptions } = estimatePulls(input);
    assert.deepEqual({ totalMs, bytes }, { totalMs: 15_500, bytes: 1.5e9 });
    assert.match(
      assumptions.map(({ text }) => text).join("; "),
      /100 MB\/s \(by the nodes' own pulls, 9 seen\).*defaults/,
    );
  });
  it("leaves out layers that the node has", () => {
    assert.equal(estimatePulls({ ...input, presentLayers: new Set(["base"]) }).totalMs, 5500);
  });
  it("counts what waits on the node", () => {
    const { waitMs, totalMs } = estimatePulls({ ...input, queued: [[task("b", ["other", 2e9])]] });
    assert.deepEqual({ waitMs, totalMs }, { waitMs: 20_500, totalMs: 36_000 });
  });
  it("knows a node's layers by the digests that Pullguard has seen, not by tags", () => {
    const memory = createLayerMemory(1_000_000);
    const digest = `sha256:${"a".repeat(64)}`;
    const parsed = parseReference("reg.test/a:v1", "current");
    assert.equal(parsed.kind, "reference");
    const config = { mediaType: "c", digest, sizeBytes: 1 };
    const layers = [{ mediaType: "l", digest: "sha256:base", sizeBytes: 1 }];
    const image = { manifestDigest: digest, config, layers };
    memory.remember(parsed.reference, { kind: "pulled", digest, mediaType: "m", via: registryHost("reg.test"), image });
    const layersOf = (name: string) => [
      ...memory.layersOn({ name: "n", labels: {}, images: [{ names: [name], sizeBytes: 1 }], imagesAreComplete: true }),
    ];
    assert.deepEqual(layersOf(`reg.test/a@${digest}`), ["sha256:base"]);
    assert.deepEqual(layersOf("reg.test/a:v1"), []);
  });
});
