import { type Daemon, eventually, type Kube, startDaemon } from "../support/kube/index.js";

const program = new URL("../../src/bin/pullguard.js", import.meta.url).pathname;

/** Starts the program and resolves when it is ready. @param args  with a `--metrics-port` that is not 0 */
export async function startProgram({ folder }: Kube, args: readonly string[]): Promise<Daemon> {
  const daemon = startDaemon(process.execPath, [program, ...args], folder);
  const port = Number(args[args.indexOf("--metrics-port") + 1]);
  await eventually(`the program is ready: ${daemon.log()}`, async () => {
    if (daemon.ended()) throw new Error(daemon.log());
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  return daemon;
}
