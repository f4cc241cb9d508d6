/** A signal that knows when it will abort. */
interface EndingSignal extends AbortSignal {
  [endMs]?: number;
}

const endMs = Symbol("when this signal aborts");

/** Notes on a signal when it will abort, in milliseconds since the Unix epoch, for those who plan ahead. */
export function noteDeadline(signal: EndingSignal, atMs: number): void {
  signal[endMs] = atMs;
}

/** When a signal will abort, as far as that was noted. */
export function deadlineOf(signal: EndingSignal): number | undefined {
  return signal[endMs];
}
