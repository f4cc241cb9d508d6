import { atMost, type BenchPlan, countOf, type Figure } from "./figure.js";
import type { Growing, GrowthOrder, GrowthPoint } from "./growth-steps.js";
import { startCompanion } from "./processes.js";
import { exponentOf } from "./statistics.js";

interface Series {
  readonly growing: Growing;
  readonly meaning: string;
  readonly sizes: readonly number[];
  readonly quick: readonly number[];
  /** Whether memory that is held is meant to grow with it. */
  readonly holds: boolean;
}

const series: readonly Series[] = [
  {
    growing: "answers",
    meaning: "answers of so many images, all of which are remembered, and their tags once more a minute later",
    sizes: [100, 1000, 10_000, 100_000],
    quick: [300, 2500, 8000],
    holds: true,
  },
  {
    growing: "secrets",
    meaning: "one Pod in each of so many namespaces, with a Secret and a ServiceAccount of its own",
    sizes: [10, 100, 1000, 10_000],
    quick: [30, 100, 1000],
    holds: true,
  },
  {
    growing: "nodes",
    meaning: "200 remembered answers for Pods that may land on any of so many nodes",
    sizes: [1, 10, 100, 1000, 5000],
    quick: [10, 500, 5000],
    holds: true,
  },
  {
    growing: "profiles",
    meaning: "200 remembered answers in a cluster of 1 000 nodes with so many different profiles",
    sizes: [1, 5, 20, 100, 200],
    quick: [1, 20, 200],
    holds: true,
  },
  {
    growing: "images",
    meaning: "a remembered answer for a Pod of so many images",
    sizes: [1, 10, 100, 1000, 2000],
    quick: [10, 100, 2000],
    holds: false,
  },
];

const mebibyte = 1024 * 1024;

/** Group 4: how time and memory grow with what there is. 1 is in step with it; what does not grow at all is 0. */
export async function measureGrowth({ isQuick, note }: BenchPlan): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { growing, meaning, sizes, quick, holds } of series) {
    const points: (GrowthPoint & { readonly size: number })[] = [];
    for (const size of isQuick ? quick : sizes) {
      note(`growth: ${size} ${growing}`);
      points.push({ size, ...(await measured({ growing, size })) });
    }
    const group = "growth";
    const shown = (value: (point: GrowthPoint) => number) =>
      Object.fromEntries(points.map((point) => [String(point.size), value(point)]));
    const slopeOf = (value: (point: GrowthPoint) => number): number =>
      exponentOf(points.map((point) => ({ x: point.size, y: Math.max(value(point), 1e-3) })));
    figures.push(
      countOf(
        {
          name: `growth.${growing}.time`,
          group,
          meaning: `${meaning}: exponent of time; milliseconds by size`,
          unit: "exponent",
          target: atMost(1.05),
          measured: shown(({ elapsedMs }) => elapsedMs),
        },
        slopeOf(({ elapsedMs }) => elapsedMs),
      ),
    );
    if (!holds) continue;
    figures.push(
      countOf(
        {
          name: `growth.${growing}.memory`,
          group,
          meaning: `${meaning}: exponent of the heap that is held; KiB by size`,
          unit: "exponent",
          target: atMost(1.05),
          measured: shown(({ heapBytes }) => heapBytes / 1024),
        },
        slopeOf(({ heapBytes }) => Math.max(heapBytes, 1024) / 1024),
      ),
    );
    if (growing === "answers") figures.push(...answerFigures(points));
  }
  return figures;
}

function answerFigures(points: readonly (GrowthPoint & { readonly size: number })[]): readonly Figure[] {
  const largest = points.at(-1);
  const second = points.at(-2);
  if (largest === undefined || second === undefined) return [];
  // Compiled code and what has a bound of its own are in both.
  const bytes = (largest.heapBytes - second.heapBytes) / (largest.size - second.size);
  const group = "growth";
  return [
    countOf(
      {
        name: "growth.answers.bytes-each",
        group,
        meaning: "heap that one more remembered answer takes, with all that is remembered of its image",
        unit: "bytes",
        // Where few are remembered, what has a bound of its own still grows with them.
        ...(largest.size >= 100_000 ? { target: atMost(1024) } : {}),
      },
      bytes,
    ),
    countOf(
      {
        name: "growth.answers.resident",
        group,
        meaning: `resident memory of a process that remembers ${largest.size} answers`,
        unit: "MiB",
        ...(largest.size >= 100_000 ? { target: atMost(128) } : {}),
      },
      largest.residentBytes / mebibyte,
    ),
  ];
}

async function measured(order: GrowthOrder): Promise<GrowthPoint> {
  const process = await startCompanion<GrowthPoint>("growth-process.js", order, ["--expose-gc"]);
  await process.stop();
  return process.ready;
}
