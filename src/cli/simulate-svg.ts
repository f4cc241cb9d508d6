import { sizeText, timeText } from "../findings/index.js";
import type { PlayedRollout, SimulatedPull } from "../prediction/index.js";
import type { SimulationReport } from "./simulate-types.js";

const width = 960;
const labelWidth = 210;
const rightMargin = 24;
const rowHeight = 16;
const plotWidth = width - labelWidth - rightMargin;
/** More Pods than this are told by number only: the first ones show the pattern, the last one the end. */
const maxRows = 16;
const maxLegend = 8;

/** Readable on white and on dark: the viewer's scheme decides. Hues by the order of the images. */
const style = `
text{font:11px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:13px}.dim{fill:#656d76}
.bg{fill:#fff}.grid{stroke:#d0d7de;stroke-width:1}.wait{fill:#d0d7de}.refused{stroke:#cf222e;stroke-width:2}
.i0{fill:#0969da}.i1{fill:#1a7f37}.i2{fill:#9a6700}.i3{fill:#8250df}.i4{fill:#bf3989}.i5{fill:#0a7b83}.i6{fill:#bc4c00}.i7{fill:#57606a}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#8d96a0}.bg{fill:#0d1117}.grid{stroke:#30363d}.wait{fill:#3d444d}.refused{stroke:#ff7b72}
.i0{fill:#4493f8}.i1{fill:#3fb950}.i2{fill:#d29922}.i3{fill:#ab7df8}.i4{fill:#f778ba}.i5{fill:#39c5cf}.i6{fill:#ffa657}.i7{fill:#9198a1}}`;

interface Panel {
  readonly title: string;
  readonly played: PlayedRollout;
}

interface Row {
  readonly label: string;
  readonly pulls: readonly SimulatedPull[];
}

/**
 * When which Pod waits for and pulls which image, serialized and parallel on one scale: an SVG document of its own, without
 * anything from elsewhere. Of several ways of rolling out the first is drawn.
 */
export function renderTimeline(report: SimulationReport): string {
  const [mode] = report.played;
  const panels: readonly Panel[] =
    mode === undefined
      ? []
      : [
          { title: "serialized (serializeImagePulls: true)", played: mode.serialized },
          { title: "parallel (serializeImagePulls: false)", played: mode.parallel },
        ];
  const endMs = Math.max(1, ...panels.flatMap(({ played }) => played.result.pulls.map(({ endedMs }) => endedMs)));
  const images = (panels[0]?.played.scenario.images ?? []).map(({ name }) => name);
  const body: string[] = [];
  let y = 30;
  body.push(text(16, 20, heading(report), "title"));
  for (const panel of panels) {
    const drawn = drawPanel(panel, images, endMs, y + 14);
    body.push(...drawn.lines);
    y = drawn.bottom;
  }
  const legend = drawLegend(panels[0]?.played, y + 22);
  body.push(...legend.lines);
  const height = legend.bottom + 10;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(heading(report))}</title>`,
    `<style>${style}</style>`,
    `<rect class="bg" width="${width}" height="${height}"/>`,
    ...body,
    "</svg>\n",
  ].join("\n");
}

function heading({ cluster, played, rows }: SimulationReport): string {
  const pods = rows.filter(({ mode }) => mode === played[0]?.mode).reduce((sum, row) => sum + row.pods, 0);
  const mode = played[0]?.mode === "update" ? "update" : "rollout";
  return `Image pulls of a ${mode}: ${pods} ${pods === 1 ? "Pod" : "Pods"} on ${cluster.nodes} ${cluster.nodes === 1 ? "node" : "nodes"}, ${sizeText(cluster.bytesPerSecond)}/s each`;
}

function drawPanel({ title, played }: Panel, images: readonly string[], endMs: number, top: number) {
  const last = Math.max(0, ...played.workloads.map(({ lastPulledMs }) => lastPulledMs));
  const rows = rowsOf(played);
  const bottom = top + 16 + rows.length * rowHeight;
  const at = (ms: number): number => labelWidth + (Math.min(ms, endMs) / endMs) * plotWidth;
  const lines = [
    text(
      16,
      top + 4,
      `${title}: last Pod after ${Number.isFinite(last) ? timeText(last) : "more than a week"}`,
      "title",
    ),
  ];
  for (const ms of ticks(endMs)) {
    const x = at(ms).toFixed(1);
    lines.push(`<line class="grid" x1="${x}" x2="${x}" y1="${top + 12}" y2="${bottom}"/>`);
    lines.push(`<text class="dim" x="${x}" y="${bottom + 12}" text-anchor="middle">${escaped(timeText(ms))}</text>`);
  }
  for (const [index, row] of rows.entries()) {
    const y = top + 16 + index * rowHeight;
    lines.push(text(labelWidth - 8, y + 10, shortened(row.label, 34), "dim", "end"));
    for (const pull of row.pulls) lines.push(...drawPull(pull, images, at, y));
  }
  return { lines, bottom: bottom + 16 };
}

function drawPull(
  { image, askedMs, startedMs, endedMs, outcome }: SimulatedPull,
  images: readonly string[],
  at: (ms: number) => number,
  y: number,
): readonly string[] {
  const bar = (fromMs: number, toMs: number, kind: string, what: string): string => {
    const wide = Math.max(1, at(toMs) - at(fromMs)).toFixed(1);
    const tip = escaped(`${image}: ${what} from ${timeText(fromMs)} to ${timeText(toMs)}`);
    return `<rect class="${kind}" x="${at(fromMs).toFixed(1)}" y="${y + 2}" width="${wide}" height="${rowHeight - 5}"><title>${tip}</title></rect>`;
  };
  const waiting = startedMs > askedMs ? [bar(askedMs, startedMs, "wait", "waits")] : [];
  if (outcome !== "pulled") {
    const x = at(startedMs).toFixed(1);
    const tip = escaped(
      `${image}: ${outcome === "throttled" ? "pull QPS exceeded" : "failed"} at ${timeText(startedMs)}`,
    );
    return [
      ...waiting,
      `<line class="refused" x1="${x}" x2="${x}" y1="${y + 2}" y2="${y + rowHeight - 3}"><title>${tip}</title></line>`,
    ];
  }
  return [...waiting, bar(startedMs, endedMs, `i${Math.max(0, images.indexOf(image)) % maxLegend}`, "pulled")];
}

/** The first Pods, and the one that is last to have its images. */
function rowsOf({ scenario, result }: PlayedRollout): readonly Row[] {
  const label = (pod: number): string => {
    const { node = 0, group = 0 } = scenario.pods[pod] ?? {};
    const { name = "", count = 1 } = scenario.nodes[node] ?? {};
    return `${scenario.groups[group]?.name.split(" ").at(-1) ?? ""} · ${name}${count > 1 ? ` ×${count}` : ""}`;
  };
  const rowOf = (pod: number): Row => ({ label: label(pod), pulls: result.pulls.filter((pull) => pull.pod === pod) });
  const pods = [...scenario.pods.keys()];
  if (pods.length <= maxRows) return pods.map(rowOf);
  const lastPod = pods.reduce((a, b) => ((result.pods[b]?.pulledMs ?? 0) > (result.pods[a]?.pulledMs ?? 0) ? b : a));
  const first = pods.filter((pod) => pod !== lastPod).slice(0, maxRows - 2);
  const rest: Row = { label: `… ${pods.length - first.length - 1} more Pods`, pulls: [] };
  return [...first.map(rowOf), rest, rowOf(lastPod)];
}

function drawLegend(played: PlayedRollout | undefined, top: number) {
  const images = played?.scenario.images ?? [];
  const entries = images.slice(0, maxLegend).map(({ name, layers }, index) => {
    const size = sizeText(layers.reduce((sum, { bytes }) => sum + bytes, 0));
    return { kind: `i${index}`, label: `${shortened(name, 60)} (${size})` };
  });
  const more = images.length > maxLegend ? [{ kind: "bg", label: `and ${images.length - maxLegend} more images` }] : [];
  const marks = [...entries, ...more, { kind: "wait", label: "waits for its turn" }];
  const lines = marks.flatMap(({ kind, label }, index) => {
    const x = 16 + (index % 2) * (width / 2);
    const y = top + Math.floor(index / 2) * 18;
    return [`<rect class="${kind}" x="${x}" y="${y - 9}" width="12" height="11"/>`, text(x + 18, y, label)];
  });
  const bottom = top + Math.ceil(marks.length / 2) * 18;
  lines.push(`<line class="refused" x1="22" x2="22" y1="${bottom - 9}" y2="${bottom + 2}"/>`);
  lines.push(text(34, bottom, "refused (pull QPS exceeded) or failed"));
  return { lines, bottom: bottom + 8 };
}

/** Five or so round times. */
function ticks(endMs: number): readonly number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800];
  const stepMs = (steps.find((seconds) => seconds * 1000 * 7 >= endMs) ?? 604_800) * 1000;
  return Array.from({ length: Math.floor(endMs / stepMs) + 1 }, (_, index) => index * stepMs);
}

function text(x: number, y: number, content: string, kind?: string, anchor?: string): string {
  const look = kind === undefined ? "" : ` class="${kind}"`;
  return `<text${look} x="${x}" y="${y}"${anchor === undefined ? "" : ` text-anchor="${anchor}"`}>${escaped(content)}</text>`;
}

function shortened(label: string, length: number): string {
  return label.length <= length ? label : `…${label.slice(1 - length)}`;
}

/** Names come from manifests: no markup, and nothing that XML forbids. */
function escaped(content: string): string {
  return content
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\u{FFFD}")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
