import { type Profiler, Session } from "node:inspector";

/** Which blocks of the product's code ran, as V8 itself counts them. */
export interface Coverage {
  /** The blocks that ran since the last call of either and never before. */
  takeNew(): Set<string>;
  /** Takes those out of `wanted` that ran since the last call of either; how many they were. */
  claim(wanted: Set<string>): number;
  /** All blocks that ran so far. */
  readonly seen: number;
  close(): void;
}

/** Starts to count for this process; only code whose address contains `within` counts. */
export function startCoverage(within = "/build/src/"): Coverage {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true, allowTriggeredUpdates: false });
  const known = new Set<string>();
  return {
    get seen() {
      return known.size;
    },
    takeNew() {
      const found = new Set<string>();
      for (const block of blocksOf(take(session), within)) if (!known.has(block)) found.add(block);
      for (const block of found) known.add(block);
      return found;
    },
    claim(wanted) {
      const before = wanted.size;
      for (const block of blocksOf(take(session), within)) wanted.delete(block);
      return before - wanted.size;
    },
    close() {
      session.post("Profiler.stopPreciseCoverage");
      session.disconnect();
    },
  };
}

function take(session: Session): readonly Profiler.ScriptCoverage[] {
  let result: readonly Profiler.ScriptCoverage[] = [];
  // The inspector of one's own process answers before post() returns.
  session.post("Profiler.takePreciseCoverage", (error, taken) => {
    if (error !== null) throw error;
    result = taken.result;
  });
  return result;
}

function* blocksOf(scripts: readonly Profiler.ScriptCoverage[], within: string): Iterable<string> {
  for (const { url, scriptId, functions } of scripts) {
    if (!url.includes(within)) continue;
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) {
        if (count > 0) yield `${scriptId}:${startOffset}:${endOffset}`;
      }
    }
  }
}
