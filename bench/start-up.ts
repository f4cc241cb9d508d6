import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { atMost, type BenchPlan, type Figure, figureOf } from "./figure.js";
import type { Companion } from "./processes.js";
import type { Registries } from "./registry-process.js";
import { ratioOf, type Spread, spreadOf } from "./statistics.js";
import { measureVerify } from "./verify.js";

const script = fileURLToPath(new URL("../src/bin/pullguard.js", import.meta.url));
const parser = fileURLToPath(new URL("parse-folder.js", import.meta.url));
const manifests = 1000;
const distinctImages = 100;
const delayMs = 20;

/** Group 5: the command line. */
export async function measureCli(registry: Companion<Registries>, plan: BenchPlan): Promise<readonly Figure[]> {
  return [
    ...(await startUps(plan)),
    ...(await folderCheck(registry, plan)),
    ...verifyFigures(await measureVerify(plan.isQuick ? 32 : 1024, plan.isQuick ? 1 : 5)),
  ];
}

async function startUps({ isQuick, hasTime, note }: BenchPlan): Promise<readonly Figure[]> {
  note("starts of the command line");
  const rounds = isQuick ? 6 : 25;
  const commands: readonly (readonly [string, readonly string[]])[] = [
    ["node", ["-e", "0"]],
    ["version", [script, "--version"]],
    ["help", [script, "check", "--help"]],
    ["explain", [script, "explain", "TagNotFound"]],
  ];
  const times = new Map<string, number[]>(commands.map(([name]) => [name, []]));
  for (let round = 0; round < rounds && (round === 0 || hasTime()); round += 1) {
    for (const [name, args] of commands) times.get(name)?.push(await timeOf(args));
  }
  const of = (name: string): readonly number[] => times.get(name) ?? [];
  return ["version", "help", "explain"].map((name) =>
    figureOf(
      {
        name: `cli.start.${name}`,
        group: "cli",
        meaning: `from the start to the end of pullguard ${name}, over node -e 0`,
        unit: "ratio",
        ...(name === "explain" ? {} : { target: atMost(2.5) }),
        measured: { ms: spreadOf(of(name)).median, baselineMs: spreadOf(of("node")).median },
      },
      ratioOf(of(name), of("node")),
      of(name).length,
    ),
  );
}

/** A folder of Deployments, one a file, with a hundred images of one registry. */
async function folderCheck(registry: Companion<Registries>, { isQuick, note }: BenchPlan): Promise<readonly Figure[]> {
  note(`check of ${manifests} manifests`);
  const folder = mkdtempSync(join(tmpdir(), "pullguard-bench-"));
  try {
    writeFolder(folder, registry.ready);
    await registry.ask(`delay:${delayMs}`);
    const root = join(folder, "node");
    const check = ["check", "-f", join(folder, "deploy"), "--no-cluster", "--node-root", root, "-o", "json"];
    const given = ["--runtime", "containerd://1.7.13", "--platform", "linux/amd64", "--deadline", "60s"];
    const rounds = isQuick ? 1 : 7;
    const own: number[] = [];
    const parsing: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      parsing.push(await timeOf([parser, join(folder, "deploy")]));
      own.push(await timeOf([script, ...check, ...given]));
    }
    // HEAD, manifest, blobs: what comes after each other whatever the speed of the program.
    const ownSeconds = own.map((ms) => (ms - 3 * delayMs) / 1000);
    const measured = { ms: spreadOf(own).median, parseMs: spreadOf(parsing).median };
    const shape = `${manifests} manifests with ${distinctImages} images`;
    return [
      figureOf(
        {
          name: "cli.check-folder.seconds",
          group: "cli",
          meaning: `check of ${shape}, less the registry's delay of ${delayMs} ms for three round trips`,
          unit: "s",
          target: atMost(3),
          measured,
        },
        spreadOf(ownSeconds),
        rounds,
      ),
      figureOf(
        {
          name: "cli.check-folder",
          group: "cli",
          meaning: `check of ${shape}, over a program that only parses them`,
          unit: "ratio",
          measured,
        },
        ratioOf(own, parsing),
        rounds,
      ),
    ];
  } finally {
    await registry.ask("delay:0");
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeFolder(folder: string, { addresses, nodeFiles }: Registries): void {
  mkdirSync(join(folder, "deploy"));
  for (const [path, text] of Object.entries(nodeFiles)) {
    const file = join(folder, "node", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  for (let index = 0; index < manifests; index += 1) {
    const image = `${addresses.public}/folder/app-${index % distinctImages}:v1`;
    writeFileSync(join(folder, "deploy", `app-${index}.yaml`), deployment(`app-${index}`, image));
  }
}

function deployment(name: string, image: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: shop
  labels: { app: ${name} }
spec:
  replicas: 2
  selector:
    matchLabels: { app: ${name} }
  template:
    metadata:
      labels: { app: ${name} }
    spec:
      containers:
        - name: web
          image: ${image}
          imagePullPolicy: Always
          ports:
            - containerPort: 8080
          resources:
            limits: { memory: 256Mi }
            requests: { cpu: 100m, memory: 256Mi }
`;
}

/** Milliseconds from start to end. @throws Error for an exit code that is not 0 */
async function timeOf(args: readonly string[]): Promise<number> {
  const startMs = performance.now();
  const code = await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
    child.once("error", reject).once("exit", resolve);
  });
  if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${String(code)}`);
  return performance.now() - startMs;
}

function verifyFigures(found: Awaited<ReturnType<typeof measureVerify>>): readonly Figure[] {
  const size = `${found.layerMebibytes} MiB`;
  const given = { group: "cli", unit: "ratio" } as const;
  const figure = (name: string, meaning: string, spread: Spread, measured: Readonly<Record<string, number>> = {}) =>
    figureOf({ ...given, name, meaning, measured }, spread, found.rounds);
  return [
    figure("cli.verify.hash", `rate of the hash over ${size}, over openssl dgst's`, found.hashingRatio),
    figure(
      "cli.verify.plain",
      `rate of a whole verification of a plain layer of ${size} over HTTP, over openssl dgst's of the file`,
      found.plainRatio,
      { ms: found.plainMs.median, memoryMiB: found.memoryMebibytes.large },
    ),
    figure(
      "cli.verify.gzip",
      `rate of a whole verification of a gzipped layer of ${size} over HTTP, over gzip -t's of the file`,
      found.gzipRatio,
      { ms: found.gzipMs.median },
    ),
  ];
}
