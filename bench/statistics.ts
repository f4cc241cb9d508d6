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

/** The value that a share of the measurements do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("nothing was measured");
  return at(
    [...values].sort((a, b) => a - b),
    share,
  );
}

/**
 * The exponent b of y = a·x^b that fits best: the slope of the line through the logarithms.
 * 1 is linear growth, 0 none at all.
 */
export function exponentOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const meanX = logs.reduce((sum, { x }) => sum + x, 0) / logs.length;
  const meanY = logs.reduce((sum, { y }) => sum + y, 0) / logs.length;
  const products = logs.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  const squares = logs.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  return products / squares;
}
