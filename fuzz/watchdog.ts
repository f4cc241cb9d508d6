import { writeSync } from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";

/** Ends the process with a message where one input takes for ever: nothing else could tell which it was. */
export interface Watchdog {
  /** Called with each input before it is run. */
  readonly see: (target: string, input: string) => void;
  readonly stop: () => Promise<void>;
}

const lookEveryMs = 15_000;
const roomBytes = 32 * 1024;

interface Shared {
  readonly counters: Int32Array<SharedArrayBuffer>;
  readonly text: Uint8Array<SharedArrayBuffer>;
}

/** Starts the watch in a thread of its own. */
export function startWatchdog(): Watchdog {
  const counters = new Int32Array(new SharedArrayBuffer(8));
  const text = new Uint8Array(new SharedArrayBuffer(roomBytes));
  const worker = new Worker(new URL(import.meta.url), { workerData: { counters, text } satisfies Shared });
  worker.unref();
  return {
    see(target, input) {
      counters[1] = Buffer.from(text.buffer).write(`${target}: ${JSON.stringify(input)}`);
      Atomics.add(counters, 0, 1);
    },
    async stop() {
      await worker.terminate();
    },
  };
}

/** The thread: looks whether the count moves on, and asks no one for help where it does not. */
function watch({ counters, text }: Shared): void {
  let before = -1;
  for (;;) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookEveryMs);
    const now = Atomics.load(counters, 0);
    if (now === before && now > 0) {
      writeSync(
        2,
        `no end after ${lookEveryMs / 1000} s: ${Buffer.from(text.slice(0, counters[1] ?? 0)).toString()}\n`,
      );
      process.kill(process.pid, "SIGKILL");
    }
    before = now;
  }
}

if (!isMainThread) watch(workerData as Shared);
