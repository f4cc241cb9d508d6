import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** A server program of our own. */
export interface Daemon {
  /** Whether it has ended, by itself or by `stop`. */
  ended(): boolean;
  /** The last part of what it printed. */
  log(): string;
  stop(): Promise<void>;
}

const keptLog = 64_000;
const patienceMs = 10_000;

/** Starts a program with an environment of nothing but a path: no proxy, no kubeconfig of the machine. */
export function startDaemon(program: string, args: readonly string[], folder: string): Daemon {
  const child = spawn(program, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin", HOME: folder },
  });
  let logged = "";
  let gone = false;
  const note = (text: string): void => {
    logged = (logged + text).slice(-keptLog);
  };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => note(chunk.toString()));
  child.on("error", (error) => {
    gone = true;
    note(`${program}: ${error.message}\n`);
  });
  child.on("exit", () => {
    gone = true;
  });
  return {
    ended: () => gone,
    log: () => logged,
    async stop() {
      if (gone) return;
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      const impatient = setTimeout(() => child.kill("SIGKILL"), patienceMs);
      await exit;
      clearTimeout(impatient);
    },
  };
}

/** Ports of 127.0.0.1 that are free at this moment, all different. Programs that cannot say which port they got need them. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the socket has no port");
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function listening(): Promise<Server> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/**
 * Asks again and again until the answer is there.
 * @param ask  undefined: not yet. What it throws ends the waiting
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  withinMs = 30_000,
): Promise<NonNullable<T>> {
  const giveUpMs = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null) return answer;
    if (Date.now() > giveUpMs) throw new Error(`after ${withinMs / 1000} s still not: ${what}`);
    await pause(50);
  }
}
