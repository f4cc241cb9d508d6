import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { certsRoot, type Lab } from "../lab/index.js";
import { type CriClient, createCriClient } from "./cri.js";
import { startEmptyDns } from "./empty-dns.js";

/** A containerd of our own: nothing of it is shared with one that the machine may be running. */
export interface RealContainerd {
  /** `containerd 1.6.20…`. */
  readonly version: string;
  readonly cri: CriClient;
  /** What the daemon logged so far. */
  log(): string;
  /** Ends the daemon and removes its folders. */
  stop(): Promise<void>;
}

/** Why no containerd can be started here, or undefined if one can. */
export function whyNoContainerd(): string | undefined {
  if (process.platform !== "linux") return "containerd runs on Linux only";
  if (process.getuid?.() !== 0) return "containerd and the registries' true ports need root";
  for (const program of ["containerd", "unshare"]) {
    const found = spawnSync("sh", ["-c", `command -v ${program}`]);
    if (found.status !== 0) return `there is no ${program} on the path`;
  }
  const mount = spawnSync("unshare", ["-m", "true"]);
  return mount.status === 0 ? undefined : "no private mount namespace can be made here";
}

/**
 * Only what pulling takes. Every deletion starts a garbage collection, so that no case is answered from what an earlier
 * one left behind.
 */
function configOf(folder: string): string {
  return `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "${folder}/containerd.sock"
[ttrpc]
  address = "${folder}/containerd.ttrpc.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
[plugins."io.containerd.gc.v1.scheduler"]
  deletion_threshold = 1
[plugins."io.containerd.grpc.v1.cri"]
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${folder}/cni"
    conf_dir = "${folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${folder}/certs.d"
`;
}

function writeFiles(folder: string, lab: Lab, dnsAddress: string): void {
  const files = new Map([
    ["config.toml", configOf(folder)],
    ["hosts", lab.hostsFileText],
    ["resolv.conf", `nameserver ${dnsAddress}\n`],
  ]);
  for (const [path, text] of Object.entries(lab.nodeFiles)) {
    files.set(`certs.d${path.slice(certsRoot.length)}`, text);
  }
  for (const [name, text] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

async function untilReady(cri: CriClient, daemon: ChildProcess, log: () => string): Promise<string> {
  const giveUpMs = Date.now() + 30_000;
  for (;;) {
    try {
      return await cri.version();
    } catch (error) {
      if (daemon.exitCode !== null || Date.now() > giveUpMs) {
        throw new Error(`containerd did not come up:\n${log().slice(-2000)}`, { cause: error });
      }
      await pause(50);
    }
  }
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = once(daemon, "exit");
  daemon.kill("SIGTERM");
  const impatient = setTimeout(() => daemon.kill("SIGKILL"), 5000);
  await gone;
  clearTimeout(impatient);
}

/**
 * Starts a containerd whose certs.d, hosts file and name server are the laboratory's (which must have real ports).
 * It runs in a mount namespace of its own, so its mounts and its /etc/hosts end with it.
 */
export async function startContainerd(lab: Lab): Promise<RealContainerd> {
  const dns = await startEmptyDns();
  const folder = mkdtempSync(join(tmpdir(), "pullguard-containerd-"));
  writeFiles(folder, lab, dns.address);
  const script = `mount --bind ${folder}/hosts /etc/hosts && mount --bind ${folder}/resolv.conf /etc/resolv.conf && exec containerd --config ${folder}/config.toml`;
  const daemon = spawn("unshare", ["-m", "sh", "-c", script], {
    stdio: ["ignore", "pipe", "pipe"],
    // No proxy variables: a proxy of the machine would answer in the registries' place.
    env: { PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  let logged = "";
  for (const stream of [daemon.stdout, daemon.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      logged += chunk.toString();
    });
  }
  const cri = createCriClient(`${folder}/containerd.sock`);
  const stop = async (): Promise<void> => {
    cri.close();
    await end(daemon);
    await dns.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const version = await untilReady(cri, daemon, () => logged);
    return { version, cri, log: () => logged, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
