import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { certsRoot, type Lab } from "../lab/index.js";
import { type CriClient, createCriClient } from "./cri.js";
import { startEmptyDns } from "./empty-dns.js";
import { endDaemon } from "./end.js";

/** A containerd of our own: nothing of it is shared with one that the machine may be running. */
export interface RealContainerd {
  /** `containerd 1.6.20…`. */
  readonly version: string;
  readonly cri: CriClient;
  /** Puts other certs.d folders in place of those it has, which it reads anew at every pull. */
  replaceCerts(nodeFiles: Readonly<Record<string, string>>): void;
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

/** Where a node's containerd is configured. */
export const configPath = "/etc/containerd/config.toml";

/**
 * A config.toml with only what pulling takes. Every deletion starts a garbage collection, so that no case is answered from
 * what an earlier one left behind.
 */
export const plainConfig = configWith("");

/** The same with further lines in the section of the CRI plugin. */
export function configWith(criLines: string): string {
  return `version = 2
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.tracing"]
[plugins."io.containerd.gc.v1.scheduler"]
  deletion_threshold = 1
[plugins."io.containerd.grpc.v1.cri"]
  disable_apparmor = true
  ${criLines}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${certsRoot}"
`;
}

/** Lays the node's files over a copy of this machine's /etc, which the daemon sees in place of it. */
function writeFiles(folder: string, lab: Lab, nodeFiles: Readonly<Record<string, string>>, dnsAddress: string): void {
  cpSync("/etc", join(folder, "etc"), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  for (const own of ["containerd", "docker"]) rmSync(join(folder, "etc", own), { recursive: true, force: true });
  const files = new Map([
    ["/etc/hosts", lab.hostsFileText],
    ["/etc/resolv.conf", `nameserver ${dnsAddress}\n`],
    ...Object.entries(nodeFiles),
  ]);
  place(folder, files);
}

function place(folder: string, files: Iterable<readonly [string, string]>): void {
  for (const [path, text] of files) {
    if (!path.startsWith("/etc/")) throw new Error(`${path} does not lie below /etc, where alone files can be placed`);
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    rmSync(file, { force: true });
    writeFileSync(file, text);
  }
}

/** `containerd 1.6.20~ds1`, as the CRI would say it. */
export function versionOnPath(): string {
  const said = spawnSync("containerd", ["--version"], { encoding: "utf8" }).stdout;
  return `containerd ${said.split(" ")[2]?.replace(/^v/, "") ?? ""}`;
}

/** Waits for an answer on the socket. That nobody knows the CRI is one too: the plugin has refused its configuration. */
async function untilReady(cri: CriClient, daemon: ChildProcess, log: () => string): Promise<void> {
  const giveUpMs = Date.now() + 30_000;
  for (;;) {
    try {
      await cri.version();
      return;
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === status.UNIMPLEMENTED) return;
      if (daemon.exitCode !== null || Date.now() > giveUpMs) {
        throw new Error(`containerd did not come up:\n${log().slice(-2000)}`, { cause: error });
      }
      await pause(50);
    }
  }
}

/**
 * Starts a containerd whose hosts file and name server are the laboratory's (which must have real ports).
 * It runs in a mount namespace of its own, so its mounts and its /etc end with it.
 * @param nodeFiles  everything of the node below /etc, its config.toml among them
 * @throws Error if it does not come up, with what it logged
 */
export async function startContainerd(lab: Lab, nodeFiles: Readonly<Record<string, string>>): Promise<RealContainerd> {
  const dns = await startEmptyDns();
  const folder = mkdtempSync(join(tmpdir(), "pullguard-containerd-"));
  writeFiles(folder, lab, nodeFiles, dns.address);
  const places = `--root ${folder}/root --state ${folder}/state --address ${folder}/containerd.sock`;
  const script = `mount --bind ${folder}/etc /etc && exec containerd --config ${configPath} ${places}`;
  const daemon = spawn("unshare", ["-m", "sh", "-c", script], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: "/",
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
    await endDaemon(daemon, 5000);
    await dns.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(cri, daemon, () => logged);
    const replaceCerts: RealContainerd["replaceCerts"] = (files) => {
      const roots = ["/etc/containerd/certs.d", "/etc/docker/certs.d"];
      for (const root of roots) rmSync(join(folder, root), { recursive: true, force: true });
      place(
        folder,
        Object.entries(files).filter(([path]) => roots.some((root) => path.startsWith(`${root}/`))),
      );
    };
    return { version: versionOnPath(), cri, replaceCerts, log: () => logged, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
