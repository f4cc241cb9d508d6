import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { FuzzTarget } from "./target.js";
import { bestOf } from "./watch.js";

/** An input of any length, made to be expensive. */
export interface Shape {
  readonly name: string;
  /** About `length` characters of it. */
  readonly make: (length: number) => string;
}

export interface Growth {
  readonly target: string;
  readonly shape: string;
  /** Characters of the smaller input; the larger one is ten times as long. */
  readonly length: number;
  readonly smallMs: number;
  readonly largeMs: number;
  /** How much longer the larger one takes; 10 is linear. */
  readonly ratio: number;
}

/** Linear time is a ratio of 10 and quadratic time 100; caches and the collector of garbage make up to 30 of the former. */
export const highestRatio = 40;
/** What takes less for so much is fast enough, whatever its growth; what takes less altogether cannot be measured. */
const fastMs = 25;
/** Inputs that come before the large one, lest one that takes exponential time be tried with it. */
const ladder = [40, 400, 4000];
const hopelessMs = 1000;
const attempts = 5;

/**
 * How a target's time grows from an input to one of ten times its length. The best of several runs counts, and of a ratio that
 * is too high the best of several measurements.
 * @param largeLength  of the larger of the two inputs, in characters
 */
export async function growthOf(target: FuzzTarget, shape: Shape, largeLength = 64_000): Promise<Growth> {
  const found = { target: target.name, shape: shape.name, length: largeLength / 10 };
  for (const length of ladder) {
    const largeMs = await timeOf(target, shape.make(length), 1);
    if (largeMs > hopelessMs) return { ...found, length, smallMs: 0, largeMs, ratio: Number.POSITIVE_INFINITY };
  }
  const large = shape.make(largeLength);
  let largeMs = await timeOf(target, large, 1);
  let ratio = 1;
  let smallMs = 0;
  for (let attempt = 0; attempt < attempts && largeMs > fastMs; attempt += 1) {
    smallMs = await timeOf(target, shape.make(found.length), 5);
    largeMs = Math.min(largeMs, await timeOf(target, large, 2));
    ratio = largeMs > fastMs ? largeMs / smallMs : 1;
    if (ratio < highestRatio) break;
  }
  return { ...found, smallMs, largeMs, ratio };
}

/** What earlier runs left behind is not to be collected in the time of this one. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

const collect = collector();

async function timeOf(target: FuzzTarget, input: string, times: number): Promise<number> {
  if (times > 1) collect();
  return await bestOf(target, input, times);
}
