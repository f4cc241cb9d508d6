import { type Command, Option } from "commander";
import { addSubject } from "./options.js";
import type { CliIo } from "./types.js";
import type { VerifyFlags } from "./verify-command.js";

const notes = `
Every layer is downloaded once, whatever number of images share it, and kept nowhere: its size and
digest are compared with the manifest, it is decompressed, its archive compared with the config and
walked through. On a terminal the progress is shown.

Exit codes:
  0  every image can be pulled and unpacked
  1  at least one cannot
  2  wrong usage, or input that cannot be read
  3  nothing is known to fail, but something could not be found out

Examples:
  pullguard verify nginx:1.27
  pullguard verify ghcr.io/acme/app:v3 --pull-secret ~/.docker/config.json --limit-rate 20M
  pullguard verify -f deploy/ --platform linux/arm64 --deadline 30m -o json`;

/** Adds `pullguard verify`. */
export function addVerify(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const command = program
    .command("verify")
    .summary("check images and read every layer of them")
    .description("Checks images as `check` does, and then reads every layer to its end, as a node would unpack it.");
  addSubject(command)
    .option("--limit-rate <RATE>", "bytes a second for all layers together, such as 500k or 20M")
    .addOption(new Option("--deadline <DURATION>", "answer by then; what is open counts as unknown").default("10m"))
    .addOption(new Option("-o, --output <FORMAT>", "format of the report").choices(["text", "json"]).default("text"))
    .addHelpText("after", notes)
    .action(async (images: readonly string[], flags: VerifyFlags) => {
      const { runVerify } = await import("./verify-command.js");
      finish(await runVerify(images, flags, io));
    });
}
