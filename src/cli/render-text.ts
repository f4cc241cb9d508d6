import { styleText } from "node:util";
import type { Report } from "../check/index.js";
import type { Finding, Verdict } from "../findings/index.js";
import type { WorkloadIdentity } from "../workload/index.js";
import { printable, wrap } from "./wrap.js";

export interface TextStyle {
  readonly colour: boolean;
  /** In characters; lines are broken between words to fit. */
  readonly width: number;
}

type Paint = (text: string) => string;

interface Mark {
  readonly sign: string;
  readonly colour: "green" | "red" | "gray" | "yellow";
}

const marks: Readonly<Record<Verdict, Mark>> = {
  pullable: { sign: "✔", colour: "green" },
  unpullable: { sign: "✘", colour: "red" },
  skipped: { sign: "–", colour: "gray" },
  unknown: { sign: "?", colour: "yellow" },
};
const verdicts: readonly Verdict[] = ["pullable", "unpullable", "skipped", "unknown"];

/** The report for people: findings under their workload, then one line that counts them. Ends in a newline. */
export function renderText(report: Report, style: TextStyle): string {
  const blocks: string[] = [];
  let last: string | undefined;
  for (const finding of report.findings) {
    const title = titleOf(finding.workload);
    const heading = title === last ? [] : [...(last === undefined ? [] : [""]), paint("bold", style)(title)];
    blocks.push(...heading, ...findingLines(finding, style));
    last = title;
  }
  return `${[...blocks, ...(blocks.length > 0 ? [""] : []), summaryLine(report, style)].join("\n")}\n`;
}

function titleOf(workload: WorkloadIdentity): string {
  if (workload.kind === "") return `Images (namespace ${printable(workload.namespace)})`;
  const name = workload.name === "" ? "(no name)" : workload.name;
  return printable(`${workload.kind} ${workload.namespace === "" ? "" : `${workload.namespace}/`}${name}`);
}

function findingLines(finding: Finding, style: TextStyle): readonly string[] {
  const mark = marks[finding.verdict];
  const causes = [...new Set([finding.cause, finding.kubelet.reason])].filter((part) => part !== null);
  const cause = causes.length > 0 && finding.verdict !== "pullable" ? `  ${causes.join(", ")}` : "";
  const lines = [
    `  ${paint(mark.colour, style)(`${mark.sign} ${printable(finding.image)}`)}${paint("bold", style)(cause)}`,
  ];
  const isBad = finding.verdict !== "pullable";
  if (isBad) lines.push(wrap(printable(finding.message), style.width, "    "));
  if (isBad && finding.fix !== null) lines.push(wrap(printable(finding.fix), style.width, "    Fix: "));
  for (const { cause, message, fix } of finding.advisories ?? []) {
    lines.push(`    ${paint("yellow", style)("!")} ${paint("bold", style)(cause)}`);
    lines.push(wrap(printable(message), style.width, "      "));
    if (fix !== null) lines.push(wrap(printable(fix), style.width, "      Fix: "));
  }
  // An argument needs no address: the person has just typed it.
  if (finding.workload.kind !== "") {
    lines.push(...finding.fieldPaths.map((path) => paint("gray", style)(`    at ${printable(path)}`)));
  }
  return lines;
}

function summaryLine(report: Report, style: TextStyle): string {
  const counts = verdicts
    .filter((verdict) => report.summary[verdict] > 0)
    .map((verdict) => paint(marks[verdict].colour, style)(`${report.summary[verdict]} ${verdict}`));
  const total = verdicts.reduce((sum, verdict) => sum + report.summary[verdict], 0);
  return `${total} ${total === 1 ? "image" : "images"}${counts.length > 0 ? `: ${counts.join(", ")}` : ""}`;
}

function paint(colour: Mark["colour"] | "bold", style: TextStyle): Paint {
  // The caller has already decided; Node's own look at the stream would be a second opinion.
  return (text) => (style.colour && text !== "" ? styleText(colour, text, { validateStream: false }) : text);
}
