/** A straight line through measurements: what is gained a minute, and between which two values that lies with 95 % certainty. */
export interface Trend {
  readonly perMinute: number;
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  readonly points: number;
}

/**
 * Least squares over time. Neighbouring measurements resemble each other, so the residuals' correlation at lag one is taken
 * into account: of n measurements only n (1 − r) / (1 + r) are worth something.
 * @param points  minutes and values, in the order of time
 */
export function trendOf(points: readonly (readonly [minutes: number, value: number])[]): Trend {
  const count = points.length;
  const meanX = sum(points.map(([x]) => x)) / count;
  const mean = sum(points.map(([, y]) => y)) / count;
  const spread = sum(points.map(([x]) => (x - meanX) ** 2));
  const perMinute = spread === 0 ? 0 : sum(points.map(([x, y]) => (x - meanX) * (y - mean))) / spread;
  const residuals = points.map(([x, y]) => y - mean - perMinute * (x - meanX));
  const squares = sum(residuals.map((residual) => residual ** 2));
  const lagged = sum(residuals.slice(1).map((residual, at) => residual * (residuals[at] ?? 0)));
  const correlation = squares === 0 ? 0 : Math.min(0.9, Math.max(0, lagged / squares));
  const worth = Math.max(3, (count * (1 - correlation)) / (1 + correlation));
  const error = spread === 0 ? 0 : Math.sqrt(squares / (worth - 2) / ((spread * worth) / count));
  const margin = 2.1 * error;
  return { perMinute, low: perMinute - margin, high: perMinute + margin, mean, points: count };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * Whether something stays as it is: no growth can be told from noise, or what there is would take more than a day to add a
 * tenth. `tolerance`: units a minute that are of no account.
 */
export function isFlat({ low, perMinute, mean }: Trend, tolerance: number): boolean {
  return low <= 0 || perMinute <= tolerance || perMinute * 1440 <= mean / 10;
}

/** The value below which a share of all lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
