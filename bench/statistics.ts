/** What is said of some measurements: the middle one, and between which two the middle half of them lies. */
export interface Spread {
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
}

/** @throws RangeError without a measurement */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("nothing was measured");
  const sorted = [...values].sort((a, b) => a - b);
  return { median: at(sorted, 0.5), lowerQuartile: at(sorted, 0.25), upperQuartile: at(sorted, 0.75) };
}

/** Pairs measurements of the same round. The median of ratios is steadier than the ratio of medians where load drifts. */
export function ratioOf(numerators: readonly number[], denominators: readonly number[]): Spread {
  return spreadOf(numerators.map((value, round) => value / (denominators[round] ?? Number.NaN)));
}

/** The value at a share of the way through sorted values, between two neighbours where it falls between them. */
function at(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}
