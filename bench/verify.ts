import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tarOf } from "../test/support/lab/index.js";
import type { BlobFiles } from "./blob-process.js";
import type { LayerCost, LayerFile, LayerTask } from "./layer-process.js";
import { startCompanion } from "./processes.js";
import { type Spread, spreadOf } from "./statistics.js";

const mebibyte = 1024 * 1024;

/** What reading whole layers costs, beside what the machine's own programs take for the same bytes in the same run. */
export interface VerifyResult {
  readonly layerMebibytes: number;
  readonly rounds: number;
  /** Rate of Pullguard's hash over the rate of `openssl dgst -sha256`, both reading the file. */
  readonly hashingRatio: Spread;
  /** Time of `openssl dgst -sha256` over that of a whole verification of a plain layer, over HTTP. */
  readonly plainRatio: Spread;
  /** Time of `gzip -t` over that of a whole verification of a gzipped layer, over HTTP. */
  readonly gzipRatio: Spread;
  readonly plainMs: Spread;
  readonly gzipMs: Spread;
  /** Largest memory above what the process held before, in MiB: first the small layer that warms up, then the large one. */
  readonly memoryMebibytes: { readonly small: number; readonly large: number };
  /** Verdict on the gzipped layer when its connection is cut in the middle. */
  readonly afterCut: string;
}

/** Half noise, half text, as layers are. */
function writeArchive(path: string, mebibytes: number): void {
  const noise = createHash("shake256", { outputLength: mebibyte / 2 })
    .update(path)
    .digest();
  const piece = Buffer.concat([noise, Buffer.alloc(mebibyte / 2, "text that compresses well, as most of it does ")]);
  const file = openSync(path, "w");
  // A header for the size, made for an empty file and put right.
  const header = Buffer.from(tarOf([{ name: "opt/payload", body: Buffer.alloc(0) }]).subarray(0, 512));
  header.write(`${(mebibytes * mebibyte).toString(8).padStart(11, "0")}\0`, 124);
  header.write(" ".repeat(8), 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  writeSync(file, header);
  for (let count = 0; count < mebibytes; count += 1) {
    piece.writeUInt32LE(count, 0);
    writeSync(file, piece);
  }
  writeSync(file, Buffer.alloc(1024));
  closeSync(file);
}

/** The digest of a file as Pullguard hashes, in pieces of the size in which a layer arrives. */
function hashFile(path: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(64 * 1024);
  const file = openSync(path, "r");
  for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) hash.update(piece.subarray(0, read));
  closeSync(file);
  return `sha256:${hash.digest("hex")}`;
}

function timed(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

function program(name: string, ...args: readonly string[]): void {
  const { status, error } = spawnSync(name, args, { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${name} ${args.join(" ")} failed`, { cause: error });
}

interface Files {
  readonly small: readonly LayerFile[];
  readonly large: readonly LayerFile[];
  readonly paths: Readonly<Record<string, string>>;
  readonly pathOf: (layer: LayerFile) => string;
}

function writeFiles(folder: string, mebibytes: number): Files {
  const paths: Record<string, string> = {};
  const layersOf = (size: number): readonly LayerFile[] => {
    const archive = join(folder, `${size}.tar`);
    writeArchive(archive, size);
    program("gzip", "-1", "-k", archive);
    const diffId = hashFile(archive);
    return [archive, `${archive}.gz`].map((path) => {
      const digest = hashFile(path);
      paths[digest] = path;
      const mediaType = `application/vnd.oci.image.layer.v1.tar${path.endsWith(".gz") ? "+gzip" : ""}`;
      return { digest, sizeBytes: statSync(path).size, mediaType, diffId };
    });
  };
  const [small, large] = [layersOf(16), layersOf(mebibytes)];
  return { small, large, paths, pathOf: ({ digest }) => paths[digest] ?? "" };
}

/** Reads the small layer to warm up, then the large one, in a process of its own. */
async function costsOf(files: Files, at: number, cutAfter?: number): Promise<readonly LayerCost[]> {
  const layers = [files.small[at], files.large[at]].filter((layer) => layer !== undefined);
  const served: BlobFiles = { files: files.paths, ...(cutAfter === undefined ? {} : { cutAfter }) };
  const server = await startCompanion<number>("blob-process.js", served);
  try {
    const task: LayerTask = { address: `127.0.0.1:${server.ready}`, layers };
    const client = await startCompanion<readonly LayerCost[]>("layer-process.js", task);
    await client.stop();
    return client.ready;
  } finally {
    await server.stop();
  }
}

/** Measures each in turn, so that a busy machine is as busy for all. */
export async function measureVerify(mebibytes: number, rounds: number): Promise<VerifyResult> {
  const folder = mkdtempSync(join(tmpdir(), "pullguard-bench-"));
  try {
    const files = writeFiles(folder, mebibytes);
    const [plain, gzipped] = files.large;
    if (plain === undefined || gzipped === undefined) throw new Error("no layer was written");
    const times: Record<"hashing" | "plain" | "gzip" | "plainMs" | "gzipMs", number[]> = {
      hashing: [],
      plain: [],
      gzip: [],
      plainMs: [],
      gzipMs: [],
    };
    let memory = { small: 0, large: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const opensslMs = timed(() => program("openssl", "dgst", "-sha256", files.pathOf(plain)));
      times.hashing.push(opensslMs / timed(() => hashFile(files.pathOf(plain))));
      const [warmUp, own] = await costsOf(files, 0);
      const gzipMs = timed(() => program("gzip", "-t", files.pathOf(gzipped)));
      const [, ownGzip] = await costsOf(files, 1);
      times.plainMs.push(own?.elapsedMs ?? 0);
      times.gzipMs.push(ownGzip?.elapsedMs ?? 0);
      times.plain.push(opensslMs / (own?.elapsedMs ?? 0));
      times.gzip.push(gzipMs / (ownGzip?.elapsedMs ?? 0));
      memory = {
        small: Math.max(memory.small, (warmUp?.memoryBytes ?? 0) / mebibyte),
        large: Math.max(memory.large, (own?.memoryBytes ?? 0) / mebibyte, (ownGzip?.memoryBytes ?? 0) / mebibyte),
      };
    }
    const [, cut] = await costsOf(files, 1, gzipped.sizeBytes / 2);
    return {
      layerMebibytes: mebibytes,
      rounds,
      hashingRatio: spreadOf(times.hashing),
      plainRatio: spreadOf(times.plain),
      gzipRatio: spreadOf(times.gzip),
      plainMs: spreadOf(times.plainMs),
      gzipMs: spreadOf(times.gzipMs),
      memoryMebibytes: memory,
      afterCut: cut?.verdict ?? "nothing",
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The result for people. */
export function renderVerify(result: VerifyResult): string {
  const ratio = ({ median, lowerQuartile, upperQuartile }: Spread): string =>
    `${median.toFixed(2)} (${lowerQuartile.toFixed(2)} to ${upperQuartile.toFixed(2)})`;
  const { memoryMebibytes: memory } = result;
  return [
    `Whole layers: ${result.layerMebibytes} MiB, ${result.rounds} rounds; above 1 is faster than the program compared with`,
    `  hashing against openssl dgst -sha256            ${ratio(result.hashingRatio)}`,
    `  plain layer over HTTP against openssl dgst      ${ratio(result.plainRatio)}, ${result.plainMs.median.toFixed(0)} ms`,
    `  gzipped layer over HTTP against gzip -t         ${ratio(result.gzipRatio)}, ${result.gzipMs.median.toFixed(0)} ms`,
    `  memory above what was held before               ${memory.large.toFixed(0)} MiB (a layer of 16 MiB to warm up: ${memory.small.toFixed(0)} MiB)`,
    `  gzipped layer whose connection is cut half-way  ${result.afterCut}`,
    "",
  ].join("\n");
}
