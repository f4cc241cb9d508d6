import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "../../src/bin/system.js";
import { makeServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import { freePorts } from "../support/kube/daemon.js";
import { askReview, type Reviewed, type ReviewWish } from "./webhook.js";

/** `pullguard serve` as a process of its own. */
export interface ServedProcess {
  readonly child: ChildProcess;
  readonly port: number;
  /** Whether it wants to be sent requests, as its readiness probe asks. */
  isReady(): Promise<boolean>;
  review(images: readonly string[], wish?: ReviewWish): Promise<Reviewed>;
  /** Resolves when it has ended: with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Everything that came on standard error. */
  stderr(): string;
  /** What came on standard output, where somebody reads it. */
  stdout(): string;
  /** Ends it whatever it does, and removes its files. */
  remove(): Promise<void>;
}

export interface ServeWish {
  /** Absent: no cluster is asked. */
  readonly kubeconfig?: string;
  /** Folder with certificates for `localhost` and 127.0.0.1, shared by replicas; absent: certificates of its own. */
  readonly certDir?: string;
  /** Where standard output goes: read by the test, or another file's descriptor; `held`: a pipe that nobody reads. */
  readonly stdout?: number | "read" | "held";
  /** Has SIGUSR2 keep its event loop busy for {@link blockedMs}. */
  readonly blocks?: boolean;
}

const program = new URL("../../src/bin/pullguard.js", import.meta.url).pathname;
const blocking = new URL("blocking-loop.js", import.meta.url).href;

/** Makes certificates that replicas can share. */
export async function makeCertDir(folder: string): Promise<{ readonly caPem: string; readonly caBundle: string }> {
  const names = ["localhost", "127.0.0.1"];
  const certificates = await makeServingCertificates({ names, days: 1, clock: systemClock });
  await writeServingCertificates(folder, certificates, true);
  return certificates;
}

/** Starts it in mode deny and resolves when it answers. */
export async function startServed(wish: ServeWish = {}): Promise<ServedProcess> {
  for (;;) {
    try {
      return await startOnce(wish);
    } catch (error) {
      // Between the choice of a port and its use somebody else may have got it.
      if (!`${error}`.includes("EADDRINUSE")) throw error;
    }
  }
}

async function startOnce(wish: ServeWish): Promise<ServedProcess> {
  const { kubeconfig, stdout = "read" } = wish;
  const folder = await mkdtemp(join(tmpdir(), "pullguard-served-"));
  const certDir = wish.certDir ?? folder;
  if (wish.certDir === undefined) await makeCertDir(folder);
  const caPem = await readFile(join(certDir, "ca.crt"), "utf8");
  const [port = 0, metricsPort = 0] = await freePorts(2);
  const stdio: StdioOptions = ["ignore", typeof stdout === "number" ? stdout : "pipe", "pipe"];
  const args = [
    ...[program, "serve", "--mode", "deny", "--cert-dir", certDir],
    ...(kubeconfig === undefined ? ["--no-cluster"] : ["--kubeconfig", kubeconfig]),
    ...["--port", String(port), "--metrics-port", String(metricsPort)],
    ...["--runtime", "containerd://1.7.13", "--platform", "linux/amd64", "--node-credentials", "none"],
  ];
  const blocks = wish.blocks === true;
  const env = { PATH: process.env.PATH ?? "/usr/bin:/bin", ...(blocks ? { PULLGUARD_TEST_BLOCKS: "1" } : {}) };
  const child = spawn(process.execPath, [...(blocks ? [`--import=${blocking}`] : []), ...args], { stdio, env });
  const ended = once(child, "exit").then(([code, signal]) => code ?? signal);
  const texts = { stdout: "", stderr: "" };
  child.stderr?.on("data", (chunk: Buffer) => {
    texts.stderr += chunk.toString();
  });
  if (stdout === "read") {
    child.stdout?.on("data", (chunk: Buffer) => {
      texts.stdout += chunk.toString();
    });
  }
  const agent = new Agent({ keepAlive: true, ca: caPem });
  const served: ServedProcess = {
    ...{ child, port, ended },
    review: (images, wanted) => askReview(agent, port, images, wanted),
    isReady: async () => {
      try {
        return (await fetch(`http://127.0.0.1:${metricsPort}/readyz`)).status === 200;
      } catch {
        return false;
      }
    },
    stderr: () => texts.stderr,
    stdout: () => texts.stdout,
    remove: async () => {
      agent.destroy();
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true });
    },
  };
  try {
    await answering(served, agent);
  } catch (error) {
    await served.remove();
    throw error;
  }
  return served;
}

/** There is nothing to wait for where nobody reads what it says: it is asked until it answers. */
async function answering({ child, port, stderr }: ServedProcess, agent: Agent): Promise<void> {
  const giveUpMs = Date.now() + 40_000;
  for (;;) {
    if (child.exitCode !== null || Date.now() > giveUpMs) throw new Error(`the webhook does not answer: ${stderr()}`);
    try {
      await askReview(agent, port, []);
      return;
    } catch {
      await pause(50);
    }
  }
}
