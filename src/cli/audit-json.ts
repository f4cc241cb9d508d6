import type { AuditReport, ImageRisk, RiskNote, WorkloadRisk } from "../audit/index.js";
import { unreachable } from "../core/index.js";

/**
 * The report for machines: one JSON document, described by `docs/audit-report.schema.json`, ending in a newline.
 * Keys may be added within `pullguard.dev/v1`, never renamed or removed.
 */
export function renderAuditJson(report: AuditReport): string {
  return `${JSON.stringify(auditDocument(report), null, 2)}\n`;
}

/** What {@link renderAuditJson} writes. */
export function auditDocument(report: AuditReport): object {
  const { generated, summary, forecasts, resolved } = report;
  return {
    apiVersion: "pullguard.dev/v1",
    kind: "AuditReport",
    generated,
    summary: {
      workloads: summary.workloads,
      workloadsAtRisk: summary.workloadsAtRisk,
      pods: summary.pods,
      images: summary.images,
      questions: summary.questions,
      pending: summary.pending,
      risks: { ...summary.risks },
      verdicts: { ...summary.verdicts },
    },
    workloads: report.workloads.map(workloadOf),
    images: report.images.map(imageOf),
    resolved: resolved.map(({ image, workloads, cause, firstSeen, resolved: at }) => ({
      ...{ image, cause, firstSeen, resolved: at },
      workloads: workloads.map(identityOf),
    })),
    forecasts: forecasts.map(({ what, registry, name, expires, note }) => ({ what, registry, name, expires, note })),
    ...(report.notListed === undefined
      ? {}
      : { notListed: report.notListed.map(({ resource, reason }) => ({ resource, reason })) }),
  };
}

/** Key by key, so that a field becomes public by decision and not by accident. */
function workloadOf(row: WorkloadRisk): object {
  return {
    workload: identityOf(row.workload),
    containers: [...row.containers],
    fieldPaths: [...row.fieldPaths],
    image: row.image,
    reference: row.reference,
    registry: row.registry,
    digest: row.digest,
    risk: row.risk,
    verdict: row.verdict,
    cause: row.cause,
    kubelet: { reason: row.kubelet.reason },
    message: row.message,
    fix: row.fix,
    notes: row.notes.map(noteOf),
    pods: row.pods,
    firstSeen: row.firstSeen,
    lastSeen: row.lastSeen,
  };
}

function identityOf({ apiVersion, kind, namespace, name }: WorkloadRisk["workload"]): WorkloadRisk["workload"] {
  return { apiVersion, kind, namespace, name };
}

function noteOf(note: RiskNote): RiskNote {
  switch (note.kind) {
    case "moved":
      return { kind: "moved", running: [...note.running], now: note.now, pods: note.pods };
    case "held-by":
      return { kind: "held-by", nodes: note.nodes, names: [...note.names] };
    case "expires":
      return { kind: "expires", what: note.what, name: note.name, at: note.at };
    case "advice":
      return { kind: "advice", cause: note.cause, message: note.message, fix: note.fix };
    default:
      return unreachable(note);
  }
}

function imageOf(image: ImageRisk): ImageRisk {
  return {
    image: image.image,
    registry: image.registry,
    digest: image.digest,
    risk: image.risk,
    workloads: image.workloads,
    workloadsAtRisk: image.workloadsAtRisk,
    pods: image.pods,
    causes: [...image.causes],
    lastAsked: image.lastAsked,
  };
}
