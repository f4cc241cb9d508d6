import { ApiException, CustomObjectsApi } from "@kubernetes/client-node";
import type { PolicyReport } from "../audit/index.js";
import type { Clock } from "../core/index.js";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";
import {
  listWritten,
  managedBy,
  type ReportKind,
  type ReportOwner,
  reportKinds,
  reportObject,
} from "./report-kinds.js";

export interface AuditReportsDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** The reports go when this namespace goes. */
  readonly namespace: string;
  /** Hears why reports cannot be written, in codes, once for each reason. */
  readonly onFault?: (reason: string) => void;
}

/** Writes reports where the cluster has a kind for them. */
export interface AuditReports {
  /**
   * Makes the reports of each namespace, and of the cluster (""), these and no others; writes only what has changed. Does nothing where no such
   * kind is installed. What one namespace does not take leaves the others as they should be.
   * @param isOwn whose reports are ours to write: of namespaces that are not among them, they are removed
   * Never rejects.
   */
  write(
    byNamespace: ReadonlyMap<string, readonly PolicyReport[]>,
    isOwn: (namespace: string) => boolean,
    signal: AbortSignal,
  ): Promise<void>;
}

/** What is there of one kind: hashes by namespace and name. */
interface Written {
  readonly kind: ReportKind;
  readonly hashes: Map<string, string>;
}

/** Of each scope the kind that is written; of the others what an earlier time has left. */
interface Installed {
  readonly chosen: readonly Written[];
  readonly others: readonly Written[];
  readonly owner: ReportOwner | undefined;
  readonly atMs: number;
}

/** Kinds come and go with other programs. */
const discoveryMs = 10 * 60_000;

export function clusterAuditReports(deps: AuditReportsDeps): AuditReports {
  const { access, clock } = deps;
  const told = new Set<string>();
  const writer = reportWriter(access);
  let installed: Installed | undefined;
  const fault = (error: unknown, signal: AbortSignal): void => {
    // What is written is looked at anew.
    installed = undefined;
    const reason = reasonOf(error, access.server);
    if (signal.aborted || told.has(reason)) return;
    told.add(reason);
    deps.onFault?.(reason);
  };
  const discover = async (signal: AbortSignal): Promise<Installed> => {
    const found: Written[] = [];
    for (const kind of reportKinds) {
      const hashes = await listWritten(access, kind, signal).catch((error: unknown) => {
        // A kind that must not be read leaves the others.
        if (!isCode(error, 403)) throw error;
        fault(error, signal);
        return undefined;
      });
      if (hashes !== undefined) found.push({ kind, hashes });
    }
    const chosen = [true, false].flatMap(
      (isNamespaced) => found.find((each) => each.kind.isNamespaced === isNamespaced) ?? [],
    );
    const others = found.filter((each) => !chosen.includes(each) && each.hashes.size > 0);
    return { chosen, others, owner: await ownerOf(deps, signal), atMs: clock.nowMs() };
  };
  return {
    write: async (byNamespace, isOwn, signal) => {
      try {
        if (installed === undefined || clock.nowMs() - installed.atMs >= discoveryMs)
          installed = await discover(signal);
        const { chosen, others, owner } = installed;
        for (const written of [...chosen, ...others]) {
          const { kind, hashes } = written;
          const left = [...hashes.keys()].map((place) => place.split("/")[0] ?? "");
          const places = new Set(
            [...byNamespace.keys(), ...left].filter((place) => kind.isNamespaced === (place !== "")),
          );
          for (const place of places) {
            const reports = chosen.includes(written) ? (byNamespace.get(place) ?? []) : [];
            if (!byNamespace.has(place) && !isOwn(place)) continue;
            await writer.make(place, reports, { ...written, owner }, signal).catch((error: unknown) => {
              if (signal.aborted || !(error instanceof ApiException)) throw error;
              if (!isGoing(error)) fault(error, signal);
            });
          }
        }
      } catch (error) {
        fault(error, signal);
      }
    },
  };
}

type Target = Written & Pick<Installed, "owner">;

function reportWriter(access: ClusterAccess) {
  const custom = access.config.makeApiClient(CustomObjectsApi);
  const apply = async ({ kind, hashes, owner }: Target, report: PolicyReport, signal: AbortSignal): Promise<void> => {
    const { namespace, name } = report;
    const body = reportObject(kind, report, owner);
    const exists = hashes.has(placeOf(report));
    // Nobody else writes these: whatever is there is replaced.
    const options = exists
      ? withSignal(signal, { "Content-Type": "application/merge-patch+json" })
      : withSignal(signal);
    if (kind.isNamespaced) {
      if (exists) await custom.patchNamespacedCustomObject({ ...kind, namespace, name, body }, options);
      else await custom.createNamespacedCustomObject({ ...kind, namespace, body }, options);
    } else if (exists) await custom.patchClusterCustomObject({ ...kind, name, body }, options);
    else await custom.createClusterCustomObject({ ...kind, body }, options);
  };
  const remove = async (kind: ReportKind, place: string, signal: AbortSignal): Promise<void> => {
    const [namespace = "", name = ""] = place.split("/");
    const done = kind.isNamespaced
      ? custom.deleteNamespacedCustomObject({ ...kind, namespace, name }, withSignal(signal))
      : custom.deleteClusterCustomObject({ ...kind, name }, withSignal(signal));
    await done.catch((error: unknown) => {
      if (!isCode(error, 404)) throw error;
    });
  };
  return {
    make: async (
      namespace: string,
      reports: readonly PolicyReport[],
      target: Target,
      signal: AbortSignal,
    ): Promise<void> => {
      const { kind, hashes } = target;
      const wanted = new Set(reports.map(placeOf));
      for (const report of reports) {
        if (hashes.get(placeOf(report)) === report.hash) continue;
        await apply(target, report, signal);
        hashes.set(placeOf(report), report.hash);
      }
      for (const place of [...hashes.keys()]) {
        if (!place.startsWith(`${namespace}/`) || wanted.has(place)) continue;
        await remove(kind, place, signal);
        hashes.delete(place);
      }
    },
  };
}

function placeOf({ namespace, name }: PolicyReport): string {
  return `${namespace}/${name}`;
}

/** An owner that is not there would have the reports collected at once: none is named unless it was read. */
async function ownerOf({ access, namespace }: AuditReportsDeps, signal: AbortSignal): Promise<ReportOwner | undefined> {
  try {
    const { metadata } = await access.core.readNamespace({ name: namespace }, withSignal(signal));
    const uid = metadata?.uid ?? "";
    return uid === "" ? undefined : { apiVersion: "v1", kind: "Namespace", name: namespace, uid };
  } catch (error) {
    if (error instanceof ApiException) return undefined;
    throw error;
  }
}

/** A namespace that is going or gone takes no reports, and needs none. */
function isGoing(error: ApiException<unknown>): boolean {
  return error.code === 404 || (error.code === 403 && JSON.stringify(error.body).includes("NamespaceTerminating"));
}

function isCode(error: unknown, code: number): boolean {
  return error instanceof ApiException && error.code === code;
}

function reasonOf(error: unknown, server: string): string {
  if (!(error instanceof ApiException)) return `the API server ${server} cannot be asked to write reports`;
  if (error.code === 403) return "Pullguard has no permission to write reports (403)";
  if (error.code === 409) return `a report of this name is there without the label ${managedBy}=pullguard (409)`;
  return `the API server ${server} answered ${error.code} to write reports`;
}
