import { type Command, Option } from "commander";
import { PullguardError } from "../core/index.js";
import { parseDurationMs } from "./duration.js";
import type { CliIo, NodeAgentFlags } from "./types.js";

/** The flags of `pullguard node-agent`, as commander names them. */
export interface NodeAgentCommandFlags {
  readonly nodeName?: string;
  readonly hostRoot: string;
  readonly namespace: string;
  readonly interval: string;
  readonly heartbeat: string;
  readonly port: string;
  readonly kubeconfig?: string;
  readonly logLevel: string;
}

const notes = `
Reads the registry configuration, certificates and kubelet settings below --host-root and publishes
them as a NodePullProfile. Passwords, keys and headers stay on the node: of credentials, only the
registries they are for are named.

  pullguard node-agent --node-name node-a --host-root /host`;

/** Adds `pullguard node-agent`. */
export function addNodeAgent(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("node-agent")
    .summary("publish what decides pulls on this node")
    .description("Reads a node's pull configuration, publishes it as a NodePullProfile and keeps it up to date.")
    .option("--node-name <NAME>", "name of the Node object (default: the environment variable NODE_NAME)")
    .option("--host-root <DIR>", "where the node's file system is mounted", "/host")
    .option("--namespace <NAMESPACE>", "namespace of the agents' Leases", "pullguard-node-agent")
    .option("--interval <DURATION>", "how often the files are looked at", "5s")
    .option("--heartbeat <DURATION>", "how often the profile is confirmed", "60s")
    .option("--port <PORT>", "port for /livez, /readyz and /metrics over HTTP", "8080")
    .option("--kubeconfig <FILE>", "cluster to publish to (default: the Pod's own)")
    .addOption(
      new Option("--log-level <LEVEL>", "how much is logged")
        .choices(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
        .default("info"),
    )
    .addHelpText("after", notes)
    .action(async (flags: NodeAgentCommandFlags) => {
      finish(await io.deps.nodeAgent(await readFlags(flags, io)));
    });
}

async function readFlags(given: NodeAgentCommandFlags, io: CliIo): Promise<NodeAgentFlags> {
  const { interval, heartbeat, port, nodeName = (await io.env()).NODE_NAME ?? "", ...flags } = given;
  if (nodeName === "") throw new PullguardError("InputInvalid", "name the node: --node-name NAME");
  const intervalMs = parseDurationMs(interval, "--interval");
  const heartbeatMs = parseDurationMs(heartbeat, "--heartbeat");
  if (heartbeatMs < 1000) throw new PullguardError("InputInvalid", "--heartbeat: at least 1s");
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new PullguardError("InputInvalid", `--port ${JSON.stringify(port)} is no port`);
  }
  return { ...flags, nodeName, intervalMs, heartbeatMs, port: Number(port) };
}
