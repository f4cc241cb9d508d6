import { type Command, Option } from "commander";
import type { NodeFlags } from "./node-command.js";
import type { TrustFlags } from "./trust-command.js";
import type { CliIo } from "./types.js";

const nodeNotes = `
Exit codes:
  0  printed
  1  the node would try no host for this registry or image
  2  wrong usage, or input that cannot be read

Examples:
  pullguard node --node-root /mnt
  pullguard node --node-root /mnt --runtime containerd://1.7.13 registry.example:5000
  pullguard node --node-root /mnt ghcr.io/acme/app:v3 -o json`;

/** `pullguard node`: what a node's files make of a registry. */
export function addNode(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("node")
    .summary("show what a node would do for a registry")
    .description(
      "Shows what a node would do for a registry or an image: hosts in order, trust, proxies, and the file and line each " +
        "fact comes from. Without an argument: what the node's files say in general. Asks no registry.",
    )
    .argument("[REGISTRY|IMAGE]", "such as registry.example:5000, docker.io or nginx:1.27")
    .option("--node-root <DIR>", "copy of a node's file system")
    .option("--runtime <RUNTIME>", "containerd://1.7.13, or a name alone: containerd, docker, cri-o, podman")
    .option("--platform <OS/ARCH>", "platform of the node, such as linux/amd64")
    .addOption(new Option("-o, --output <FORMAT>", "format").choices(["text", "json"]).default("text"))
    .addHelpText("after", nodeNotes)
    .action(async (subject: string | undefined, flags: NodeFlags) => {
      const { runNode } = await import("./node-command.js");
      finish(runNode(subject, flags, io));
    });
}

const trustNotes = `
Exit codes:
  0  trusted: by the node of --node-root, else by the public roots
  1  not trusted, or plain HTTP
  2  wrong usage, or input that cannot be read
  3  the registry could not be reached

With -o pem the certificate to be trusted goes to standard output, and nothing else.
Verify its fingerprint with the registry's operator before any node trusts it.

Examples:
  pullguard trust registry.example:5000
  pullguard trust registry.example:5000 --runtime docker
  pullguard trust registry.example:5000 -o pem > ca.crt`;

/** `pullguard trust`: what a registry serves and how to have nodes trust it. */
export function addTrust(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("trust")
    .summary("show a registry's certificates and how to trust them")
    .description(
      "Connects to a registry and shows the certificates it serves, who trusts them, and what to write on the nodes so " +
        "that their runtime accepts the registry.",
    )
    .argument("<REGISTRY>", "such as registry.example:5000")
    .option("--node-root <DIR>", "copy of a node's file system, whose trust is tried as well")
    .option("--runtime <RUNTIME>", "show the commands for this runtime alone: containerd, docker, cri-o, podman")
    .addOption(new Option("--deadline <DURATION>", "give up then").default("10s"))
    .addOption(new Option("-o, --output <FORMAT>", "format").choices(["text", "json", "pem"]).default("text"))
    .addHelpText("after", trustNotes)
    .action(async (registry: string, flags: TrustFlags) => {
      const { runTrust } = await import("./trust-command.js");
      finish(await runTrust(registry, flags, io));
    });
}
