import { ApiException, CustomObjectsApi } from "@kubernetes/client-node";
import type { NamespaceReport } from "../audit/index.js";
import { type Clock, entriesOf, memberOf, textOf } from "../core/index.js";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { rawPage } from "./raw-page.js";

export interface AuditReportsDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Hears why reports cannot be written, in codes, once for each reason. */
  readonly onFault?: (reason: string) => void;
}

/** Writes reports where the cluster has a kind for them. */
export interface AuditReports {
  /**
   * Makes the reports of each namespace these and no others; writes only what has changed. Does nothing where no such kind is installed.
   * @param isOwn whose reports are ours to write: of namespaces that are not among them, they are removed
   * Never rejects.
   */
  write(
    byNamespace: ReadonlyMap<string, readonly NamespaceReport[]>,
    isOwn: (namespace: string) => boolean,
    signal: AbortSignal,
  ): Promise<void>;
}

interface Flavour {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  /** Of the report as a whole, where the kind has such a field. */
  readonly source?: "pullguard";
}

/** The first that is installed is written. Both are read by policy-reporter and the like. */
const flavours: readonly Flavour[] = [
  { group: "openreports.io", version: "v1alpha1", plural: "reports", kind: "Report", source: "pullguard" },
  { group: "wgpolicyk8s.io", version: "v1alpha2", plural: "policyreports", kind: "PolicyReport" },
];
const managedBy = "app.kubernetes.io/managed-by";
const hashAnnotation = "pullguard.dev/content";
/** Kinds come and go with other programs. */
const discoveryMs = 10 * 60_000;

export function clusterAuditReports(deps: AuditReportsDeps): AuditReports {
  const { access, clock } = deps;
  const custom = access.config.makeApiClient(CustomObjectsApi);
  const told = new Set<string>();
  let found:
    | { readonly flavour: Flavour | undefined; readonly written: Map<string, string>; readonly atMs: number }
    | undefined;

  const discover = async (signal: AbortSignal) => {
    if (found !== undefined && clock.nowMs() - found.atMs < discoveryMs) return found;
    for (const flavour of flavours) {
      const written = await listWritten(access, flavour, signal);
      if (written === undefined) continue;
      found = { flavour, written, atMs: clock.nowMs() };
      return found;
    }
    found = { flavour: undefined, written: new Map(), atMs: clock.nowMs() };
    return found;
  };
  const apply = async (
    flavour: Flavour,
    report: NamespaceReport,
    exists: boolean,
    signal: AbortSignal,
  ): Promise<void> => {
    const { group, version, plural } = flavour;
    const { namespace, name } = report;
    const target = { group, version, namespace, plural };
    const body = objectOf(flavour, report);
    if (!exists) await custom.createNamespacedCustomObject({ ...target, body }, withSignal(signal)).catch(unless409);
    // Nobody else writes these: whatever is there is replaced.
    const options = withSignal(signal, { "Content-Type": "application/merge-patch+json" });
    if (exists) await custom.patchNamespacedCustomObject({ ...target, name, body }, options);
  };
  const remove = async ({ group, version, plural }: Flavour, place: string, signal: AbortSignal): Promise<void> => {
    const [namespace = "", name = ""] = place.split("/");
    const target = { group, version, namespace, plural, name };
    await custom.deleteNamespacedCustomObject(target, withSignal(signal)).catch((error: unknown) => {
      if (!(error instanceof ApiException) || error.code !== 404) throw error;
    });
  };

  const writeOne = async (
    namespace: string,
    reports: readonly NamespaceReport[],
    { flavour, written }: { readonly flavour: Flavour; readonly written: Map<string, string> },
    signal: AbortSignal,
  ): Promise<void> => {
    const wanted = new Set(reports.map(({ name }) => `${namespace}/${name}`));
    for (const report of reports) {
      const place = `${namespace}/${report.name}`;
      if (written.get(place) === report.hash) continue;
      await apply(flavour, report, written.has(place), signal);
      written.set(place, report.hash);
    }
    for (const place of [...written.keys()]) {
      if (!place.startsWith(`${namespace}/`) || wanted.has(place)) continue;
      await remove(flavour, place, signal);
      written.delete(place);
    }
  };

  return {
    write: async (byNamespace, isOwn, signal) => {
      try {
        const { flavour, written } = await discover(signal);
        if (flavour === undefined) return;
        const left = [...written.keys()].map((place) => place.split("/")[0] ?? "").filter(isOwn);
        for (const namespace of new Set([...byNamespace.keys(), ...left])) {
          await writeOne(namespace, byNamespace.get(namespace) ?? [], { flavour, written }, signal);
        }
      } catch (error) {
        // What is written is looked at anew.
        found = undefined;
        const reason = reasonOf(error, access.server);
        if (signal.aborted || told.has(reason)) return;
        told.add(reason);
        deps.onFault?.(reason);
      }
    },
  };
}

/** What is there of ours, by namespace and name; undefined where the kind is not installed. */
async function listWritten(
  access: ClusterAccess,
  { group, version, plural }: Flavour,
  signal: AbortSignal,
): Promise<Map<string, string> | undefined> {
  const page = rawPage(access, `/apis/${group}/${version}/${plural}`, { labelSelector: `${managedBy}=pullguard` });
  const written = new Map<string, string>();
  let next: string | undefined;
  do {
    const list = await page({ limit: 100, ...(next === undefined ? {} : { _continue: next }) }, signal).catch(
      (error: unknown) => {
        if (error instanceof ApiException && error.code === 404) return undefined;
        throw error;
      },
    );
    if (list === undefined) return undefined;
    for (const item of entriesOf(memberOf(list, "items"))) {
      const [namespace, name] = ["namespace", "name"].map((field) => textOf(memberOf(item, "metadata", field)));
      written.set(`${namespace}/${name}`, textOf(memberOf(item, "metadata", "annotations", hashAnnotation)));
    }
    next = textOf(memberOf(list, "metadata", "continue")) || undefined;
  } while (next !== undefined);
  return written;
}

function objectOf({ group, version, kind, source }: Flavour, report: NamespaceReport): object {
  const { namespace, name, hash, scope, summary, results } = report;
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name, namespace, labels: { [managedBy]: "pullguard" }, annotations: { [hashAnnotation]: hash } },
    ...(source === undefined ? {} : { source }),
    scope,
    summary,
    results,
  };
}

function unless409(error: unknown): void {
  if (!(error instanceof ApiException) || error.code !== 409) throw error;
}

function reasonOf(error: unknown, server: string): string {
  if (!(error instanceof ApiException)) return `the API server ${server} cannot be asked to write reports`;
  if (error.code === 403) return "Pullguard has no permission to write reports (403)";
  return `the API server ${server} answered ${error.code} to write reports`;
}
