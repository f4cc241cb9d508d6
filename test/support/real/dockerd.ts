import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { PullCredential, PullResult } from "./cri.js";
import { endDaemon } from "./end.js";

/** A dockerd of our own. Only for a process in namespaces of its own: it takes over /etc/docker and /etc/hosts. */
export interface RealDockerd {
  /** `docker 20.10.24+dfsg1`. */
  readonly version: string;
  pull(image: string, credential: PullCredential | undefined, deadlineMs: number): Promise<PullResult>;
  /** What the daemon logged so far. */
  log(): string;
  stop(): Promise<void>;
}

/** Code of a pull that took the whole daemon with it: Go panics at some manifests. */
export const died = "the daemon died";

/** The network that registries are on inside the namespace: dockerd takes all of 127.0.0.0/8 for insecure. */
export const privateNetwork = "198.18";

/** Why no dockerd can be started here, or undefined if one can. */
export function whyNoDockerd(): string | undefined {
  if (process.platform !== "linux") return "dockerd runs on Linux only";
  if (process.getuid?.() !== 0) return "dockerd and its namespaces need root";
  for (const program of ["dockerd", "containerd", "unshare", "ip", "mount"]) {
    const found = spawnSync("sh", ["-c", `command -v ${program}`]);
    if (found.status !== 0) return `there is no ${program} on the path`;
  }
  const namespaces = spawnSync("unshare", ["-m", "-n", "true"]);
  return namespaces.status === 0 ? undefined : "no private mount and network namespaces can be made here";
}

/** Runs a Node.js program in mount and network namespaces of its own, where {@link enterPrivateNode} is at home. */
export function spawnPrivately(program: string, env: Readonly<Record<string, string>>): ChildProcess {
  const { PATH = "/usr/sbin:/usr/bin:/sbin:/bin" } = process.env;
  return spawn("unshare", ["-m", "-n", "--propagation", "private", process.execPath, program], {
    stdio: ["ignore", "pipe", "inherit"],
    // No proxy variables: a proxy of the machine would answer in the registries' place.
    env: { PATH, ...env },
  });
}

function run(program: string, ...parameters: string[]): void {
  const done = spawnSync(program, parameters, { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${program} ${parameters.join(" ")}: ${done.stderr}`);
}

/** Brings up the private network, all of whose addresses are the namespace's own, and an empty /etc/docker. */
export function enterPrivateNode(): void {
  run("ip", "link", "set", "lo", "up");
  run("ip", "address", "add", `${privateNetwork}.0.1/16`, "dev", "lo");
  mkdirSync("/etc/docker", { recursive: true });
  run("mount", "-t", "tmpfs", "tmpfs", "/etc/docker");
}

/** Gives the namespace its own text of a file such as /etc/hosts. */
export function replaceFile(path: string, text: string): void {
  const folder = mkdtempSync(join(tmpdir(), "pullguard-etc-"));
  const file = join(folder, "text");
  writeFileSync(file, text);
  run("mount", "--bind", file, path);
  // The mount holds on to the file.
  rmSync(folder, { recursive: true });
}

/** Puts a node's files in place of whatever /etc/docker held. */
export function writeDockerFiles(files: Readonly<Record<string, string>>): void {
  rmSync("/etc/docker/certs.d", { recursive: true, force: true });
  rmSync("/etc/docker/daemon.json", { force: true });
  for (const [path, text] of Object.entries(files)) {
    if (!path.startsWith("/etc/docker/")) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/**
 * Starts dockerd with an empty store of its own, or says why it ended at once.
 * @returns the daemon, or what it wrote before it exited
 */
export async function startDockerd(): Promise<RealDockerd | { readonly refusal: string }> {
  const folder = mkdtempSync(join(tmpdir(), "pullguard-dockerd-"));
  const socket = join(folder, "docker.sock");
  const daemon = spawn(
    "dockerd",
    [
      ...["--host", `unix://${socket}`, "--data-root", join(folder, "root"), "--exec-root", join(folder, "exec")],
      ...["--pidfile", join(folder, "pid"), "--storage-driver", "vfs", "--bridge", "none"],
      ...["--iptables=false", "--ip6tables=false"],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let logged = "";
  for (const stream of [daemon.stdout, daemon.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      logged += chunk.toString();
    });
  }
  const stop = async (): Promise<void> => {
    await endDaemon(daemon, 10_000);
    // dockerd may leave its own folder mounted upon itself.
    spawnSync("umount", ["--lazy", join(folder, "root")]);
    rmSync(folder, { recursive: true, force: true });
  };
  const giveUpMs = Date.now() + 30_000;
  for (;;) {
    const version = await versionOf(socket);
    if (version !== undefined) {
      const pull: RealDockerd["pull"] = (image, credential, deadlineMs) =>
        pullImage(socket, image, credential, deadlineMs);
      return { version: `docker ${version}`, pull, log: () => logged, stop };
    }
    if (daemon.exitCode !== null) {
      await stop();
      return { refusal: logged };
    }
    if (Date.now() > giveUpMs) {
      await stop();
      throw new Error(`dockerd did not come up:\n${logged.slice(-2000)}`);
    }
    await pause(30);
  }
}

async function versionOf(socket: string): Promise<string | undefined> {
  try {
    const { body } = await call(socket, "GET", "/version", {}, AbortSignal.timeout(2000));
    const { Version: version } = JSON.parse(body) as { readonly Version?: string };
    return version;
  } catch {
    // Nobody listens yet.
    return undefined;
  }
}

/** The last message of the progress stream is the pull's error, if there is one. Source: Docker Engine API 1.41, ImageCreate. */
async function pullImage(
  socket: string,
  image: string,
  credential: PullCredential | undefined,
  deadlineMs: number,
): Promise<PullResult> {
  // As docker's client does it: a digest takes the tag's place.
  const [, name = image, tag = "latest"] =
    /^(.*?)(?::[^:/@]*)?@(.*)$/.exec(image) ?? /^(.*):([^:/]*)$/.exec(image) ?? [];
  const query = new URLSearchParams({ fromImage: name, tag });
  const auth = Buffer.from(JSON.stringify(credential ?? {})).toString("base64url");
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const answer = await call(socket, "POST", `/v1.41/images/create?${query}`, { "X-Registry-Auth": auth }, signal);
    const last = answer.body.trim().split("\n").at(-1) ?? "";
    const { error, message } = JSON.parse(last === "" ? "{}" : last) as {
      readonly error?: string;
      readonly message?: string;
    };
    const problem = answer.status === 200 ? error : (message ?? `status ${answer.status}`);
    return problem === undefined
      ? { outcome: "pulled", imageId: image }
      : { outcome: "failed", code: String(answer.status), message: problem };
  } catch (caught) {
    if (caught instanceof Error && caught.name === "TimeoutError") return { outcome: "pending" };
    if (caught instanceof Error && caught.message === "aborted")
      return { outcome: "failed", code: died, message: died };
    throw caught;
  }
}

function call(
  socketPath: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(signal.aborted ? signal.reason : error);
    const sent = request({ socketPath, method, path, headers, signal, agent: false }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", fail);
    });
    sent.on("error", fail);
    sent.end();
  });
}
