import type { Figure } from "./figure.js";

/** Everything one run found out. */
export interface BenchReport {
  readonly node: string;
  readonly cpus: number;
  readonly isQuick: boolean;
  readonly seconds: number;
  readonly figures: readonly Figure[];
}

/** The report for people: one line a figure, the median of its rounds, behind it the range of their middle half. */
export function renderReport({ node, cpus, isQuick, seconds, figures }: BenchReport): string {
  const header = ["figure", "median", "middle half", "rounds", "target", "", "measured"];
  const rows = figures.map((figure) => [
    figure.name,
    `${shown(figure.median)}${figure.unit === "ratio" ? "" : ` ${figure.unit}`}`,
    figure.rounds > 1 ? `${shown(figure.spread.lowerQuartile)} to ${shown(figure.spread.upperQuartile)}` : "",
    String(figure.rounds),
    figure.target === undefined ? "" : `${figure.target.bound} ${shown(figure.target.value)}`,
    figure.met === undefined ? "" : figure.met ? "met" : "NOT MET",
    Object.entries(figure.measured ?? {})
      .map(([name, value]) => `${name} ${shown(value)}`)
      .join(", "),
  ]);
  const head = `Node.js ${node}, ${cpus} CPUs, ${seconds.toFixed(0)} s${isQuick ? "; a quick run: figures are rough" : ""}`;
  return `${head}\n\n${tableOf([header, ...rows])}\n`;
}

function shown(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** One line of the history: JSON, the medians by the figures' names, for whatever draws them. */
export function historyLine({ node, cpus, isQuick, figures }: BenchReport, commit: string, at: Date): string {
  const medians = Object.fromEntries(figures.map(({ name, median }) => [name, Number(median.toPrecision(4))]));
  return `${JSON.stringify({ at: at.toISOString(), commit, node, cpus, isQuick, medians })}\n`;
}
