import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { PullguardError } from "../core/index.js";

/** Largest input read, in bytes. */
export const maxInputBytes = 32 * 1024 * 1024;

/** What messages call standard input; no file has this name. */
export const stdinName = "<stdin>";

/** One text that was read and the name by which messages call it. */
export interface InputText {
  readonly name: string;
  readonly text: string;
}

/**
 * The texts behind one `-f` value: a file, every `.yaml`, `.yml` and `.json` file below a folder in name order, or
 * standard input for `-`. Names with a leading dot are left out of folders, as are links to folders.
 * @throws PullguardError `InputInvalid` for what is missing, unreadable, too large, no UTF-8, or a folder without manifests
 */
export async function readInputs(path: string, stdin: AsyncIterable<Uint8Array>): Promise<readonly InputText[]> {
  if (path === "-") return [{ name: stdinName, text: await readBounded(stdinName, stdin) }];
  const files = await manifestFiles(path);
  const texts: InputText[] = [];
  for (const file of files) texts.push(await readInputFile(file));
  return texts;
}

/**
 * One whole file.
 * @throws PullguardError `InputInvalid` for what is missing, unreadable, too large or no UTF-8
 */
export async function readInputFile(file: string): Promise<InputText> {
  return { name: file, text: await readBounded(file, createReadStream(file)) };
}

async function manifestFiles(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const files = await filesBelow(path);
    if (files.length > 0) return files;
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new PullguardError("InputInvalid", `${path}: no .yaml, .yml or .json file in this folder`);
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(path)));
    else if (/\.(ya?ml|json)$/i.test(entry.name) && (await stat(path)).isFile()) files.push(path);
  }
  return files;
}

/** Reads as a stream, for a pipe has no size to look at beforehand. */
async function readBounded(name: string, chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of chunks) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxInputBytes) break;
      parts.push(chunk);
    }
  } catch (error) {
    throw unreadable(name, error);
  }
  if (sizeBytes > maxInputBytes) {
    throw new PullguardError("InputInvalid", `${name}: larger than ${maxInputBytes / 1024 / 1024} MiB`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts));
  } catch (error) {
    throw new PullguardError("InputInvalid", `${name}: not UTF-8 text`, { cause: error });
  }
}

const readFaults: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  ELOOP: "too many symbolic links",
  EISDIR: "is a folder",
  ENOTDIR: "a part of the path is no folder",
};

function unreadable(name: string, error: unknown): PullguardError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = readFaults[code] ?? (code === "" ? "cannot be read" : `cannot be read (${code})`);
  return new PullguardError("InputInvalid", `${name}: ${reason}`, { cause: error });
}
