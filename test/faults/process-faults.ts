import { closeSync, openSync } from "node:fs";
import { blockedMs } from "./blocking-loop.js";
import type { BreakableRegistry } from "./breakable-registry.js";
import type { FaultRow } from "./rows.js";
import type { ServedProcess, ServeWish } from "./served-process.js";

/** A webhook in a process of its own, and the registry that it asks. */
export interface ProcessWorld {
  readonly served: ServedProcess;
  readonly registry: BreakableRegistry;
}

export interface ProcessRow extends FaultRow<ProcessWorld> {
  /** How the process is started. */
  readonly start?: () => ServeWish & { readonly started?: () => void };
  /** How the process is ended; `told` by SIGTERM with nothing in flight where absent. */
  readonly end?: "told in flight" | "killed in flight";
  /** Reviews that are asked for while the fault lasts; one where absent. */
  readonly reviews?: number;
}

const goesOn = {
  expected: { allowed: true },
  lift: () => undefined,
  does: "Goes on answering; lines of the log are lost.",
};

/** While the loop stands still: asks, and lets it go on only after the API server has given up. */
const blockedBy = (
  block: (served: ServedProcess) => void,
): Pick<ProcessRow, Exclude<keyof ProcessRow, "fault" | "start">> => ({
  inject: async ({ served, registry }) => {
    await registry.break({ request: () => undefined });
    block(served);
    // Too late for the API server, whose failurePolicy then decides; but nothing stays behind.
    await served.review([registry.image("v3")], { timeoutMs: 1_000 });
  },
  lift: ({ registry }) => registry.mend(),
  end: "told in flight",
  timeoutMs: 2_500,
  expected: { allowed: true, says: "RegistryTimeout" },
  does: "Answers all requests whose time is over as soon as it runs again, with what it knows: allowed.",
  recovers:
    "For a second or two, while it catches up, some images may be let through with PullguardOverloaded; then all is as before.",
});

/** What may happen to the process and what it writes to. */
export const processRows: readonly ProcessRow[] = [
  {
    fault: "log: the reader of standard output is gone (EPIPE)",
    inject: ({ served }) => {
      served.child.stdout?.destroy();
    },
    ...goesOn,
    recovers: "A new reader needs a new process.",
  },
  {
    fault: "log: the disk behind standard output is full (ENOSPC)",
    start: () => {
      const full = openSync("/dev/full", "w");
      return { stdout: full, started: () => closeSync(full) };
    },
    inject: () => undefined,
    ...goesOn,
    recovers: "Lines are written again as soon as there is room.",
  },
  {
    fault: "log: nobody reads standard output, and its pipe is full",
    start: () => ({ stdout: "held" }),
    inject: () => undefined,
    reviews: 600,
    end: "killed in flight",
    ...goesOn,
    recovers: "Lines are written again as soon as somebody reads.",
  },
  {
    fault: "event loop blocked for longer than a request may take: a computation in the process",
    start: () => ({ blocks: true }),
    ...blockedBy(({ child }) => void child.kill("SIGUSR2")),
  },
  {
    fault: "event loop blocked for longer than a request may take: the process gets no CPU (SIGSTOP)",
    ...blockedBy(({ child }) => {
      child.kill("SIGSTOP");
      setTimeout(() => child.kill("SIGCONT"), blockedMs);
    }),
  },
];
