import { maxText, type PolicyReport, type ReportedResult, type ResultObject, reportParts } from "./report-parts.js";
import type { RiskLevel, RiskNote, WorkloadRisk } from "./types.js";

/**
 * The reports of one namespace: a result for each image of each workload that is at risk, or worth a look; what is sound is only
 * counted. Long ones are split over `pullguard-audit-0`, `-1` …
 * Source: PolicyReport of wgpolicyk8s.io/v1alpha2 and Report of openreports.io/v1alpha1, which agree in these fields.
 */
export function namespaceReports(
  namespace: string,
  rows: readonly WorkloadRisk[],
  uidOf: (workload: WorkloadRisk["workload"]) => string,
): readonly PolicyReport[] {
  const counts = { pass: 0, skip: 0 };
  for (const row of rows) {
    const result = resultOf(row);
    if (result === "pass" || result === "skip") counts[result] += 1;
  }
  const shown = rows.filter(({ risk }) => risk !== "none").map((row) => resultObject(row, uidOf(row.workload)));
  return reportParts(namespace, counts, shown);
}

const results: Readonly<Record<RiskLevel, ReportedResult>> = {
  fails: "fail",
  "may-fail": "error",
  attention: "warn",
  none: "pass",
};

function resultOf({ risk, verdict }: WorkloadRisk): ReportedResult {
  return risk === "none" && verdict === "skipped" ? "skip" : results[risk];
}

function severityOf({ risk, notes }: WorkloadRisk): string {
  if (risk === "fails") return notes.some(({ kind }) => kind === "held-by") ? "critical" : "high";
  if (risk === "may-fail") return "medium";
  return notes.some(({ kind }) => kind === "expires") ? "medium" : "low";
}

const noteRules = { moved: "TagMoved", "held-by": "OnlyOnNodes", expires: "ExpiresSoon" } as const;

function ruleOf({ cause, verdict, notes }: WorkloadRisk): string {
  if (cause !== null && verdict !== "pullable" && verdict !== "skipped") return cause;
  const [first] = notes;
  return first === undefined ? "ImagePullable" : first.kind === "advice" ? first.cause : noteRules[first.kind];
}

function resultObject(row: WorkloadRisk, uid: string): ResultObject {
  const { workload, containers, image, message, fix, pods, verdict, firstSeen, digest, notes } = row;
  const seconds = firstSeen === null ? 0 : Math.floor(Date.parse(firstSeen) / 1000);
  return {
    source: "pullguard",
    policy: "pullguard",
    rule: ruleOf(row),
    category: "Image pulls",
    severity: severityOf(row),
    // When it was found first: a time that moves on would be written again and again.
    timestamp: { seconds, nanos: 0 },
    result: resultOf(row),
    scored: true,
    resources: [{ ...workload, ...(uid === "" ? {} : { uid }) }],
    message: (verdict === "pullable" || verdict === "skipped" ? notes.map(noteText).join("; ") : message).slice(
      0,
      maxText,
    ),
    properties: {
      image: image.slice(0, maxText),
      containers: containers.join(",").slice(0, maxText),
      verdict,
      pods: String(pods),
      ...(firstSeen === null ? {} : { firstSeen }),
      ...(digest === null ? {} : { digest }),
      ...(fix === null ? {} : { fix: fix.slice(0, maxText) }),
      ...Object.fromEntries(notes.slice(0, 5).map((note) => [noteKey(note), noteText(note).slice(0, maxText)])),
    },
  };
}

function noteKey(note: RiskNote): string {
  return note.kind === "advice" ? note.cause : note.kind;
}

function noteText(note: RiskNote): string {
  switch (note.kind) {
    case "moved":
      return `the tag names ${note.now} now, Pods run ${note.running.join(", ")}`;
    case "held-by":
      return `only on ${note.names.join(", ")}${note.nodes > note.names.length ? ` and ${note.nodes - note.names.length} more` : ""}`;
    case "expires":
      return `${note.what} ${note.name} expires at ${note.at}`;
    case "advice":
      return note.message;
  }
}
