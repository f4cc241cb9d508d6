import type { TextSink } from "./types.js";

/** Counts images while a check takes long. */
export interface Progress {
  /** One more image has been judged. */
  step(): void;
  /** Wipes what was shown. */
  end(): void;
}

const patienceMs = 1_000;

/**
 * Shows on a terminal how far a check is, once it takes longer than a second; one line, written over and wiped in the end.
 * @param total  images to be judged
 */
export function showProgress(stderr: TextSink, total: number): Progress {
  let done = 0;
  let isShown = false;
  const show = (): void => {
    isShown = true;
    stderr.write(`\r\x1b[Kchecking ${total} ${total === 1 ? "image" : "images"}: ${done} done`);
  };
  const timer = setTimeout(show, patienceMs);
  return {
    step: () => {
      done += 1;
      if (isShown) show();
    },
    end: () => {
      clearTimeout(timer);
      if (isShown) stderr.write("\r\x1b[K");
    },
  };
}
