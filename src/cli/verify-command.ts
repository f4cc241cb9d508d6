import { PullguardError } from "../core/index.js";
import { runCheck } from "./check-command.js";
import type { CheckFlags } from "./check-flags.js";
import type { CliIo } from "./types.js";
import { createProgress } from "./verify-progress.js";

/** The flags of `pullguard verify`, as commander names them. */
export interface VerifyFlags extends CheckFlags {
  readonly limitRate?: string;
}

/**
 * Checks images and manifests, reads every layer, and prints the report.
 * @returns as `pullguard check`: 0, 1 or 3
 * @throws PullguardError for input that cannot be used
 */
export async function runVerify(images: readonly string[], flags: VerifyFlags, io: CliIo): Promise<number> {
  const bytesPerSecond = flags.limitRate === undefined ? 0 : parseRate(flags.limitRate);
  const progress = io.stderrIsTTY === true ? createProgress(io.stderr, io.columns ?? 80, () => Date.now()) : undefined;
  const verification = { bytesPerSecond, ...(progress === undefined ? {} : { observer: progress.observer }) };
  return await runCheck(images, flags, { ...io, stdout: clearing(io, progress?.clear) }, { verification });
}

/** The report must not be written into the middle of the bars. */
function clearing({ stdout }: CliIo, clear: (() => void) | undefined): CliIo["stdout"] {
  return {
    write(text) {
      clear?.();
      return stdout.write(text);
    },
  };
}

const units: Readonly<Record<string, number>> = { "": 1, k: 1000, m: 1_000_000, g: 1_000_000_000 };

/** `500k`, `20M`, `1.5MB`, `1000000` in bytes a second. */
function parseRate(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)([kmg]?)b?(?:\/s)?$/i.exec(text);
  const bytes = Number(parts?.[1]) * (units[parts?.[2]?.toLowerCase() ?? ""] ?? Number.NaN);
  if (bytes >= 1) return bytes;
  throw new PullguardError("InputInvalid", `--limit-rate ${JSON.stringify(text)} is no rate such as 500k or 20M`);
}
