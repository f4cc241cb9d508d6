/** Bounds how many pieces of work are under way for one key. */
export interface Limiter {
  /** Waits for its turn, then runs. Undefined where the signal aborted before that. */
  run<T>(key: string, work: () => Promise<T>, signal: AbortSignal): Promise<T | undefined>;
}

interface Lane {
  busy: number;
  readonly waiting: Set<() => void>;
}

export function createLimiter(maxBusy: number): Limiter {
  const lanes = new Map<string, Lane>();
  return {
    async run(key, work, signal) {
      const lane = lanes.get(key) ?? { busy: 0, waiting: new Set() };
      lanes.set(key, lane);
      while (lane.busy >= maxBusy && !signal.aborted) await turn(lane, signal);
      if (signal.aborted) {
        wakeNext(lane);
        return undefined;
      }
      lane.busy += 1;
      try {
        return await work();
      } finally {
        lane.busy -= 1;
        wakeNext(lane);
        if (lane.busy === 0 && lane.waiting.size === 0 && lanes.get(key) === lane) lanes.delete(key);
      }
    },
  };
}

function wakeNext(lane: Lane): void {
  const [wake] = lane.waiting;
  wake?.();
}

function turn(lane: Lane, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      lane.waiting.delete(go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    lane.waiting.add(go);
    signal.addEventListener("abort", go, { once: true });
  });
}
