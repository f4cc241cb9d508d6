import { type Command, InvalidArgumentError, Option } from "commander";

/** An option that may be given several times; its values in order. */
export function repeatable(flags: string, description: string): Option {
  const gather = (value: string, before: unknown): readonly string[] => [
    ...(Array.isArray(before) ? before : []),
    value,
  ];
  return new Option(flags, description).argParser(gather);
}

/** @throws InvalidArgumentError for anything but a whole number above 0, with five digits at most */
export function wholeNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError("It must be a whole number above 0.");
}

/** What may be said of the nodes' own credentials, for help texts. */
export const nodeCredentialsHelp =
  "registry credentials the nodes hold themselves or get from credential providers: none, unknown, or those in a Docker config.json or Secret manifest";

/**
 * Adds what says which cluster and which namespace are meant, named as kubectl has it.
 * @param whose  what the namespace is for
 * @param what  what is read from the cluster
 */
export function addClusterFlags(command: Command, whose: string, what: string): Command {
  return command
    .option("-n, --namespace <NAMESPACE>", `namespace of ${whose} (default: the context's, as kubectl)`)
    .option("--kubeconfig <FILE>", `cluster to read ${what} from (default: as kubectl)`)
    .option("--context <NAME>", "context of the kubeconfig (default: its current one)")
    .option("--no-cluster", "ask no cluster; what is not in the files is not there");
}

/** Adds what `check` and `verify` take alike: the images, whose Secrets may pull them, and the nodes that would. */
export function addSubject(command: Command): Command {
  command
    .argument("[IMAGE...]", "images as a manifest would name them")
    .addOption(
      repeatable("-f, --filename <FILE|DIR|->", "manifest, folder of manifests, or - for standard input (repeatable)"),
    );
  return addClusterFlags(command, "images and of objects without one", "Secrets and ServiceAccounts")
    .addOption(
      repeatable("--pull-secret <FILE>", "Secret manifest or Docker config.json to use for every image (repeatable)"),
    )
    .option("--platform <OS/ARCH>", "platform of the nodes, such as linux/amd64")
    .option("--runtime <RUNTIME>", "runtime of the nodes, such as containerd://1.7.13")
    .option("--node-root <DIR>", "copy of a node's file system, for its certs.d and credentials")
    .addOption(new Option("--node-credentials <none|unknown|FILE>", nodeCredentialsHelp).default("unknown"));
}
