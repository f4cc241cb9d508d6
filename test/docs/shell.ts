import { execFile, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";

/** What a command printed and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A terminal in a clone of the repository after `npm run build`, with a home of its own. */
export interface Shell {
  readonly folder: string;
  /** Runs one command, here-documents and pipes included. @param over  further variables */
  run(command: string, over?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Runs a server until it says that it listens, and stops it as Kubernetes does. */
  serve(command: string, over: Readonly<Record<string, string>>): Promise<Ended>;
  /** Writes a file of the clone. */
  write(path: string, text: string): void;
  remove(): void;
}

export interface ShellWish {
  readonly env?: Readonly<Record<string, string>>;
  /** Programs of the world by name: `kubectl` → its path. */
  readonly programs?: Readonly<Record<string, string>>;
}

const program = resolve("build/src/bin/pullguard.js");

/** How people come to start it: by its name once installed, as a plugin, and by npx in a clone. kubectl has kustomize built in. */
const starters = {
  pullguard: `exec node "${program}" "$@"`,
  "kubectl-pullguard": `exec node "${program}" "$@"`,
  kustomize: `[ "$1" = build ] || exit 64\nshift\nexec kubectl kustomize "$@"`,
  npx: `[ "$1" = pullguard ] || exit 64\nshift\nexec node "${program}" "$@"`,
};

/** Opens one. The programs of the machine are found behind those of the wish. */
export function openShell({ env = {}, programs = {} }: ShellWish = {}): Shell {
  const folder = mkdtempSync(join(tmpdir(), "pullguard-docs-"));
  const bin = join(folder, ".bin");
  mkdirSync(bin);
  for (const [name, script] of Object.entries(starters)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  for (const [name, path] of Object.entries(programs)) symlinkSync(path, join(bin, name));
  for (const each of ["build", "node_modules", "package.json"]) symlinkSync(resolve(each), join(folder, each));
  cpSync("manifests", join(folder, "manifests"), { recursive: true });
  mkdirSync(join(folder, "certs"));
  cpSync("certs/kustomization.yaml", join(folder, "certs/kustomization.yaml"));
  const whole = {
    PATH: [bin, dirname(process.execPath), process.env.PATH ?? "/usr/bin:/bin"].join(delimiter),
    HOME: folder,
    ...env,
  };
  return {
    folder,
    run: (command, over = {}) =>
      new Promise((done) => {
        const options = { cwd: folder, env: { ...whole, ...over }, timeout: 100_000, maxBuffer: 64_000_000 };
        const shell = ["-o", "pipefail", "-c", command];
        execFile("bash", shell, options, (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
          done({ code, stdout, stderr });
        });
      }),
    serve: (command, over) =>
      new Promise((done) => {
        const child = spawn("bash", ["-c", `exec ${command}`], { cwd: folder, env: { ...whole, ...over } });
        const printed = { stdout: "", stderr: "" };
        let isStopping = false;
        for (const stream of ["stdout", "stderr"] as const) {
          child[stream].on("data", (chunk: Buffer) => {
            printed[stream] += chunk.toString();
            // A second signal would end it at once.
            if (!isStopping && printed.stdout.includes('"msg":"listening"')) isStopping = child.kill("SIGTERM");
          });
        }
        child.on("close", (code) => done({ code: code ?? -1, ...printed }));
      }),
    write: (path, text) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
