import assert from "node:assert/strict";
import { fuzz } from "../../fuzz/engine.js";
import { growthOf, highestRatio } from "../../fuzz/growth.js";
import { Random } from "../../fuzz/random.js";
import { ownShapes, runs } from "../../fuzz/shapes.js";
import { canary, type FuzzTarget } from "../../fuzz/target.js";
import { targets } from "../../fuzz/targets/index.js";

const executions = 100_000;
const weights = targets.reduce((sum, { weight = 1 }) => sum + weight, 0);

describe("readers of foreign input", function () {
  this.timeout(120_000);

  for (const target of targets) {
    it(`take whatever is given to ${target.name}`, async () => {
      const share = Math.ceil((executions * (target.weight ?? 1)) / weights);
      const { findings } = await fuzz(target, { executions: share, seed: 20_261_125 });
      assert.deepEqual(findings, []);
    });
  }
});

describe("the time for hostile input grows with its length", function () {
  this.timeout(120_000);
  // Shorter inputs than npm run fuzz:growth has, and runs of one thing for a few targets alone: those cost much time.
  const withRuns = new Set(["image-names", "short-texts", "www-authenticate", "dial-rules", "go-base64"]);

  for (const target of targets) {
    const shapes = [...ownShapes(target), ...(withRuns.has(target.name) ? runs(target) : [])];
    if (shapes.length === 0) continue;
    it(`of ${target.name}`, async () => {
      for (const shape of shapes) {
        const { ratio } = await growthOf(target, shape, 24_000);
        assert.ok(ratio < highestRatio, `${shape.name}: ten times the length takes ${ratio.toFixed(0)} times as long`);
      }
    });
  }
});

describe("the fuzzer", () => {
  const target = (run: FuzzTarget["run"], rest: Partial<FuzzTarget> = {}): FuzzTarget => ({
    name: "t",
    seeds: ["ab"],
    words: ["b"],
    run,
    ...rest,
  });
  const found = async (given: FuzzTarget): Promise<readonly string[]> => {
    const { findings } = await fuzz(given, { executions: 500, seed: 1 });
    return findings.map(({ kind }) => kind);
  };

  it("tells of an exception, with the input", async () => {
    const broken = target((input) => {
      if (input.includes("bb")) throw new TypeError("no b twice");
      return { shape: "fine" };
    });
    const { findings } = await fuzz(broken, { executions: 500, seed: 1 });
    assert.deepEqual(
      findings.map(({ kind, input }) => [kind, input.includes("bb")]),
      [["throw", true]],
    );
  });

  it("tells of secrets that are said, where nothing else than the secret stood there", async () => {
    const seeds = [`{"password":"${canary}"}`];
    assert.deepEqual(await found(target((input) => ({ shape: "", said: [input] }), { seeds })), ["leak"]);
    assert.deepEqual(await found(target((input) => ({ shape: "", said: [input] }), { seeds: [canary] })), []);
  });

  it("tells of control characters where one line was promised", async () => {
    assert.deepEqual(await found(target((input) => ({ shape: "", said: [input] }), { saysOneLine: true })), ["lines"]);
  });

  it("tells of a prototype that has changed", async () => {
    const pollute = target((input) => {
      if (input.includes("bb")) Reflect.set(Object.prototype, "polluted", "yes");
      return { shape: "" };
    });
    try {
      assert.deepEqual(await found(pollute), ["pollution"]);
    } finally {
      Reflect.deleteProperty(Object.prototype, "polluted");
    }
  });

  it("finds quadratic time and leaves linear time alone", async () => {
    const busy = (rounds: (length: number) => number) =>
      target((input) => {
        let sum = 0;
        for (let at = rounds(input.length); at > 0; at -= 1) sum += Math.sqrt(at);
        return { shape: String(sum > 0) };
      });
    const shape = { name: "a", make: (length: number) => "a".repeat(length) };
    const ratioOf = async (rounds: (length: number) => number): Promise<number> =>
      (await growthOf(busy(rounds), shape, 24_000)).ratio;
    assert.ok((await ratioOf((length) => length ** 2 / 10)) > highestRatio);
    assert.ok((await ratioOf((length) => length * 2500)) < highestRatio);
  });

  it("does the same for the same seed", () => {
    const [one, other] = [new Random(7), new Random(7)];
    assert.deepEqual(
      Array.from({ length: 20 }, () => one.below(100)),
      Array.from({ length: 20 }, () => other.below(100)),
    );
  });
});
