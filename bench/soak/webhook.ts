import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ProbeReading } from "./probe.js";

/** The webhook's process as seen from inside, from the kernel and by its own metrics. */
export interface Watched extends ProbeReading {
  readonly openFiles: number;
  /** What its caches say they hold. */
  readonly cacheBytes: number;
  /** Faults of its own that it has counted. */
  readonly ownFaults: number;
}

/** The webhook in a process of its own. */
export interface WatchedWebhook {
  readonly port: number;
  /** Set once it has ended by itself, which it must not. */
  readonly ended: () => string | undefined;
  measure(): Promise<Watched>;
  stop(): Promise<void>;
}

const probe = new URL("probe.js", import.meta.url);
const program = fileURLToPath(new URL("../../src/bin/pullguard.js", import.meta.url));

/** Starts `pullguard serve` with these arguments and a probe, and waits until it listens. */
export async function startWebhook(given: readonly string[]): Promise<WatchedWebhook> {
  const child = spawn(process.execPath, ["--expose-gc", `--import=${probe.href}`, program, "serve", ...given], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  let ended: string | undefined;
  let stopping = false;
  child.once("exit", (code, signal) => {
    if (!stopping) ended = `the webhook ended with ${code ?? signal}`;
  });
  const { port, metricsPort } = await portsOf(child);
  return {
    port,
    ended: () => ended,
    measure: async () => {
      const reading = once(child, "message");
      child.send("measure");
      const [told] = (await reading) as [ProbeReading];
      const openFiles = (await readdir(`/proc/${child.pid}/fd`)).length;
      const exposition = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      const [cacheBytes, ownFaults] = [
        sumOf(exposition, "pullguard_cache_bytes"),
        sumOf(exposition, "pullguard_faults_total"),
      ];
      return { ...told, openFiles, cacheBytes, ownFaults };
    },
    stop: async () => {
      stopping = true;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
    },
  };
}

/** Of all series of a metric. */
function sumOf(exposition: string, metric: string): number {
  const series = exposition.split("\n").filter((line) => line.startsWith(`${metric}{`));
  return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

function portsOf(child: ChildProcess): Promise<{ readonly port: number; readonly metricsPort: number }> {
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("the webhook ended before it listened")));
    if (child.stdout === null) return reject(new Error("the webhook has no output"));
    // Read to the end all the same, or the process would stop at a full pipe.
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.includes('"listening"')) return;
      const { port, metricsPort } = JSON.parse(line);
      resolve({ port: Number(port), metricsPort: Number(metricsPort) });
    });
  });
}
