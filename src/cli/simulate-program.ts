import { type Command, Option } from "commander";
import { addClusterFlags, repeatable, wholeNumber } from "./options.js";
import type { SimulateFlags } from "./simulate-flags.js";
import type { CliIo } from "./types.js";

const notes = `
Sizes come from the registries, asked as pullguard check asks them, or from --size. Each workload is
played through twice: as new, with all its Pods at once, and as an update by its own strategy
(maxSurge, maxUnavailable). What is assumed is printed with the result.

Exit codes:
  0  played through
  2  wrong usage, or input that cannot be read
  3  played through, but the size of an image could not be found out

Examples:
  pullguard simulate -f agent.yaml --nodes 50
  pullguard simulate -f deploy/ --nodes 20 --bandwidth 100MiB/s --registry-bandwidth 1GiB/s --svg rollout.svg
  pullguard simulate -f app.yaml --nodes 3 --no-cluster --size ghcr.io/acme/app:v3=2GiB --kubelet-config kubelet.yaml`;

/** Adds `pullguard simulate` to the command line. */
export function addSimulate(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const command = program
    .command("simulate")
    .summary("predict how long a rollout's pulls take")
    .description(
      "Predicts how long it takes until the last Pod of each workload has its images: pulls serialized and in parallel, side by side.",
    )
    .addOption(
      repeatable("-f, --filename <FILE|DIR|->", "manifest, folder of manifests, or - for standard input (repeatable)"),
    )
    .addOption(new Option("--nodes <N>", "equal nodes that the Pods are spread over").argParser(wholeNumber).default(1))
    .addOption(new Option("--bandwidth <RATE>", "what each node can receive").default("50MiB/s"))
    .option("--registry-bandwidth <RATE>", "what a registry gives to all nodes together (default: no limit)")
    .addOption(
      repeatable("--size <IMAGE=SIZE>", "compressed size of an image, which is then not asked for (repeatable)"),
    )
    .addOption(
      new Option("--rollout <MODE>", "play it as new, as an update, or both")
        .choices(["create", "update", "both"])
        .default("both"),
    )
    .option("--kubelet-config <FILE>", "the nodes' KubeletConfiguration (default: var/lib/kubelet of --node-root)")
    .option("--node-root <DIR>", "copy of a node's file system, for its kubelet settings, certs.d and credentials");
  addClusterFlags(command, "objects without one", "Secrets and ServiceAccounts")
    .addOption(
      repeatable("--pull-secret <FILE>", "Secret manifest or Docker config.json to use for every image (repeatable)"),
    )
    .addOption(new Option("--platform <OS/ARCH>", "platform of the nodes").default("linux/amd64"))
    .option("--runtime <RUNTIME>", "runtime of the nodes, such as containerd://1.7.13")
    .addOption(
      new Option("--node-credentials <none|unknown|FILE>", "registry credentials of the nodes").default("unknown"),
    )
    .addOption(new Option("--deadline <DURATION>", "time for asking the registries").default("30s"))
    .addOption(
      new Option("-o, --output <FORMAT>", "format of the result").choices(["text", "json", "svg"]).default("text"),
    )
    .option("--svg <FILE>", "also write a timeline of the pulls")
    .addHelpText("after", notes)
    .action(async (flags: SimulateFlags) => {
      const { runSimulate } = await import("./simulate-command.js");
      finish(await runSimulate(flags, io));
    });
}
