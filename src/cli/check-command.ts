import type { Report } from "../check/index.js";
import { PullguardError } from "../core/index.js";
import type { Workload } from "../workload/index.js";
import type { CheckFlags } from "./check-flags.js";
import { readCheckOrder } from "./check-order.js";
import { parseDurationMs } from "./duration.js";
import { layeredSecretSource } from "./given-secrets.js";
import { readNodeView } from "./node-view.js";
import { renderJson } from "./render-json.js";
import { renderText, type TextStyle } from "./render-text.js";
import type { CheckSetup, CliIo, OpenCheck } from "./types.js";

/**
 * Checks images and manifests and prints the report.
 * @returns 0 all fine, 1 something is unpullable, 3 nothing unpullable but something unknown
 * @throws PullguardError for input that cannot be used
 */
export async function runCheck(
  images: readonly string[],
  flags: CheckFlags,
  io: CliIo,
  how: Pick<CheckSetup, "verification"> = {},
): Promise<number> {
  if (images.length === 0 && flags.filename === undefined) {
    throw new PullguardError(
      "InputInvalid",
      "nothing to check: name an image or a file (-f FILE); see pullguard check --help",
    );
  }
  if (flags.kubeconfig !== undefined && !flags.cluster) {
    throw new PullguardError("InputInvalid", "--kubeconfig and --no-cluster exclude each other");
  }
  const deadlineMs = parseDurationMs(flags.deadline, "--deadline");
  const node = await readNodeView(flags);
  const order = await readCheckOrder(images, flags, io.stdin);
  if (!order.workloads.some((workload) => workload.pod.images.length > 0)) {
    io.stderr.write("note: the input is valid but names no image\n");
  }
  const cluster = flags.cluster && order.workloads.length > 0 ? await io.deps.openCluster(flags.kubeconfig) : undefined;
  const opened = await io.deps.openCheck({
    // With --no-cluster the person says that the files are all there is.
    secrets: layeredSecretSource(order.given, flags.cluster ? (cluster?.secrets ?? "unknown") : "nothing"),
    missingSecretsMayAppear: flags.cluster,
    node,
    ...(flags.layers === false ? { layers: "skip" } : {}),
    ...how,
  });
  if (flags.cluster && cluster === undefined && order.workloads.length > 0) {
    io.stderr.write("note: no cluster is configured, so Secrets and ServiceAccounts come from the given files alone\n");
  }
  const report = await checkWithin(deadlineMs, order.workloads, opened);
  io.stdout.write(flags.output === "json" ? renderJson(report) : renderText(report, await textStyle(io)));
  return exitCodeOf(report);
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
