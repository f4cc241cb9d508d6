import {
  type AuditReport,
  auditOnce,
  createInventory,
  imageHolders,
  pulledCollector,
  renderAuditPage,
} from "../audit/index.js";
import { PullguardError } from "../core/index.js";
import type { AuditFlags, AuditFormat } from "./audit-flags.js";
import { renderAuditJson } from "./audit-json.js";
import { renderAuditTable } from "./audit-table.js";
import { checkConfig } from "./check-config.js";
import type { FailOn } from "./check-flags.js";
import { parseDurationMs } from "./duration.js";
import { readNodeView } from "./node-view.js";
import { showProgress } from "./progress.js";
import type { AuditedCluster, AuditedObjects, CliIo, ListedStates } from "./types.js";

/**
 * Asks for every image that runs in a cluster and prints what a new node could not pull.
 * @returns 0 all can be pulled, 1 something cannot, 3 nothing is known to fail but something is unknown; 0 for what `--fail-on` excepts
 * @throws PullguardError for flags that cannot be used and a cluster that cannot be asked
 */
export async function runAudit(flags: AuditFlags, io: CliIo): Promise<number> {
  if (flags.allNamespaces === true && flags.namespace !== undefined) {
    throw new PullguardError("InputInvalid", "--all-namespaces and --namespace exclude each other");
  }
  const signal = AbortSignal.timeout(parseDurationMs(flags.deadline, "--deadline"));
  const node = await readNodeView(flags);
  const { dial } = checkConfig(flags).registries;
  const cluster = await io.deps.openAuditedCluster(flags);
  if (cluster === undefined) {
    throw new PullguardError("InputInvalid", "no cluster is configured; give --kubeconfig FILE");
  }
  if (flags.allNamespaces !== true && flags.namespace === undefined) {
    io.stderr.write(`note: namespace ${cluster.namespace} only; pullguard audit -A looks at all\n`);
  }
  const inventory = createInventory();
  const namespace = flags.allNamespaces === true ? undefined : flags.namespace || cluster.namespace;
  const { objects, missing } = await objectsOf(cluster, namespace, io, signal);
  for (const object of objects) inventory.note(object, false);
  const nodes = await nodesOf(cluster, io, signal);
  const collector = pulledCollector();
  const opened = await io.deps.openCheck({
    secrets: cluster.secrets,
    missingSecretsMayAppear: true,
    completedPods: true,
    node,
    dial,
    onPulled: collector.note,
    ...(nodes === undefined ? {} : { openNodes: nodes.open }),
    ...(flags.layers === false ? { layers: "skip" } : {}),
  });
  const report = await asked({ inventory, collector, opened, nodes }, io, signal).finally(opened.close);
  const notListed = missing.map(({ plural, reason }) => ({ resource: plural, reason }));
  io.stdout.write(await renderers[flags.output]({ ...report, notListed }, flags, io));
  return exitCodeOf(report, flags.failOn);
}

interface Asking {
  readonly inventory: ReturnType<typeof createInventory>;
  readonly collector: ReturnType<typeof pulledCollector>;
  readonly opened: Awaited<ReturnType<CliIo["deps"]["openCheck"]>>;
  readonly nodes: ListedStates | undefined;
}

async function asked({ inventory, collector, opened, nodes }: Asking, io: CliIo, signal: AbortSignal) {
  let progress: ReturnType<typeof showProgress> | undefined;
  const onProgress = ({ images }: { readonly images: number }): void => {
    if (io.stderrIsTTY !== true) return;
    progress ??= showProgress(io.stderr, images);
    progress.step();
  };
  const holdersOf = imageHolders(() => nodes?.states ?? []);
  const ask = collector.asking(opened.check);
  const forecast = opened.forecast === undefined ? {} : { forecast: opened.forecast };
  const deps = { inventory, ask, holdersOf, ...forecast, nowMs: Date.now(), onProgress };
  return await auditOnce(deps, signal).finally(() => progress?.end());
}

const renderers: Readonly<
  Record<AuditFormat, (report: AuditReport, flags: AuditFlags, io: CliIo) => string | Promise<string>>
> = {
  html: (report) => renderAuditPage(report),
  json: (report) => renderAuditJson(report),
  table: async (report, { all }, io) => {
    const env = io.isTTY ? await io.env() : {};
    const colour = io.isTTY && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
    const width = Math.min(140, Math.max(80, io.columns ?? 100));
    return renderAuditTable(report, { colour, width, all: all === true });
  },
};

async function objectsOf(
  cluster: AuditedCluster,
  namespace: string | undefined,
  io: CliIo,
  signal: AbortSignal,
): Promise<AuditedObjects> {
  const listed = await cluster.listAudited(namespace, signal);
  if (listed.failure !== undefined) throw new PullguardError("ClusterUnavailable", listed.failure);
  for (const { reason } of listed.missing) io.stderr.write(`note: ${reason}; they are left out\n`);
  if (listed.objects.length === 0 && namespace !== undefined) await noteEmpty(cluster, namespace, io, signal);
  return listed;
}

/** An API server lists what is in a namespace that does not exist as if it were empty. */
async function noteEmpty(cluster: AuditedCluster, namespace: string, io: CliIo, signal: AbortSignal): Promise<void> {
  const exists = await cluster.namespaceExists(namespace, signal);
  if (exists === false) throw new PullguardError("InputInvalid", `namespace "${namespace}" does not exist`);
  const doubt = exists === undefined ? " (does it exist?)" : "";
  io.stderr.write(`note: no workloads in namespace "${namespace}"${doubt}\n`);
}

/** Without nodes the answers are less certain, not wrong. */
async function nodesOf(cluster: AuditedCluster, io: CliIo, signal: AbortSignal): Promise<ListedStates | undefined> {
  const listed = await cluster.listNodes(signal);
  if ("problem" in listed) {
    io.stderr.write(`note: the nodes of the cluster are not known: ${listed.problem}\n`);
    return undefined;
  }
  for (const plural of listed.missing) io.stderr.write(`note: the cluster's ${plural} cannot be listed\n`);
  return listed;
}

function exitCodeOf({ summary }: AuditReport, failOn: FailOn): number {
  if (failOn === "never") return 0;
  if (summary.verdicts.unpullable > 0) return 1;
  return summary.verdicts.unknown > 0 && failOn === "unknown" ? 3 : 0;
}
