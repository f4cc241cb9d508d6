import { styleText } from "node:util";
import {
  type AuditReport,
  causeText,
  type ExpiryForecast,
  explanationOf,
  type RiskLevel,
  type WorkloadRisk,
} from "../audit/index.js";
import { printable, wrap } from "./wrap.js";

export interface AuditTableStyle {
  readonly colour: boolean;
  /** In characters, for what is wrapped; a table is as wide as it must be. */
  readonly width: number;
  /** Also rows without any risk. */
  readonly all: boolean;
}

const words: Readonly<Record<RiskLevel, string>> = {
  fails: "FAILS",
  "may-fail": "MAY FAIL",
  attention: "LOOK",
  none: "ok",
};
const colours = { fails: "red", "may-fail": "yellow", attention: "cyan", none: "green" } as const;

/** The report for people: a table of what is at risk, then why and what to do, once for each reason. Ends in a newline. */
export function renderAuditTable(report: AuditReport, style: AuditTableStyle): string {
  const shown = report.workloads.filter(({ risk }) => style.all || risk !== "none");
  const reasons = reasonsOf(shown);
  const blocks = [
    ...(shown.length === 0 ? [] : [table(shown, reasons, style).join("\n")]),
    ...reasons.list.map((reason, index) => reasonBlock(reason, index + 1, style)),
    ...forecastBlock(report),
    ...resolvedBlock(report),
    summaryLine(report),
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** What several rows may have in common. */
interface Reason {
  readonly row: WorkloadRisk;
  workloads: number;
}

interface Reasons {
  readonly list: readonly Reason[];
  numberOf(row: WorkloadRisk): string;
}

function reasonsOf(rows: readonly WorkloadRisk[]): Reasons {
  const known = new Map<string, Reason & { readonly number: number }>();
  const keyOf = ({ image, cause, message, fix, notes }: WorkloadRisk): string =>
    JSON.stringify([image, cause, message, fix, notes.map((note) => (note.kind === "moved" ? note.kind : note))]);
  for (const row of rows) {
    if (row.risk === "none") continue;
    const key = keyOf(row);
    const before = known.get(key);
    if (before === undefined) known.set(key, { row, workloads: 1, number: known.size + 1 });
    else before.workloads += 1;
  }
  const numberOf = (row: WorkloadRisk): string => {
    const found = known.get(keyOf(row));
    return found === undefined ? "" : `[${found.number}]`;
  };
  return { list: [...known.values()], numberOf };
}

const heads = ["RISK", "NAMESPACE", "WORKLOAD", "CONTAINER", "IMAGE", "CAUSE", "PODS", "SEE"] as const;

function table(rows: readonly WorkloadRisk[], reasons: Reasons, style: AuditTableStyle): readonly string[] {
  const cells = rows.map((row) => [
    words[row.risk],
    printable(row.workload.namespace),
    printable(`${row.workload.kind.toLowerCase()}/${row.workload.name}`),
    printable(row.containers.join(",")),
    printable(row.image),
    causeText(row),
    String(row.pods),
    reasons.numberOf(row),
  ]);
  const widths = heads.map((head, column) => Math.max(head.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [
    line(heads),
    ...cells.map((texts, index) => {
      const text = line(texts);
      const risk = rows[index]?.risk;
      if (risk === undefined || !style.colour) return text;
      const word = words[risk];
      return styleText(colours[risk], word, { validateStream: false }) + text.slice(word.length);
    }),
  ];
}

function reasonBlock({ row, workloads }: Reason, number: number, style: AuditTableStyle): string {
  const many = workloads === 1 ? "1 workload" : `${workloads} workloads`;
  const lines = [`[${number}] ${printable(row.image)}: ${causeText(row)} (${many})`];
  const body = (text: string): void => void lines.push(wrap(printable(text), style.width, "    "));
  const fix = (text: string): void => void lines.push(wrap(printable(text), style.width, "    Fix: "));
  for (const { text, fix: what } of explanationOf(row)) {
    body(text);
    if (what !== null) fix(what);
  }
  return lines.join("\n");
}

function forecastBlock({ forecasts }: AuditReport): readonly string[] {
  if (forecasts.length === 0) return [];
  const line = ({ what, registry, name, expires, note }: ExpiryForecast): string =>
    `  ${expires ?? "not visible"}  ${what}  ${printable(registry)}  ${printable(name)}${note === null ? "" : `  (${printable(note)})`}`;
  return [["Expiry:", ...forecasts.map(line)].join("\n")];
}

function resolvedBlock({ resolved }: AuditReport): readonly string[] {
  if (resolved.length === 0) return [];
  return [
    [
      "Resolved:",
      ...resolved.map(({ image, cause, resolved: at }) => `  ${at}  ${cause ?? "unknown"}  ${printable(image)}`),
    ].join("\n"),
  ];
}

function summaryLine({ summary }: AuditReport): string {
  const { workloads, workloadsAtRisk, images, pods, pending, risks } = summary;
  const parts = [
    `${workloads} ${workloads === 1 ? "workload" : "workloads"} with ${images} ${images === 1 ? "image" : "images"}, ${pods} running Pods`,
    ...(workloads === 0 ? [] : [workloadsAtRisk === 0 ? "none is at risk" : `${workloadsAtRisk} at risk`]),
    ...(risks.attention === 0 ? [] : [`${risks.attention} to look at`]),
    ...(pending === 0 ? [] : [`${pending} not asked yet`]),
  ];
  return parts.join("; ");
}
