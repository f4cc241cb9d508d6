/** A straight line through measurements: what is gained a minute, and between which two values that lies with 95 % certainty. */
export interface Trend {
  readonly perMinute: number;
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  /** What the line was drawn through: means of whole rounds of faults, or single measurements where there were too few rounds. */
  readonly rounds: number;
  /** The mean of each of those rounds, in the order of time. */
  readonly means: readonly number[];
  /** Minutes from the first measurement that counts to the last. */
  readonly minutes: number;
}

type Point = readonly [minutes: number, value: number];

/** Fewer means say too little of how they scatter. */
const leastRounds = 4;

/**
 * Least squares over time. What is measured goes up and down with the faults, so neighbouring measurements resemble each other
 * and the phase in which a run ends would look like a slope. Means over whole rounds of faults have neither fault: one for
 * each round, counted from the end. Where fewer than four rounds fit, single measurements have to do, of which n with a
 * correlation r at lag one are worth n (1 − r) / (1 + r).
 * @param points  minutes and values, in the order of time
 * @param roundMinutes  how long it takes until the faults begin again
 */
export function trendOf(points: readonly Point[], roundMinutes: number): Trend {
  const means = roundMeans(points, roundMinutes);
  const minutes = (points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0);
  const isByRound = means.length >= leastRounds;
  const { slope, mean, error, freedom } = lineThrough(isByRound ? means : points, !isByRound);
  const margin = studentQuantile(freedom) * error;
  const ofRounds = isByRound ? means.map(([, value]) => value) : [];
  const between = { low: slope - margin, high: slope + margin };
  return { perMinute: slope, ...between, mean, rounds: ofRounds.length, means: ofRounds, minutes };
}

/** The mean time and value of each whole round, the newest last. */
function roundMeans(points: readonly Point[], roundMinutes: number): readonly Point[] {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return [];
  const count = Math.floor((last[0] - first[0]) / roundMinutes + 1e-6);
  return Array.from({ length: count }, (_, index): Point => {
    const toMinutes = last[0] - (count - 1 - index) * roundMinutes;
    const own = points.filter(([at]) => at > toMinutes - roundMinutes && at <= toMinutes);
    return [meanOf(own.map(([at]) => at)), meanOf(own.map(([, value]) => value))];
  });
}

function lineThrough(points: readonly Point[], isCorrelated: boolean) {
  const count = points.length;
  const meanX = meanOf(points.map(([x]) => x));
  const mean = meanOf(points.map(([, y]) => y));
  const spread = sum(points.map(([x]) => (x - meanX) ** 2));
  const slope = spread === 0 ? 0 : sum(points.map(([x, y]) => (x - meanX) * (y - mean))) / spread;
  const residuals = points.map(([x, y]) => y - mean - slope * (x - meanX));
  const squares = sum(residuals.map((residual) => residual ** 2));
  const lagged = sum(residuals.slice(1).map((residual, at) => residual * (residuals[at] ?? 0)));
  const correlation = !isCorrelated || squares === 0 ? 0 : Math.min(0.95, Math.max(0, lagged / squares));
  const worth = Math.max(3, (count * (1 - correlation)) / (1 + correlation));
  const error = spread === 0 ? Number.POSITIVE_INFINITY : Math.sqrt((squares * count) / worth / (worth - 2) / spread);
  return { slope, mean, error, freedom: worth - 2 };
}

/** 97.5 % of Student's distribution lie below. Source: any table of it; between its rows the more careful value. */
const studentTable = [12.71, 4.31, 3.19, 2.78, 2.58, 2.45, 2.37, 2.31, 2.27, 2.23] as const;
export function studentQuantile(freedom: number): number {
  const row = Math.floor(freedom);
  return studentTable[Math.max(0, row - 1)] ?? (row < 20 ? 2.21 : row < 60 ? 2.09 : 2);
}

/** `unclear`: growth cannot be told from noise, but neither can it be excluded that a quarter was gained while it was measured. */
export type Verdict = "flat" | "grows" | "unclear";

/** @param tolerance  units a minute that are of no account */
export function verdictOf({ low, high, perMinute, mean, minutes }: Trend, tolerance: number): Verdict {
  if (low > 0 && perMinute > tolerance) return "grows";
  return high > tolerance && high * minutes > mean / 4 ? "unclear" : "flat";
}

/** The value below which a share of all lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function meanOf(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
