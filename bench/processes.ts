import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** A process of the benchmark that has said it is ready. */
export interface Companion<Ready> {
  readonly ready: Ready;
  /** Sends a message and waits for the next one that comes back. */
  ask<Answer>(message: object | string): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * Starts a script of this folder in a process of its own, so that what is measured shares no event loop with the one who
 * measures. Its standard output (logs) goes nowhere.
 * @param argument  handed to the script as JSON
 * @param execArgv  options of Node.js
 */
export async function startCompanion<Ready>(
  script: string,
  argument: unknown,
  execArgv: readonly string[] = [],
): Promise<Companion<Ready>> {
  const child = fork(new URL(script, import.meta.url), [JSON.stringify(argument)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [...execArgv],
  });
  const ready = await nextMessage<Ready>(child, script);
  return {
    ready,
    async ask<Answer>(message: object | string) {
      const answer = nextMessage<Answer>(child, script);
      child.send(message);
      return await answer;
    },
    async stop() {
      const gone = once(child, "exit");
      child.kill();
      await gone;
    },
  };
}

async function nextMessage<Message>(child: ChildProcess, script: string): Promise<Message> {
  return await new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error(`${script} ended before it answered`));
    child.once("exit", fail);
    child.once("message", (message) => {
      child.removeListener("exit", fail);
      resolve(message as Message);
    });
  });
}

/** In a companion: what it was given. From then on it ends with the one who started it, however that one ends. */
export function companionArgument<Argument>(): Argument {
  process.once("disconnect", () => process.exit());
  return JSON.parse(process.argv[2] ?? "null") as Argument;
}

/** In a companion: says something to the one who started it. */
export function tell(message: unknown): void {
  process.send?.(message);
}
