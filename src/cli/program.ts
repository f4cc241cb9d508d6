import { Command, Option } from "commander";
import { addAudit } from "./audit-program.js";
import { type CheckFlags, failures, outputFormats } from "./check-flags.js";
import type { ExplainSecretFlags } from "./explain-secret.js";
import { addNodeAgent } from "./node-agent-command.js";
import { addNode, addTrust } from "./node-program.js";
import { addClusterFlags, addSubject, nodeCredentialsHelp, repeatable, wholeNumber } from "./options.js";
import type { CertsCommandFlags, ServeCommandFlags } from "./other-commands.js";
import { addSimulate } from "./simulate-program.js";
import type { CliIo } from "./types.js";
import { addVerify } from "./verify-options.js";

/**
 * The whole command line: commands, flags and their help. An action leaves its exit code with `finish`.
 * Parsing throws commander's CommanderError for help, version and wrong usage. What a command needs is imported by its
 * action, so that help and version do not wait for YAML, schemas or clients.
 */
export function buildProgram(io: CliIo, finish: (exitCode: number) => void): Command {
  const program = new Command(io.programName ?? "pullguard")
    .description(
      "Predicts whether a node's kubelet and container runtime can pull every image of a workload, and if not, exactly why.",
    )
    .version(io.deps.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => Math.min(io.columns ?? 100, 120),
      getErrHelpWidth: () => Math.min(io.columns ?? 100, 120),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText("after", overview);
  addCheck(program, io, finish);
  addVerify(program, io, finish);
  addAudit(program, io, finish);
  addExplain(program, io, finish);
  addNode(program, io, finish);
  addTrust(program, io, finish);
  addCerts(program, io, finish);
  addServe(program, io, finish);
  addSimulate(program, io, finish);
  addNodeAgent(program, io, finish);
  return program;
}

const overview = `
Examples:
  pullguard check nginx:1.27 ghcr.io/acme/app:v3
  pullguard check -f deploy/ -n shop
  pullguard verify ghcr.io/acme/app:v3
  kustomize build . | pullguard check -f - --no-cluster -o json
  helm template . | pullguard check -f - -o github --fail-on unpullable
  pullguard audit
  pullguard explain TagNotFound
  pullguard explain secret regcred ghcr.io/acme/app:v3 -n shop

As a plugin of kubectl, found as kubectl-pullguard in PATH: kubectl pullguard check nginx:1.27`;

const checkNotes = `
Exit codes:
  0  every image can be pulled (or need not be)
  1  at least one image cannot be pulled
  2  wrong usage, or input that cannot be read
  3  nothing is known to fail, but something could not be found out
With --fail-on unpullable 3 becomes 0; with --fail-on never 1 does too.

Secrets and ServiceAccounts that a workload names are looked for in the files of -f, then in the
cluster. A --pull-secret counts as listed first in imagePullSecrets. As in Kubernetes, a workload
that lists any Secret does not get those of its ServiceAccount.

Examples:
  pullguard check nginx:1.27
  pullguard check -f deploy.yaml -f secrets.yaml --no-cluster
  pullguard check ghcr.io/acme/app:v3 --pull-secret ~/.docker/config.json --node-credentials none
  pullguard check -f deploy/ --runtime containerd://1.7.13 --platform linux/arm64 --node-root /mnt`;

function addCheck(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const command = program
    .command("check")
    .summary("check images, or every image of manifests")
    .description("Checks images, or every image of manifests, against their registries, as a node would pull them.");
  addSubject(command)
    .addOption(
      repeatable("--node-profile <FILE>", "NodePullProfile manifests that tell what the nodes are (repeatable)"),
    )
    .addOption(
      new Option("--nodes <cluster|none>", "take the nodes and their NodePullProfiles from the cluster")
        .choices(["cluster", "none"])
        .default("none"),
    )
    .addOption(repeatable("--present <IMAGE>", "image that every node holds already (repeatable)"))
    .addOption(
      repeatable(
        "--node-images <FILE>",
        "what nodes hold: output of crictl images -o json or kubectl get nodes -o json (repeatable)",
      ),
    )
    .option("--kubelet-config <FILE>", "the nodes' KubeletConfiguration (default: var/lib/kubelet of --node-root)")
    .option("--kubelet-version <VERSION>", "the nodes' Kubernetes version, such as 1.35.0")
    .option("--no-layers", "do not look whether configs and layers are there")
    .addOption(new Option("--deadline <DURATION>", "answer by then; what is open counts as unknown (default: 10s)"))
    .addOption(
      new Option("-o, --output <FORMAT>", "format of the report; github: annotations of GitHub Actions")
        .choices(outputFormats)
        .default("text"),
    )
    .addOption(
      new Option("--fail-on <VERDICT>", "mildest verdict that the exit code tells of")
        .choices(failures)
        .default("unknown"),
    )
    .addOption(
      repeatable(
        "--pod-template-path <KIND.GROUP=PATH>",
        "where a custom resource has its Pod template, such as Rollout.argoproj.io=spec.template (repeatable)",
      ),
    )
    .option("--config <FILE>", "PullguardConfig, for its Pod templates, deadline and what may be dialled")
    .addHelpText("after", checkNotes)
    .action(async (images: readonly string[], flags: CheckFlags) => {
      const { runCheck } = await import("./check-command.js");
      finish(await runCheck(images, flags, io));
    });
}

function addExplain(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const command = program
    .command("explain")
    .summary("explain a cause code or a pull secret")
    .description("Explains a cause code of a report: what it means, what the kubelet shows and how to fix it.")
    .argument("[CODE]", "such as TagNotFound; without it, every code is listed");
  addExplainSecret(command, io, finish);
  command.action(async (code: string | undefined) => {
    const { runExplain } = await import("./other-commands.js");
    finish(await runExplain(code, io));
  });
}

const secretNotes = `
With --pull-secret the file is the Secret: IMAGE may then stand alone.

Exit codes:
  0  an entry applies to IMAGE; without IMAGE, the Secret is usable
  1  none applies, or the Secret is ignored, malformed, missing or unreadable
  2  wrong usage, or input that cannot be read

Examples:
  pullguard explain secret regcred -n shop
  pullguard explain secret regcred ghcr.io/acme/app:v3 -f secrets.yaml --no-cluster
  pullguard explain secret ghcr.io/acme/app:v3 --pull-secret ~/.docker/config.json`;

function addExplainSecret(explain: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const command = explain
    .command("secret")
    .summary("explain what the kubelet makes of a pull secret")
    .description(
      "Explains what the kubelet makes of a pull secret and which of its entries it would try for an image. Passwords are never shown.",
    )
    .argument("[NAME]", "name of the Secret")
    .argument("[IMAGE]", "image to find the entries for")
    .addOption(
      repeatable("-f, --filename <FILE|DIR|->", "look here before the cluster: manifests, or - for standard input"),
    );
  addClusterFlags(command, "the Secret", "the Secret")
    .option("--pull-secret <FILE>", "Secret manifest or Docker config.json to explain instead")
    .addOption(new Option("-o, --output <FORMAT>", "format").choices(["text", "json"]).default("text"))
    .addHelpText("after", secretNotes)
    .action(async (name: string | undefined, image: string | undefined, flags: ExplainSecretFlags) => {
      const { runExplainSecret } = await import("./explain-secret.js");
      const args = [name, image].filter((argument) => argument !== undefined);
      finish(await runExplainSecret(args, flags, io));
    });
}

function addCerts(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("certs")
    .summary("make a serving certificate for the webhook")
    .description("Makes a CA and a serving certificate for the webhook, and prints the caBundle for its configuration.")
    .option("--dir <DIR>", "folder for ca.crt, tls.crt and tls.key", "certs")
    .option("--service <NAME>", "name of the webhook's Service")
    .option("--namespace <NAMESPACE>", "namespace of that Service")
    .addOption(repeatable("--name <DNS>", "DNS name or IP address to serve (repeatable)"))
    .addOption(new Option("--days <N>", "days until it expires").argParser(wholeNumber).default(365))
    .option("--force", "replace files that exist", false)
    .action(async (flags: CertsCommandFlags) => {
      const { runCerts } = await import("./other-commands.js");
      finish(await runCerts(flags, io));
    });
}

function addServe(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  withCertificateFlags(program.command("serve"))
    .summary("run the admission webhook")
    .description(
      "Runs the admission webhook. Flags win over PULLGUARD_… environment variables, these over the configuration file.",
    )
    .option("--port <PORT>", "port for HTTPS (default: 8443)")
    .option("--metrics-port <PORT>", "port for metrics and health over HTTP (default: 8080)")
    .option("--cert-dir <DIR>", "folder with tls.crt and tls.key (default: certs)")
    .option("--kubeconfig <FILE>", "cluster to read Secrets and ServiceAccounts from (default: the Pod's own)")
    .option("--no-cluster", "read no Secrets, ServiceAccounts and Nodes")
    .option("--agent-namespace <NAMESPACE>", "namespace of the node agents' Leases (default: pullguard-node-agent)")
    .option("--node-root <DIR>", "copy of a node's file system, for its certs.d and credentials")
    .option("--node-credentials <none|unknown|FILE>", `${nodeCredentialsHelp} (default: unknown)`)
    .option("--runtime <RUNTIME>", "runtime of the nodes, such as containerd://1.7.13")
    .option("--platform <OS/ARCH>", "platform of the nodes, such as linux/amd64")
    .option("--no-layers", "do not look whether configs and layers are there")
    .option("--verify-layers", "read whole layers after admissions; the next admission of the same image knows")
    .option(
      "--watch-pulls",
      "follow Pods that wait for images and how fast nodes pull, for advice; takes rights on both",
    )
    .option("--max-in-flight <N>", "reviews that may wait for registries at a time (default: 128)")
    .option("--max-queued <N>", "reviews that may wait for one of these places; more are let through (default: 1024)")
    .option("--registry-qps <N>", "requests a second to one registry (default: as many as there are)")
    .option("--cache-bytes <BYTES>", "memory for what is known of images, such as 64Mi (default: 64Mi)")
    .option("--audit", "ask over and over for what already runs; takes rights on all workloads and Pods")
    .option("--audit-namespace <NAMESPACE>", "namespace of the audit's state and Leases (default: the Pod's own)")
    .option("--audit-interval <MINUTES>", "time between two questions about a sound image (default: 60)")
    .option("--audit-rate <REQUESTS>", "requests a minute of the audit to one registry (default: 60)")
    .option("--mode <MODE>", "warn, or deny what cannot be pulled (default: warn)")
    .option("--log-level <LEVEL>", "trace, debug, info, warn, error, fatal or silent (default: info)")
    .option("--trace-endpoint <URL>", "send OpenTelemetry traces there by OTLP over HTTP (default: no traces)")
    .option("--trace-ratio <RATIO>", "how many of the traces that begin here are kept, 0 to 1 (default: 1)")
    .option("--statusz <true|false>", "serve a status page on the metrics port (default: true)")
    .option(
      "--statusz-findings <local|all|none>",
      "who sees images and namespaces there; local: by kubectl port-forward (default: local)",
    )
    .option("--config <FILE>", "configuration file, YAML or JSON: settings, a PullguardConfig, or both")
    .action(async (flags: ServeCommandFlags) => {
      const { runServe } = await import("./other-commands.js");
      finish(await runServe(flags, io));
    });
}

/** How a server gets its certificate, and whom it answers. */
function withCertificateFlags(serve: Command): Command {
  return serve
    .option(
      "--certificates <files|self-managed>",
      "read them from --cert-dir, or make and rotate them (default: files)",
    )
    .option("--certificate-secret <NAME>", "Secret for self-managed certificates (default: pullguard-tls)")
    .option("--service-name <NAME>", "Service that the API server calls (default: pullguard)")
    .option("--webhook-configuration <NAME>", "webhook configurations that get the CA (default: pullguard)")
    .option("--namespace <NAMESPACE>", "where Pullguard runs (default: the Pod's own)")
    .option("--client-ca <FILE>", "answer reviews only to clients with a certificate of these CAs")
    .option("--client-name <NAME...>", "and only to those of these names")
    .option("--shutdown-grace <SECONDS>", "how long a stop may take in all (default: 25)");
}
