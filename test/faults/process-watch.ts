import assert from "node:assert/strict";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";

/** Looks after the process while faults are played through. */
export interface ProcessWatch {
  /** Fails if something was thrown that nobody caught, or if sockets, servers or timers are left over. Ends the watch. */
  assertClean(): Promise<void>;
}

/** What a leak would be made of; files and the like come and go with the test runner. */
const watched = new Set(["TCPSocketWrap", "TCPServerWrap", "TLSWrap", "Timeout", "TCPConnectWrap"]);
/** Closing takes a few turns of the event loop, and timers that end by themselves a little; what is still there after so many looks stays. */
const maxLooks = 500;
const betweenLooksMs = 20;

/** Starts with what is open at this moment. */
export function watchProcess(): ProcessWatch {
  const thrown: unknown[] = [];
  const note = (error: unknown): void => void thrown.push(error);
  const before = new Map<string, number>();
  const names = ["unhandledRejection", "uncaughtExceptionMonitor"] as const;
  // At the beginning of the suite, not when its file is read.
  globalThis.before(async () => {
    // From here on mocha's own timer for hooks is running, as it is at the end.
    await nextTurn();
    for (const name of names) process.on(name, note);
    for (const [kind, count] of open()) before.set(kind, count);
  });
  const leaked = (): readonly string[] =>
    [...open()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind, count]) => `${count} ${kind}`);
  return {
    async assertClean() {
      for (let look = 0; look < maxLooks && leaked().length > 0; look += 1) await delay(betweenLooksMs);
      for (const name of names) process.off(name, note);
      assert.deepEqual(thrown, [], "nothing was thrown that nobody caught");
      assert.deepEqual(leaked(), [], "nothing is left open");
    },
  };
}

function open(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (watched.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
