import type { PullPolicy, Workload } from "./types.js";

/** One image of a workload, however many containers use it. */
export interface DistinctImage {
  /** As written; two spellings of one image are two entries. */
  readonly image: string;
  /** The strictest of the uses: `Always` before `IfNotPresent`. `Never` uses are an entry of their own. */
  readonly pullPolicy: PullPolicy;
  /** Every place that names it, in the workload's order; at least one. */
  readonly fieldPaths: readonly string[];
}

/**
 * Each image of a workload once, in order of first use. A use that may pull and a use that never does have different
 * answers, so they stay apart; of those that may pull, one `Always` makes the registry needed.
 */
export function distinctImages(workload: Workload): readonly DistinctImage[] {
  const pulled = new Map<string, Entry>();
  const present = new Map<string, Entry>();
  const found: Entry[] = [];
  for (const { image, pullPolicy, fieldPath } of workload.pod.images) {
    const known = pullPolicy === "Never" ? present : pulled;
    const entry = known.get(image);
    if (entry === undefined) {
      const made = { image, pullPolicy, fieldPaths: [fieldPath] };
      known.set(image, made);
      found.push(made);
      continue;
    }
    entry.fieldPaths.push(fieldPath);
    if (pullPolicy === "Always") entry.pullPolicy = "Always";
  }
  return found;
}

interface Entry {
  readonly image: string;
  pullPolicy: PullPolicy;
  readonly fieldPaths: string[];
}
