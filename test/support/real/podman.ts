import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { PullCredential, PullResult } from "./cri.js";
import { startEmptyDns } from "./empty-dns.js";

/** One `podman pull`. */
export interface PodmanPull {
  readonly image: string;
  readonly credential?: PullCredential;
}

/** podman on nodes of our own making; nothing of it is shared with the machine's. */
export interface RealPodman {
  /** `podman 4.3.1`. */
  readonly version: string;
  /**
   * Pulls every image on a node with these files, all at the same time and each into an empty store.
   * @param files            text by absolute path below /etc, /root, /run and /var/cache, of which a node has nothing else
   * @param deadlineSeconds  what has not ended by then is pending
   */
  pull(
    files: Readonly<Record<string, string>>,
    pulls: readonly PodmanPull[],
    deadlineSeconds?: number,
  ): Promise<readonly PullResult[]>;
  stop(): Promise<void>;
}

/** Why podman cannot be run here, or undefined if it can. */
export function whyNoPodman(): string | undefined {
  if (process.platform !== "linux") return "podman runs on Linux only";
  if (process.getuid?.() !== 0) return "podman's mounts and the registries' true ports need root";
  for (const program of ["podman", "unshare", "timeout"]) {
    const found = spawnSync("sh", ["-c", `command -v ${program}`]);
    if (found.status !== 0) return `there is no ${program} on the path`;
  }
  const mount = spawnSync("unshare", ["-m", "true"]);
  return mount.status === 0 ? undefined : "no private mount namespace can be made here";
}

/** Folders that belong to the node and to it alone. */
const ownFolders = ["/etc", "/root", "/run", "/var/cache"];
/** Longer than podman takes to try again three times. */
const usualDeadlineSeconds = 10;

/** What any program needs; no certificate among it. */
function basics(hostsFile: string, dnsAddress: string): Readonly<Record<string, string>> {
  return {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "/etc/group": "root:x:0:\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
    "/etc/hosts": hostsFile,
    "/etc/resolv.conf": `nameserver ${dnsAddress}\noptions timeout:1 attempts:1\n`,
    "/etc/containers/policy.json": '{"default":[{"type":"insecureAcceptAnything"}]}\n',
    "/etc/containers/registries.conf": "",
    "/var/cache/none": "",
    "/run/none": "",
    "/root/none": "",
  };
}

function writeNode(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const place = join(folder, "node", path);
    mkdirSync(path.endsWith("/") ? place : dirname(place), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(place, text);
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** All pulls side by side; each leaves its exit code and what it printed. */
function scriptOf(folder: string, pulls: readonly PodmanPull[], deadlineSeconds: number): string {
  const mounts = ownFolders.map((path) => `mount --bind ${folder}/node${path} ${path}`);
  const runs = pulls.map(({ image, credential }, index) => {
    const store = `${folder}/${index}`;
    const creds = credential === undefined ? "" : ` --creds ${quoted(`${credential.username}:${credential.password}`)}`;
    const podman = `podman --root ${store}/root --runroot ${store}/run --tmpdir ${store}/tmp --storage-driver vfs --cgroup-manager cgroupfs --events-backend none`;
    const pull = `timeout -k 1 ${deadlineSeconds} ${podman} pull${creds} ${quoted(image)}`;
    return `mkdir -p ${store}/var; (TMPDIR=${store}/var ${pull} >${store}/out 2>&1; echo $? >${store}/code) &`;
  });
  return [...mounts, ...runs, "wait"].join("\n");
}

function resultOf(folder: string, index: number): PullResult {
  const code = readFileSync(join(folder, String(index), "code"), "utf8").trim();
  const printed = readFileSync(join(folder, String(index), "out"), "utf8").trim();
  if (code === "0") return { outcome: "pulled", imageId: printed.split("\n").at(-1) ?? "" };
  if (code === "124" || code === "137") return { outcome: "pending" };
  return { outcome: "failed", code, message: printed.slice(-700) };
}

/**
 * Makes nodes on which podman pulls; names are the laboratory's and nobody else's.
 * @param hostsFile  the whole /etc/hosts
 */
export async function startPodman(hostsFile: string): Promise<RealPodman> {
  const dns = await startEmptyDns();
  const version = spawnSync("podman", ["--version"], { encoding: "utf8" }).stdout.trim();
  return {
    version: version.replace(" version", ""),
    async pull(files, pulls, deadlineSeconds = usualDeadlineSeconds) {
      const folder = mkdtempSync(join(tmpdir(), "pullguard-podman-"));
      try {
        writeNode(folder, { ...basics(hostsFile, dns.address), ...files });
        const shell = spawn("unshare", ["-m", "sh", "-c", scriptOf(folder, pulls, deadlineSeconds)], {
          stdio: ["ignore", "ignore", "pipe"],
          // No proxy variables: a proxy of the machine would answer in the registries' place.
          env: { PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root" },
        });
        let complaints = "";
        shell.stderr.on("data", (chunk: Buffer) => {
          complaints += chunk.toString();
        });
        const [code] = await once(shell, "close");
        if (code !== 0) throw new Error(`the node could not be set up: ${complaints.slice(-1000)}`);
        return pulls.map((_, index) => resultOf(folder, index));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    stop: () => dns.stop(),
  };
}
