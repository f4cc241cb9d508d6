import { ApiException } from "@kubernetes/client-node";
import { listedResults, maxResults, type PolicyReport } from "../audit/index.js";
import { entriesOf, memberOf, textOf } from "../core/index.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { rawPage } from "./raw-page.js";

/** A kind of reports that other programs may have installed. */
export interface ReportKind {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  /** Whether the report as a whole tells its source, and what it leaves out. */
  readonly tellsSource: boolean;
}

/** Whose end is the reports' end. */
export interface ReportOwner {
  readonly apiVersion: "v1";
  readonly kind: "Namespace";
  readonly name: string;
  readonly uid: string;
}

const open = { group: "openreports.io", version: "v1alpha1", tellsSource: true } as const;
const workingGroup = { group: "wgpolicyk8s.io", version: "v1alpha2", tellsSource: false } as const;

/**
 * Of each scope the first that is installed is written. Both groups are read by policy-reporter and the like.
 * Source: openreports/reports-api v0.2.1 config/crd; kyverno v1.13.4 config/crds/policyreport.
 */
export const reportKinds: readonly ReportKind[] = [
  { ...open, plural: "reports", kind: "Report", isNamespaced: true },
  { ...open, plural: "clusterreports", kind: "ClusterReport", isNamespaced: false },
  { ...workingGroup, plural: "policyreports", kind: "PolicyReport", isNamespaced: true },
  { ...workingGroup, plural: "clusterpolicyreports", kind: "ClusterPolicyReport", isNamespaced: false },
];
/** The label by which our reports are known. */
export const managedBy = "app.kubernetes.io/managed-by";
const hashAnnotation = "pullguard.dev/content";

/** The hashes of what is there of ours, by namespace ("" for none) and name; undefined where the kind is not installed. */
export async function listWritten(
  access: ClusterAccess,
  { group, version, plural }: ReportKind,
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

/** A report as the API server takes it. */
export function reportObject(
  { group, version, kind, tellsSource }: ReportKind,
  report: PolicyReport,
  owner: ReportOwner | undefined,
): object {
  const { namespace, name, hash, scope, summary, results } = report;
  const limits = { maxResults, statusFilter: listedResults };
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: {
      name,
      ...(namespace === "" ? {} : { namespace }),
      labels: { [managedBy]: "pullguard" },
      annotations: { [hashAnnotation]: hash },
      ...(owner === undefined ? {} : { ownerReferences: [owner] }),
    },
    ...(tellsSource ? { source: "pullguard", configuration: { limits } } : {}),
    ...(scope === undefined ? {} : { scope }),
    summary,
    results,
  };
}
