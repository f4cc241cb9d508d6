import type { Report } from "../check/index.js";
import { PullguardError } from "../core/index.js";
import { distinctImages, type Workload } from "../workload/index.js";
import { checkConfig } from "./check-config.js";
import type { CheckFlags, FailOn } from "./check-flags.js";
import { type CheckOrder, readCheckOrder } from "./check-order.js";
import { openChosen } from "./chosen-cluster.js";
import { parseDurationMs } from "./duration.js";
import { layeredSecretSource } from "./given-secrets.js";
import { locator } from "./location.js";
import { readNodeView } from "./node-view.js";
import { showProgress } from "./progress.js";
import { renderGithub } from "./render-github.js";
import { renderJson } from "./render-json.js";
import { renderJunit } from "./render-junit.js";
import { renderSarif } from "./render-sarif.js";
import { renderText, type TextStyle } from "./render-text.js";
import type { CheckSetup, CliIo, OpenCheck, OpenCluster } from "./types.js";

/**
 * Checks images and manifests and prints the report.
 * @returns 0 all fine, 1 something is unpullable, 3 nothing unpullable but something unknown; 0 for what `--fail-on` excepts
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
  refuseContradictions(flags);
  const config = checkConfig(flags);
  const deadlineMs =
    flags.deadline === undefined
      ? (config.deadlines.checkMs ?? defaultDeadlineMs)
      : parseDurationMs(flags.deadline, "--deadline");
  const node = await readNodeView(flags);
  const { cluster, namespace } = await openChosen(flags, io);
  const order = await readCheckOrder(images, { ...flags, namespace }, io.stdin, config.podTemplates);
  if (!order.workloads.some((workload) => workload.pod.images.length > 0)) {
    io.stderr.write("note: the input is valid but names no image\n");
  }
  const openNodes = flags.nodes === "cluster" ? await nodesOf(cluster, deadlineMs, io) : undefined;
  const progress = io.stderrIsTTY === true ? showProgress(io.stderr, countOf(order.workloads)) : undefined;
  const opened = await io.deps.openCheck({
    // With --no-cluster the person says that the files are all there is.
    secrets: layeredSecretSource(order.given, flags.cluster ? (cluster?.secrets ?? "unknown") : "nothing"),
    missingSecretsMayAppear: flags.cluster,
    node: order.profiles.length === 0 ? node : { ...node, profiles: order.profiles },
    ...(openNodes === undefined ? {} : { openNodes }),
    ...(flags.layers === false ? { layers: "skip" } : {}),
    ...how,
    dial: config.registries.dial,
    ...(progress === undefined ? {} : { onFinding: progress.step }),
  });
  if (flags.cluster && cluster === undefined && order.workloads.length > 0) {
    io.stderr.write("note: no cluster is configured, so Secrets and ServiceAccounts come from the given files alone\n");
  }
  const startedMs = Date.now();
  const report = await checkWithin(deadlineMs, order.workloads, opened).finally(progress?.end);
  io.stdout.write(await rendered(report, order, { flags, io, startedMs }));
  return exitCodeOf(report, flags.failOn);
}

const defaultDeadlineMs = 10_000;

function countOf(workloads: readonly Workload[]): number {
  return workloads.reduce((sum, workload) => sum + distinctImages(workload).length, 0);
}

async function rendered(
  report: Report,
  { origins }: CheckOrder,
  { flags, io, startedMs }: { readonly flags: CheckFlags; readonly io: CliIo; readonly startedMs: number },
): Promise<string> {
  const locate = locator(origins);
  switch (flags.output) {
    case "text":
      return renderText(report, await textStyle(io));
    case "json":
      return renderJson(report, locate);
    case "sarif":
      return renderSarif(report, locate, io.deps.version);
    case "junit": {
      const durationMs = Date.now() - startedMs;
      return renderJunit(report, locate, { failOn: flags.failOn, startedMs, durationMs });
    }
    case "github":
      return renderGithub(report, locate);
  }
}

function refuseContradictions(flags: CheckFlags): void {
  const excluding: readonly (readonly [string, boolean])[] = [
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

function exitCodeOf({ summary }: Report, failOn: FailOn): number {
  if (failOn === "never") return 0;
  if (summary.unpullable > 0) return 1;
  return summary.unknown > 0 && failOn === "unknown" ? 3 : 0;
}
