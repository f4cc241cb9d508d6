import type { CauseCode, Verdict } from "../findings/index.js";
import { parseReference, repositoryName, runtimeReference } from "../reference/index.js";
import { movedNote } from "./drift.js";
import { grouped } from "./grouped.js";
import type {
  AuditAnswer,
  AuditReport,
  AuditSubject,
  CurrentDigests,
  ExpiryForecast,
  ImageRisk,
  ResolvedFinding,
  RiskLevel,
  RiskNote,
  WorkloadRisk,
} from "./types.js";

/** What is known when a report is made. */
export interface ReportInput {
  readonly nowMs: number;
  readonly subjects: readonly AuditSubject[];
  readonly pods: number;
  readonly answerTo: (subject: AuditSubject) => KnownAnswer | undefined;
  readonly currentOf: (image: string) => CurrentDigests | undefined;
  /** When the image was last asked about; undefined: never. */
  readonly askedMs: (image: string) => number | undefined;
  /** Nodes that hold an image by one of these names, as runtimes list them. */
  readonly holdersOf: (names: readonly string[]) => readonly string[];
  readonly forecasts: readonly ExpiryForecast[];
  readonly resolved: readonly ResolvedFinding[];
}

/** An answer with its history. Milliseconds of the clock. */
export interface KnownAnswer {
  readonly answer: AuditAnswer;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Certificates and credentials that end within this time are worth a note; certificates of 90 days are renewed at 30. */
export const soonMs = 14 * 86_400_000;
/** So few nodes are a risk for the image. */
const fewHolders = 3;
/** Causes by which a registry says that it does not have the image. */
const absence: ReadonlySet<string> = new Set([
  ...["TagNotFound", "DigestNotFound", "RepositoryNotFound"],
  ...["ManifestMissing", "ConfigMissing", "LayerMissing"],
]);

/** Makes the report, the worst rows first. */
export function auditReport(input: ReportInput): AuditReport {
  const soon = soonByRegistry(input);
  const rows = mergeContainers(input.subjects).map((subjects) => rowOf(input, subjects, soon));
  const known = rows.flatMap(({ row }) => (row === undefined ? [] : [row]));
  const workloads = known.toSorted(byRisk);
  return {
    generated: isoTime(input.nowMs),
    summary: {
      workloads: new Set(input.subjects.map(workloadKey)).size,
      workloadsAtRisk: new Set(workloads.filter(isBad).map(workloadKey)).size,
      pods: input.pods,
      images: new Set(input.subjects.map(({ image }) => image)).size,
      questions: new Set(input.subjects.map(({ question }) => question)).size,
      pending: rows.length - known.length,
      risks: countBy(workloads, ({ risk }) => risk, { fails: 0, "may-fail": 0, attention: 0, none: 0 }),
      verdicts: countBy(workloads, ({ verdict }) => verdict, { pullable: 0, unpullable: 0, skipped: 0, unknown: 0 }),
    },
    workloads,
    images: imagesOf(input, workloads),
    resolved: input.resolved,
    forecasts: input.forecasts,
  };
}

function isBad({ risk }: WorkloadRisk): boolean {
  return risk === "fails" || risk === "may-fail";
}

function countBy<T, K extends string>(
  items: readonly T[],
  keyOf: (item: T) => K,
  zero: Readonly<Record<K, number>>,
): Readonly<Record<K, number>> {
  const counts: Record<K, number> = { ...zero };
  for (const item of items) counts[keyOf(item)] += 1;
  return counts;
}

/** Containers of one workload that use one image in one way. */
function mergeContainers(subjects: readonly AuditSubject[]): readonly (readonly AuditSubject[])[] {
  return [...grouped(subjects, (subject) => `${workloadKey(subject)}\n${subject.question}`).values()];
}

function workloadKey({ workload }: Pick<AuditSubject, "workload">): string {
  const { apiVersion, kind, namespace, name } = workload;
  return `${apiVersion}/${kind}/${namespace}/${name}`;
}

function rowOf(
  input: ReportInput,
  subjects: readonly AuditSubject[],
  soon: ReadonlyMap<string, readonly RiskNote[]>,
): { readonly row?: WorkloadRisk } {
  const [subject] = subjects;
  const known = subject === undefined ? undefined : input.answerTo(subject);
  if (subject === undefined || known === undefined) return {};
  const { answer, firstMs, lastMs } = known;
  const notes = notesOf(input, subjects, answer, soon.get(subject.registry) ?? []);
  const { digest, verdict, cause, kubeletReason, message, fix } = answer;
  // What was found before the workload was there was not found of it.
  const ownFirstMs = Number.isNaN(subject.createdMs) ? firstMs : Math.max(firstMs, Math.min(subject.createdMs, lastMs));
  const isInvalid = subject.registry === "";
  const row: WorkloadRisk = {
    workload: subject.workload,
    containers: subjects.map(({ use }) => use.name),
    fieldPaths: subjects.map(({ use }) => use.fieldPath),
    image: subject.use.image,
    reference: isInvalid ? null : subject.image,
    registry: subject.registry,
    digest,
    risk: riskOf(verdict, notes),
    ...{ verdict, cause, kubelet: { reason: kubeletReason }, message, fix, notes },
    pods: Math.max(...subjects.map(({ pods }) => pods)),
    firstSeen: isoTime(ownFirstMs),
    lastSeen: isoTime(lastMs),
  };
  return { row };
}

function riskOf(verdict: Verdict, notes: readonly RiskNote[]): RiskLevel {
  if (verdict === "unpullable") return "fails";
  if (verdict === "unknown") return "may-fail";
  return notes.length > 0 ? "attention" : "none";
}

function notesOf(
  input: ReportInput,
  subjects: readonly AuditSubject[],
  answer: AuditAnswer,
  soon: readonly RiskNote[],
): readonly RiskNote[] {
  const notes: RiskNote[] = [];
  const [subject] = subjects;
  if (subject === undefined) return notes;
  const running = subjects.flatMap((each) => each.running);
  const moved = movedNote({ ...subject, running }, input.currentOf(subject.image), answer.digest);
  if (moved !== undefined) notes.push(moved);
  if (answer.cause !== null && absence.has(answer.cause)) {
    const names = new Set([...input.holdersOf(namesOf(subject.use.image)), ...subjects.flatMap(({ nodes }) => nodes)]);
    if (names.size > 0)
      notes.push({ kind: "held-by", nodes: names.size, names: [...names].sort().slice(0, fewHolders) });
  }
  notes.push(...answer.advisories.map((advice) => ({ kind: "advice", ...advice }) as const));
  if (answer.verdict === "pullable") notes.push(...soon);
  return notes;
}

/** Under which names runtimes list an image. */
function namesOf(written: string): readonly string[] {
  const parsed = parseReference(written, "current");
  if (parsed.kind !== "reference") return [written];
  const { reference } = parsed;
  const repository = repositoryName(reference);
  return [
    ...new Set([
      runtimeReference(reference),
      ...(reference.tag === undefined ? [] : [`${repository}:${reference.tag}`]),
      written,
    ]),
  ];
}

function soonByRegistry({ forecasts, nowMs }: ReportInput): ReadonlyMap<string, readonly RiskNote[]> {
  const soon = new Map<string, RiskNote[]>();
  for (const { what, registry, name, expires } of forecasts) {
    if (expires === null || Date.parse(expires) - nowMs > soonMs) continue;
    const note = { kind: "expires", what, name, at: expires } as const;
    const list = soon.get(registry);
    if (list === undefined) soon.set(registry, [note]);
    else list.push(note);
  }
  return soon;
}

const riskOrder: Readonly<Record<RiskLevel, number>> = { fails: 0, "may-fail": 1, attention: 2, none: 3 };

/** The worst first; of equal ones those with more Pods; then by name. */
function byRisk(a: WorkloadRisk, b: WorkloadRisk): number {
  return (
    riskOrder[a.risk] - riskOrder[b.risk] ||
    b.pods - a.pods ||
    compare(a.workload.namespace, b.workload.namespace) ||
    compare(a.workload.kind, b.workload.kind) ||
    compare(a.workload.name, b.workload.name) ||
    compare(a.image, b.image)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function imagesOf({ askedMs }: ReportInput, rows: readonly WorkloadRisk[]): readonly ImageRisk[] {
  const byImage = grouped(rows, ({ reference, image }) => reference ?? image);
  // Rows come sorted, so the first of an image is its worst.
  return [...byImage].map(([image, own]) => ({
    image,
    registry: own[0]?.registry ?? "",
    digest: own.find(({ digest }) => digest !== null)?.digest ?? null,
    risk: own[0]?.risk ?? "none",
    workloads: new Set(own.map(workloadKey)).size,
    workloadsAtRisk: new Set(own.filter(isBad).map(workloadKey)).size,
    pods: own.reduce((sum, { pods }) => sum + pods, 0),
    causes: frequent(own),
    lastAsked: isoTime(askedMs(image)),
  }));
}

function frequent(rows: readonly WorkloadRisk[]): readonly CauseCode[] {
  const counts = new Map<CauseCode, number>();
  for (const { cause, risk } of rows) {
    if (cause !== null && (risk === "fails" || risk === "may-fail")) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || compare(a, b)).map(([cause]) => cause);
}

function isoTime(ms: number): string;
function isoTime(ms: number | undefined): string | null;
function isoTime(ms: number | undefined): string | null {
  return ms === undefined || Number.isNaN(ms) ? null : new Date(ms).toISOString();
}
