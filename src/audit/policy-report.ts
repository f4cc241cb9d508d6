import { createHash } from "node:crypto";
import { grouped } from "./grouped.js";
import type { RiskLevel, RiskNote, WorkloadRisk } from "./types.js";

/** One report object of a namespace, without the kind, which depends on what is installed. */
export interface NamespaceReport {
  readonly namespace: string;
  readonly name: string;
  /** Equal for equal content, whenever it was found. */
  readonly hash: string;
  readonly scope: { readonly apiVersion: "v1"; readonly kind: "Namespace"; readonly name: string };
  readonly summary: Readonly<Record<ReportedResult, number>>;
  readonly results: readonly object[];
}

type ReportedResult = "pass" | "fail" | "warn" | "error" | "skip";

/** Objects of etcd end at 1.5 MB, and whoever shows reports reads them whole. */
const maxBytes = 400_000;
const maxResults = 500;
const maxText = 1_000;

/**
 * The reports of one namespace: a result for each image of each workload that is at risk, or worth a look; what is sound is only
 * counted. Long ones are split over `pullguard-audit-0`, `-1` …
 * Source: PolicyReport of wgpolicyk8s.io/v1alpha2 and Report of openreports.io/v1alpha1, which agree in these fields.
 */
export function namespaceReports(
  namespace: string,
  rows: readonly WorkloadRisk[],
  uidOf: (workload: WorkloadRisk["workload"]) => string,
): readonly NamespaceReport[] {
  const counts: Record<ReportedResult, number> = { pass: 0, fail: 0, warn: 0, error: 0, skip: 0 };
  for (const row of rows) counts[resultOf(row)] += 1;
  const shown = rows.filter(({ risk }) => risk !== "none").map((row) => resultObject(row, uidOf(row.workload)));
  return split(shown).map((results, index) => {
    // What is sound is counted once, in the first.
    const own = index === 0 ? { pass: counts.pass, skip: counts.skip } : { pass: 0, skip: 0 };
    const found = grouped(results, ({ result }) => result);
    const summary = {
      ...own,
      fail: found.get("fail")?.length ?? 0,
      warn: found.get("warn")?.length ?? 0,
      error: found.get("error")?.length ?? 0,
    };
    const scope = { apiVersion: "v1", kind: "Namespace", name: namespace } as const;
    const hash = createHash("sha256")
      .update(JSON.stringify([summary, results]))
      .digest("hex")
      .slice(0, 32);
    return { namespace, name: `pullguard-audit-${index}`, hash, scope, summary, results };
  });
}

function split<T extends object>(results: readonly T[]): readonly (readonly T[])[] {
  const parts: T[][] = [[]];
  let bytes = 0;
  for (const result of results) {
    const size = Buffer.byteLength(JSON.stringify(result));
    let part = parts.at(-1) ?? [];
    if (part.length > 0 && (bytes + size > maxBytes || part.length === maxResults)) {
      part = [];
      parts.push(part);
      bytes = 0;
    }
    part.push(result);
    bytes += size;
  }
  return parts;
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

interface ResultObject {
  readonly result: ReportedResult;
  readonly [field: string]: unknown;
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
