import { CommanderError } from "commander";
import { PullguardError } from "../core/index.js";
import { buildProgram } from "./program.js";
import type { CliIo } from "./types.js";
import { printable } from "./wrap.js";

/**
 * The command line as a function.
 * @param argv  arguments without `node` and script
 * @returns the exit code: of the command, or 2 for wrong usage and input that cannot be used. Faults of Pullguard
 *   itself exit with 70, so that no script takes them for a verdict. Never rejects.
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  let exitCode = 0;
  const program = buildProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    // commander has already written help or its own error line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof PullguardError && error.code !== "Internal") {
      io.stderr.write(`error: ${printable(error.message)}\n`);
      return 2;
    }
    io.stderr.write(
      `error: a fault of pullguard itself: ${printable(error instanceof Error ? error.message : "unknown")}\n`,
    );
    return 70;
  }
}
