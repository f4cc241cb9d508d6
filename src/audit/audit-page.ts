import { badge, facts, type Html, html, moment, renderPage, renderTable, type Tone } from "../html/index.js";
import type { AuditReport, ExpiryForecast, ResolvedFinding, RiskLevel, WorkloadRisk } from "./types.js";
import { causeText, explanationOf } from "./wording.js";

const words: Readonly<Record<RiskLevel, { readonly tone: Tone; readonly text: string; readonly rank: number }>> = {
  fails: { tone: "bad", text: "fails", rank: 0 },
  "may-fail": { tone: "warn", text: "may fail", rank: 1 },
  attention: { tone: "plain", text: "look", rank: 2 },
  none: { tone: "good", text: "ok", rank: 3 },
};

/**
 * The report as a page: one document that needs nothing else, the workloads at risk first.
 * @param json  where the same is to be had for machines, if anywhere
 */
export function renderAuditPage(report: AuditReport, json?: string): string {
  const { generated, forecasts, resolved } = report;
  const nowMs = Date.parse(generated);
  return renderPage({
    title: "Pullguard audit",
    lead: html`What runs and could not be pulled again, at <time datetime="${generated}">${generated}</time>`,
    sections: [
      { id: "overview", title: "Overview", body: overview(report) },
      { id: "risks", title: "Workloads at risk", body: risks(report, nowMs) },
      ...(forecasts.length === 0
        ? []
        : [{ id: "expiry", title: "What ends by itself", body: expiry(forecasts, nowMs) }]),
      ...(resolved.length === 0 ? [] : [{ id: "resolved", title: "Resolved", body: over(resolved, nowMs) }]),
    ],
    ...(json === undefined ? {} : { footer: html`<a href="${json}">The same as JSON</a>` }),
  });
}

function overview({ summary, notListed = [] }: AuditReport): Html {
  const { workloads, workloadsAtRisk, images, pods, pending, risks: count } = summary;
  return facts([
    ["At risk", badge(workloadsAtRisk === 0 ? "good" : "bad", `${workloadsAtRisk} of ${workloads} workloads`)],
    ["Images", images],
    ["Running Pods", pods],
    ["Rows that fail", count.fails],
    ["Rows that may fail", count["may-fail"]],
    ["Rows to look at", count.attention],
    ["Not asked yet", pending === 0 ? undefined : pending],
    ["Left out", notListed.map(({ reason }) => reason).join("; ")],
  ]);
}

function risks({ workloads }: AuditReport, nowMs: number): Html {
  return renderTable<WorkloadRisk>({
    id: "risk-table",
    caption: "Images of workloads that a new node could not pull, or that should be looked at; the worst first",
    empty: "Nothing is at risk: every image that was asked for can be pulled again.",
    filter: "Filter by any words",
    sortedBy: { column: 0, order: "ascending" },
    rows: workloads.filter(({ risk }) => risk !== "none"),
    columns: [
      {
        title: "Risk",
        cell: ({ risk }) => badge(words[risk].tone, words[risk].text),
        sort: ({ risk }) => words[risk].rank,
      },
      // Before the namespace: a telephone shows two columns without scrolling.
      { title: "Workload", kind: "row", cell: workloadCell },
      { title: "Namespace", cell: ({ workload }) => workload.namespace },
      { title: "Image", cell: ({ image }) => html`<code>${image}</code>` },
      { title: "Cause", cell: causeText },
      { title: "Why, and what to do", cell: explanation },
      { title: "Pods", kind: "number", cell: ({ pods }) => pods },
      {
        title: "Since",
        cell: ({ firstSeen }) => since(firstSeen, nowMs),
        sort: ({ firstSeen }) => firstSeen ?? undefined,
      },
    ],
  });
}

function workloadCell({ workload, containers }: WorkloadRisk): Html {
  return html`${workload.kind.toLowerCase()}/${workload.name} <span class="dim">${containers.join(", ")}</span>`;
}

function explanation(row: WorkloadRisk): Html {
  const parts = explanationOf(row).map(
    ({ text, fix }) => html`<div>${text}${fix !== null && html` <strong>Fix:</strong> ${fix}`}</div>`,
  );
  return html`${parts}`;
}

function since(at: string | null, nowMs: number): Html | undefined {
  return at === null ? undefined : moment(Date.parse(at), nowMs);
}

function expiry(forecasts: readonly ExpiryForecast[], nowMs: number): Html {
  return renderTable<ExpiryForecast>({
    id: "expiry-table",
    caption: "Certificates and credentials by the time they expire",
    empty: "",
    rows: forecasts,
    columns: [
      {
        title: "Expires",
        cell: ({ expires }) => (expires === null ? "not visible" : moment(Date.parse(expires), nowMs)),
        sort: ({ expires }) => expires ?? undefined,
      },
      { title: "What", cell: ({ what }) => what },
      { title: "Registry", cell: ({ registry }) => html`<code>${registry}</code>` },
      { title: "Name", kind: "row", cell: ({ name }) => name },
      { title: "Note", cell: ({ note }) => note ?? "" },
    ],
  });
}

function over(resolved: readonly ResolvedFinding[], nowMs: number): Html {
  return renderTable<ResolvedFinding>({
    id: "resolved-table",
    caption: "Findings that are over",
    empty: "",
    rows: resolved,
    columns: [
      { title: "Image", kind: "row", cell: ({ image }) => html`<code>${image}</code>` },
      { title: "Cause", cell: ({ cause }) => cause ?? "unknown" },
      { title: "Workloads", kind: "number", cell: ({ workloads }) => workloads.length },
      { title: "First seen", cell: ({ firstSeen }) => since(firstSeen, nowMs), sort: ({ firstSeen }) => firstSeen },
      { title: "Resolved", cell: ({ resolved: at }) => since(at, nowMs), sort: ({ resolved: at }) => at },
    ],
  });
}
