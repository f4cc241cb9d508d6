import type { Report } from "../check/index.js";
import { PullguardError } from "../core/index.js";
import type { Workload } from "../workload/index.js";
import type { CheckFlags } from "./check-flags.js";
import { readCheckOrder } from "./check-order.js";
import { parseDurationMs } from "./duration.js";
import { layeredSecretSource } from "./given-secrets.js";
import { loadNodeCredentials } from "./node-credentials.js";
import { nodeFilesBelow } from "./node-root.js";
import { renderJson } from "./render-json.js";
import { renderText, type TextStyle } from "./render-text.js";
import type { CheckSetup, CliIo, NodeView, OpenCheck, OpenCluster } from "./types.js";

/**
 * Checks images and manifests and prints the report.
 * @returns 0 all fine, 1 something is unpullable, 3 nothing unpullable but something unknown
 * @throws PullguardError for input that cannot be used
 */
export async function runCheck(images: readonly string[], flags: CheckFlags, io: CliIo): Promise<number> {
  if (images.length === 0 && flags.filename === undefined) {
    throw new PullguardError(
      "InputInvalid",
      "nothing to check: name an image or a file (-f FILE); see pullguard check --help",
    );
  }
  refuseContradictions(flags);
  const deadlineMs = parseDurationMs(flags.deadline, "--deadline");
  const node = await nodeView(flags);
  const order = await readCheckOrder(images, flags, io.stdin);
  if (!order.workloads.some((workload) => workload.pod.images.length > 0)) {
    io.stderr.write("note: the input is valid but names no image\n");
  }
  const cluster = flags.cluster && order.workloads.length > 0 ? await io.deps.openCluster(flags.kubeconfig) : undefined;
  const openNodes = flags.nodes === "cluster" ? await nodesOf(cluster, deadlineMs, io) : undefined;
  const opened = await io.deps.openCheck({
    // With --no-cluster the person says that the files are all there is.
    secrets: layeredSecretSource(order.given, flags.cluster ? (cluster?.secrets ?? "unknown") : "nothing"),
    missingSecretsMayAppear: flags.cluster,
    node: order.profiles.length === 0 ? node : { ...node, profiles: order.profiles },
    ...(openNodes === undefined ? {} : { openNodes }),
  });
  if (flags.cluster && cluster === undefined && order.workloads.length > 0) {
    io.stderr.write("note: no cluster is configured, so Secrets and ServiceAccounts come from the given files alone\n");
  }
  const report = await checkWithin(deadlineMs, order.workloads, opened);
  io.stdout.write(flags.output === "json" ? renderJson(report) : renderText(report, await textStyle(io)));
  return exitCodeOf(report);
}

function refuseContradictions(flags: CheckFlags): void {
  const excluding: readonly (readonly [string, boolean])[] = [
    ["--kubeconfig and --no-cluster", flags.kubeconfig !== undefined && !flags.cluster],
    ["--nodes cluster and --no-cluster", flags.nodes === "cluster" && !flags.cluster],
    ["--node-profile and --node-root", flags.nodeProfile !== undefined && flags.nodeRoot !== undefined],
    ["--node-profile and --nodes cluster", flags.nodeProfile !== undefined && flags.nodes === "cluster"],
  ];
  const found = excluding.find(([, applies]) => applies);
  if (found !== undefined) throw new PullguardError("InputInvalid", `${found[0]} exclude each other`);
}

/** What cannot be listed is told and left out: the answers are then less certain, not wrong. */
async function nodesOf(
  cluster: OpenCluster | undefined,
  deadlineMs: number,
  io: CliIo,
): Promise<CheckSetup["openNodes"]> {
  const listed = await cluster?.listNodes(AbortSignal.timeout(deadlineMs));
  if (listed === undefined) return undefined;
  if ("problem" in listed) {
    io.stderr.write(`note: the nodes of the cluster are not known: ${listed.problem}\n`);
    return undefined;
  }
  for (const plural of listed.missing) io.stderr.write(`note: the cluster's ${plural} cannot be listed\n`);
  return listed.open;
}

async function nodeView(flags: CheckFlags): Promise<NodeView> {
  const { nodeCredentials } = flags;
  const credentials =
    nodeCredentials === "none" || nodeCredentials === "unknown"
      ? nodeCredentials
      : await loadNodeCredentials(nodeCredentials);
  return {
    ...(flags.platform === undefined ? {} : { platform: flags.platform }),
    ...(flags.runtime === undefined ? {} : { runtime: flags.runtime }),
    ...(flags.nodeRoot === undefined ? {} : { root: { path: flags.nodeRoot, files: nodeFilesBelow(flags.nodeRoot) } }),
    credentials,
  };
}

async function checkWithin(
  deadlineMs: number,
  workloads: readonly Workload[],
  { check, close }: OpenCheck,
): Promise<Report> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new Error("deadline")), deadlineMs);
  try {
    return await check({ workloads }, deadline.signal);
  } finally {
    clearTimeout(timer);
    await close();
  }
}

async function textStyle(io: CliIo): Promise<TextStyle> {
  const env = io.isTTY ? await io.env() : {};
  // https://no-color.org: present and not empty.
  const colour = io.isTTY && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
  return { colour, width: Math.min(120, Math.max(80, io.columns ?? 100)) };
}

function exitCodeOf(report: Report): number {
  if (report.summary.unpullable > 0) return 1;
  return report.summary.unknown > 0 ? 3 : 0;
}
