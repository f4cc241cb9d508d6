import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Ends a daemon: politely, and after `patienceMs` by force. */
export async function endDaemon(daemon: ChildProcess, patienceMs: number): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = once(daemon, "exit");
  daemon.kill("SIGTERM");
  const impatient = setTimeout(() => daemon.kill("SIGKILL"), patienceMs);
  await gone;
  clearTimeout(impatient);
}
