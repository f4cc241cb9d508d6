import assert from "node:assert/strict";
import { studentQuantile, trendOf, verdictOf } from "../../bench/soak/statistics.js";
import { excuses, type Spell } from "../../bench/soak/truth.js";

const roundMinutes = 3.75;
/** As a soak measures: every five seconds. */
const points = (minutes: number, valueAt: (at: number) => number) =>
  Array.from({ length: minutes * 12 + 1 }, (_, index): [number, number] => [5 + index / 12, valueAt(index / 12)]);
/** The same numbers in every run, between −1 and 1, a little like their neighbours. */
const noise = (at: number): number => Math.sin(at * 12.9898) * Math.cos(at * 78.233);
const withFaults = (at: number): number => 70 + 5 * Math.sin((2 * Math.PI * at) / roundMinutes) + noise(at);

describe("the soak's statistics", () => {
  for (const [name, minutes, valueAt, verdict] of [
    ["nothing but noise", 25, (at: number) => 70 + noise(at), "flat"],
    ["what goes up and down with the faults, cut off in the middle of a round", 24, withFaults, "flat"],
    ["a tenth of a MiB a minute below what goes up and down", 25, (at: number) => withFaults(at) + at / 10, "grows"],
    ["what falls", 25, (at: number) => withFaults(at) - at / 10, "flat"],
    ["too little to be of account", 25, (at: number) => 70 + at / 100, "flat"],
    ["too few rounds to exclude growth", 7, (at: number) => 70 + 60 * Math.sin((2 * Math.PI * at) / 11), "unclear"],
  ] as const) {
    it(`call it ${verdict}: ${name}`, () => {
      const trend = trendOf(points(minutes, valueAt), roundMinutes);
      assert.equal(verdictOf(trend, 0.02), verdict, JSON.stringify(trend));
    });
  }

  it("draw a line through whole rounds alone, and tell through how many", () => {
    const trend = trendOf(
      points(25, (at) => withFaults(at) + at),
      roundMinutes,
    );
    assert.equal(trend.rounds, 6);
    const gained = trend.means.slice(1).map((mean, index) => mean - (trend.means[index] ?? 0));
    assert.equal(gained.length, 5);
    for (const each of gained) assert.ok(Math.abs(each - roundMinutes) < 0.3, `${gained}`);
    assert.ok(trend.low < 1 && 1 < trend.high, JSON.stringify(trend));
    assert.ok(trend.high - trend.low < 0.2, JSON.stringify(trend));
    assert.equal(
      trendOf(
        points(10, () => 1),
        roundMinutes,
      ).rounds,
      0,
    );
  });

  it("are as careful as few measurements want it", () => {
    assert.deepEqual([1, 4, 4.9, 10, 11, 30, 500].map(studentQuantile), [12.71, 2.78, 2.78, 2.23, 2.21, 2.09, 2]);
  });
});

describe("what a soak excuses", () => {
  const hung: Spell = { name: "registry-hangs", startMs: 20_000, endMs: 35_000 };
  for (const [when, spells, place, fromMs, toMs, want] of [
    ["before the fault", [hung], "plain", 10_000, 19_000, []],
    ["during the fault", [hung], "plain", 25_000, 25_010, ["unknown", "shed"]],
    ["asked before, answered during it", [hung], "plain", 19_000, 29_000, ["unknown", "shed"]],
    ["while a circuit may be open", [hung], "plain", 80_000, 80_010, ["unknown"]],
    ["long after it", [hung], "plain", 85_001, 85_002, []],
    ["elsewhere", [hung], "tls", 25_000, 25_010, []],
    [
      "a certificate that nodes do not trust",
      [{ ...hung, name: "tls-broken" }],
      "tls",
      30_000,
      30_001,
      ["unknown", "shed", "denial"],
    ],
    ["a while after that", [{ ...hung, name: "tls-broken" }], "tls", 56_000, 56_001, []],
    [
      "a certificate of its own that was replaced",
      [{ ...hung, name: "certificate-replaced" }],
      "plain",
      25_000,
      25_001,
      [],
    ],
  ] as const) {
    it(`${when}: ${want.length === 0 ? "nothing" : want.join(", ")}`, () => {
      const found = excuses(place, false, spells, fromMs, toMs);
      assert.deepEqual(
        Object.entries(found).flatMap(([what, isExcused]) => (isExcused ? [what] : [])),
        want,
      );
    });
  }
});
