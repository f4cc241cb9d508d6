import { type Command, Option } from "commander";
import { type AuditFlags, auditFormats } from "./audit-flags.js";
import { failures } from "./check-flags.js";
import { nodeCredentialsHelp } from "./options.js";
import type { CliIo } from "./types.js";

const notes = `
Every image of every workload and running Pod is asked for as the kubelet of a node that lacks it
would pull it now, with the cluster's own Secrets, nodes and NodePullProfiles. A Pod is shown with
the workload that made it, unless it has an image that the workload's template has not.

Exit codes:
  0  every image can be pulled (or need not be)
  1  at least one image cannot be pulled
  2  wrong usage, or a cluster that cannot be asked
  3  nothing is known to fail, but something could not be found out
With --fail-on unpullable 3 becomes 0; with --fail-on never 1 does too.

Examples:
  pullguard audit -A
  pullguard audit -n shop -o json
  pullguard audit --context production -A
  pullguard audit -A -o html > audit.html
  kubectl pullguard audit -A --fail-on unpullable`;

/** Adds `pullguard audit` to the command line. */
export function addAudit(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("audit")
    .summary("find what runs and could not be pulled again")
    .description("Finds the images that run in a cluster and that a new node could not pull any more.")
    .option("-A, --all-namespaces", "all namespaces")
    .option("-n, --namespace <NAMESPACE>", "one namespace (default: that of the kubeconfig's context)")
    .option("--kubeconfig <FILE>", "cluster to audit (default: as kubectl)")
    .option("--context <NAME>", "context of the kubeconfig (default: its current one)")
    .option("--platform <OS/ARCH>", "platform of the nodes, where the cluster does not tell")
    .option("--runtime <RUNTIME>", "runtime of the nodes, where the cluster does not tell")
    .option("--node-root <DIR>", "copy of a node's file system, for its certs.d and credentials")
    .addOption(new Option("--node-credentials <none|unknown|FILE>", nodeCredentialsHelp).default("unknown"))
    .option("--no-layers", "do not look whether configs and layers are there")
    .addOption(new Option("--deadline <DURATION>", "answer by then; what is open counts as unknown").default("10m"))
    .addOption(new Option("-o, --output <FORMAT>", "format of the report").choices(auditFormats).default("table"))
    .option("--all", "show in the table what is at no risk, too")
    .addOption(
      new Option("--fail-on <VERDICT>", "mildest verdict that the exit code tells of")
        .choices(failures)
        .default("unknown"),
    )
    .option("--config <FILE>", "PullguardConfig, for what may be dialled")
    .addHelpText("after", notes)
    .action(async (flags: AuditFlags) => {
      const { runAudit } = await import("./audit-command.js");
      finish(await runAudit(flags, io));
    });
}
