import { randomBytes } from "node:crypto";
import {
  type AskEngine,
  type AuditChange,
  type Auditor,
  type AuditPace,
  type AuditReport,
  type AuditSubject,
  type AuditView,
  askedHosts,
  auditRate,
  Budgets,
  clusterReports,
  createInventory,
  type ExpiryForecast,
  imageHolders,
  namespaceReports,
  startAuditor,
} from "../audit/index.js";
import {
  type ClusterAccess,
  clusterAuditReports,
  clusterAuditStore,
  createEventRecorder,
  joinAudit,
  type MemberTimes,
  watchAudited,
} from "../cluster/index.js";
import type { Clock } from "../core/index.js";
import type { NodeSource, NodeState } from "../node/index.js";
import type { Log, UnpullableImage } from "../telemetry/index.js";

/** What a background auditor is put together from. */
export interface AuditDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly logger: Log;
  /** Namespace of the state and of the members' Leases. */
  readonly namespace: string;
  /** Name of this replica; what makes it different from the one before is added. */
  readonly instance: string;
  readonly nodes: NodeSource;
  readonly states: () => readonly NodeState[];
  /** Opens the engine; told of every request that is sent, by the host that it is for. */
  readonly openEngine: (onRequest: (host: string) => void) => AskEngine;
  readonly forecast?: (subjects: readonly AuditSubject[], signal: AbortSignal) => Promise<readonly ExpiryForecast[]>;
  /** Milliseconds for which a host is to be left alone. */
  readonly pausedMs?: (host: string) => number;
  /** Minutes between two questions about what is sound. */
  readonly intervalMinutes: number;
  readonly requestsPerMinute: number;
  /** How fast things go, where that is not as usual. */
  readonly pace?: Partial<AuditPace> & { readonly failingMs?: number; readonly leastMs?: number };
  readonly memberTimes?: MemberTimes;
}

/** The auditor with all that it watches and writes. */
export interface OpenAudit {
  readonly view: AuditView;
  /** Of the registries that are this replica's; at most a thousand. */
  unpullable(): readonly UnpullableImage[];
  /** Whether this replica takes part: it holds a Lease of its own, and sees who else does. */
  isMember(): boolean;
  /** What was said last, by whichever replica found it out; undefined before the first time. */
  lastReport(): AuditReport | undefined;
  stop(): Promise<void>;
}

const failingMs = 10 * 60_000;
const leastMs = 60_000;
const maxSeries = 1_000;
/** Events about one question; of a thousand workloads with the same fault a few tell it. */
const maxEvents = 3;
/** A round finds what is wrong all at once: one cause must not take the room of all others. */
const eventBurst = 100;

/** Starts the auditor. Never throws for what a cluster does; rights and kinds that are missing are logged. */
export function openAudit(deps: AuditDeps): OpenAudit {
  const { access, clock, logger, namespace, pace = {} } = deps;
  const inventory = createInventory();
  const budgets = new Budgets((host) => auditRate(host, deps.requestsPerMinute));
  const onFault = (reason: string): void => logger.warn({ reason }, "the audit is hindered");
  const watch = watchAudited({
    access,
    clock,
    inventory,
    onEvent: (event) => {
      if (event.kind === "synced")
        logger.debug({ kind: event.resource, objects: event.objects }, "audited objects are watched");
      else
        logger.warn(
          { kind: event.resource, reason: event.reason },
          "objects are not watched, the audit leaves them out",
        );
    },
  });
  const store = clusterAuditStore({
    ...{ access, clock, namespace },
    onEvent: (event) => {
      if (event.kind === "fault")
        logger.warn({ reason: event.reason }, "the state of the audit cannot be read, it waits");
    },
  });
  const self = `pullguard-audit-${deps.instance
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, "-")
    .slice(0, 180)}-${randomBytes(3).toString("hex")}`;
  const membership = joinAudit({
    ...{ access, clock, namespace, self, onFault },
    ...(deps.memberTimes === undefined ? {} : { times: deps.memberTimes }),
  });
  const recorder = createEventRecorder({
    ...{ access, clock, instance: deps.instance, onFault },
    action: "Audit",
    burst: eventBurst,
    controller: "pullguard.dev/audit",
  });
  const reports = clusterAuditReports({ access, clock, namespace, onFault });
  let last: AuditReport | undefined;
  let series: readonly UnpullableImage[] = [];
  const auditor: Auditor = startAuditor({
    ...{ clock, inventory, budgets, store, membership, pace },
    ask: deps.openEngine((host) => budgets.charge(host, 1, clock.nowMs())),
    hostsOf: askedHosts(deps.nodes),
    ...(deps.pausedMs === undefined ? {} : { pausedMs: deps.pausedMs }),
    times: {
      soundMs: deps.intervalMinutes * 60_000,
      failingMs: pace.failingMs ?? failingMs,
      leastMs: pace.leastMs ?? leastMs,
    },
    isReady: () => watch.isReady(),
    holders: () => imageHolders(deps.states),
    onChanges: (changes, subjects) => recordChanges(recorder, changes, subjects),
    ...(deps.forecast === undefined ? {} : { forecast: deps.forecast }),
    publish: async (view, signal) => {
      const report = view.report();
      last = report;
      series = seriesOf(report, view);
      await reports.write(reportsOf(report, view), (place) => view.isOwn(workOf(place)), signal);
    },
    onEvent: (event) => {
      if (event.kind === "fault") onFault(event.reason);
      else logger.info({ registries: event.registries, members: event.members }, "the audit is shared out");
    },
  });
  return {
    view: auditor.view,
    unpullable: () => series,
    isMember: () => membership.members() !== undefined,
    lastReport: () => last,
    stop: async () => {
      await auditor.stop();
      await membership.stop();
      recorder.stop();
      watch.stop();
      store.stop();
    },
  };
}

/** Who writes the reports of a namespace, or of the cluster (""). */
function workOf(place: string): string {
  return place === "" ? "cluster" : `namespace ${place}`;
}

/** Namespaces that are this replica's; those without anything to say too, so that what was said is taken back. */
function reportsOf(report: AuditReport, view: AuditView) {
  const byNamespace = new Map<string, AuditReport["workloads"][number][]>();
  for (const row of report.workloads) {
    const { namespace } = row.workload;
    const rows = byNamespace.get(namespace);
    if (rows !== undefined) rows.push(row);
    else if (view.isOwn(workOf(namespace))) byNamespace.set(namespace, [row]);
  }
  const reports = new Map(
    [...byNamespace].map(([namespace, rows]) => [namespace, namespaceReports(namespace, rows, view.uidOf)]),
  );
  return view.isOwn(workOf("")) ? reports.set("", clusterReports(report)) : reports;
}

function seriesOf({ workloads }: AuditReport, view: AuditView): readonly UnpullableImage[] {
  const series: UnpullableImage[] = [];
  for (const { risk, registry, workload, containers, image, cause } of workloads) {
    if (risk !== "fails" || !view.isOwn(registry)) continue;
    const { namespace, kind, name } = workload;
    for (const container of containers)
      series.push({ namespace, kind, name, container, image, reason: cause ?? "Unknown" });
    if (series.length >= maxSeries) break;
  }
  return series.slice(0, maxSeries);
}

/** Only what will fail, and only when it begins to. */
function recordChanges(
  recorder: ReturnType<typeof createEventRecorder>,
  changes: readonly AuditChange[],
  subjects: readonly AuditSubject[],
): void {
  for (const { kind, question, after } of changes) {
    if (kind === "resolved" || after.verdict !== "unpullable" || after.cause === null) continue;
    const { cause } = after;
    const own = subjects.filter((subject) => subject.question === question && subject.uid !== "");
    for (const { workload, uid, use } of own.slice(0, maxEvents)) {
      const fix = after.fix === null ? "" : ` ${after.fix}`;
      const note = `${use.name}: a node that lacks ${use.image} cannot pull it: ${after.message}.${fix}`.slice(
        0,
        1_000,
      );
      recorder.record({ ...workload, uid }, [{ cause, note }]);
    }
  }
}
