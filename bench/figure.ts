import type { Spread } from "./statistics.js";

/** What a figure is to be, once and for all. */
export interface Target {
  readonly bound: "at most" | "at least";
  readonly value: number;
}

/** One figure: a ratio against a baseline of the same run, or a count or size where the figure says so. */
export interface Figure {
  /** Stable, for people who plot it: `reviews.3-images.throughput`. */
  readonly name: string;
  readonly group: GroupName;
  /** What was divided by what. */
  readonly meaning: string;
  /** `ratio` has no dimension. */
  readonly unit: "ratio" | "requests" | "round trips" | "exponent" | "bytes" | "MiB" | "s" | "ms";
  readonly rounds: number;
  readonly median: number;
  readonly spread: { readonly lowerQuartile: number; readonly upperQuartile: number };
  readonly target?: Target;
  /** Absent where there is no target. */
  readonly met?: boolean;
  /** What the ratio was made of, for people; times in milliseconds. */
  readonly measured?: Readonly<Record<string, number>>;
}

export type GroupName = "reviews" | "cold" | "storm" | "growth" | "cli";

/** One measurement at a time, told to whoever waits. */
export interface BenchPlan {
  readonly isQuick: boolean;
  /** Whether another round may begin. The first of everything is measured whatever it takes. */
  readonly hasTime: () => boolean;
  readonly note: (text: string) => void;
}

type Given = Omit<Figure, "median" | "spread" | "met" | "rounds"> & { readonly rounds?: number };

/** A figure from its spread. A target is told of, never insisted on. */
export function figureOf(given: Given, { median, lowerQuartile, upperQuartile }: Spread, rounds: number): Figure {
  const { target } = given;
  const met =
    target === undefined ? undefined : target.bound === "at most" ? median <= target.value : median >= target.value;
  return { ...given, rounds, median, spread: { lowerQuartile, upperQuartile }, ...(met === undefined ? {} : { met }) };
}

/** A figure that was measured once, such as a count. */
export function countOf(given: Given, value: number): Figure {
  return figureOf(given, { median: value, lowerQuartile: value, upperQuartile: value }, 1);
}

export function atMost(value: number): Target {
  return { bound: "at most", value };
}

export function atLeast(value: number): Target {
  return { bound: "at least", value };
}
