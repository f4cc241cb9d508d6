import assert from "node:assert/strict";
import { exponentOf, quantile, ratioOf, spreadOf } from "../../bench/statistics.js";

describe("the benchmark's statistics", () => {
  it("say the middle of some measurements and where their middle half lies", () => {
    assert.deepEqual(spreadOf([5, 1, 3, 2, 4]), { median: 3, lowerQuartile: 2, upperQuartile: 4 });
    assert.throws(() => spreadOf([]), RangeError);
  });

  it("compare round by round", () => {
    assert.equal(ratioOf([2, 40, 6], [1, 10, 3]).median, 2);
  });

  it("find the value that a share does not exceed", () => {
    assert.equal(quantile([4, 1, 3, 2, 5], 0.5), 3);
    assert.equal(quantile([1, 2], 0.5), 1.5);
  });

  for (const [name, exponent, grow] of [
    ["none", 0, () => 7],
    ["linear", 1, (x: number) => 3 * x],
    ["quadratic", 2, (x: number) => x * x],
    ["logarithmic, which is next to none", 0.1, (x: number) => Math.log(x) + 5],
  ] as const) {
    it(`fit the exponent of growth: ${name}`, () => {
      const found = exponentOf([10, 100, 1000, 10_000].map((x) => ({ x, y: grow(x) })));
      assert.ok(Math.abs(found - exponent) < 0.1, String(found));
    });
  }
});
