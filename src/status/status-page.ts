import {
  badge,
  bytes,
  duration,
  facts,
  type Html,
  type HtmlValue,
  html,
  moment,
  renderPage,
  renderTable,
  type Section,
  type Tone,
} from "../html/index.js";
import type { RecentFinding, RegistryStatus, Status, WatchStatus } from "./types.js";

/** A certificate that is used up this far should have been replaced. */
const soonMs = 7 * 86_400_000;

/**
 * The page at `/statusz`.
 * @param showsFindings  whether the reader may see images, namespaces and workloads
 */
export function statusPage(status: Status, showsFindings: boolean): string {
  const { nowMs, startedMs, version } = status;
  return renderPage({
    title: "Pullguard status",
    lead: html`One replica, version ${version}, up for ${duration(nowMs - startedMs)}, at <time datetime="${new Date(nowMs).toISOString()}">${new Date(nowMs).toISOString()}</time>`,
    sections: [
      { id: "overview", title: "Overview", body: overview(status) },
      { id: "registries", title: "Registries", body: registries(status) },
      ...nodeSections(status),
      { id: "findings", title: "Recent findings", body: findings(status, showsFindings) },
    ],
    footer: html`<a href="/statusz.json">The same as JSON</a> · <a href="/metrics">Metrics</a> · <a href="/readyz">Readiness</a>`,
  });
}

function overview(status: Status): Html {
  const { nowMs, notReady, certificate, configuration, cache, leases } = status;
  const { lastError, generation, sinceMs } = configuration;
  const origins = { resource: "PullguardConfig of the cluster", file: "file", none: "none" } as const;
  const list = facts([
    ["Ready", notReady.length === 0 ? badge("good", "ready") : badge("bad", "not ready")],
    ["Certificate expires", certificate === undefined ? undefined : expiry(certificate.notAfterMs, nowMs)],
    ["Certificate SHA-256", certificate === undefined ? undefined : html`<code>${certificate.fingerprint256}</code>`],
    [
      "Configuration",
      html`${origins[configuration.origin]}${generation !== undefined && `, generation ${generation}`}`,
    ],
    ["In force", sinceMs === undefined ? undefined : moment(sinceMs, nowMs)],
    ["Mode, rules", `${configuration.mode}, ${configuration.rules}`],
    ["Cache hits", hitRatio(cache)],
    ...cache.caches.map(({ cache: name, entries, bytes: size }) => {
      const text = `${entries} entries${size === undefined ? "" : `, ${bytes(size)}`}`;
      return [`Cache of ${name}`, text] as const;
    }),
    ...leases.map(({ lease, isHeld }) => [`Lease for ${lease}`, isHeld ? "held" : "not held by this replica"] as const),
  ]);
  return html`${list}
${notReady.map(({ name, reason }) => html`<p>${badge("bad", name)} ${reason}</p>\n`)}
${lastError !== undefined && html`<p>${badge("warn", "configuration refused")} ${moment(lastError.atMs, nowMs)}: ${lastError.reason}</p>`}`;
}

function expiry(atMs: number, nowMs: number): HtmlValue {
  const tone: Tone = atMs <= nowMs ? "bad" : atMs - nowMs < soonMs ? "warn" : "good";
  const word = { bad: "expired", warn: "soon", good: "valid", plain: "" }[tone];
  return html`${moment(atMs, nowMs)} ${badge(tone, word)}`;
}

function hitRatio({ hits, misses, shared }: Status["cache"]): string {
  const asked = hits + misses + shared;
  return asked === 0 ? "nothing asked yet" : `${Math.round((100 * (hits + shared)) / asked)} % of ${asked}`;
}

function registries({ registries: rows, nowMs }: Status): Html {
  return renderTable<RegistryStatus>({
    id: "registry-table",
    caption: "Registries that were asked, those in trouble first",
    empty: "No registry has been asked yet.",
    rows,
    columns: [
      { title: "Registry", kind: "row", cell: ({ registry }) => html`<code>${registry}</code>` },
      { title: "State", cell: (row) => health(row, nowMs) },
      { title: "In flight", kind: "number", cell: ({ inFlight }) => inFlight },
      { title: "Queued", kind: "number", cell: ({ queued }) => queued },
      { title: "Requests", kind: "number", cell: ({ requests }) => requests },
      { title: "No answer", kind: "number", cell: ({ faults }) => faults },
      {
        title: "Last answer",
        cell: ({ lastSuccessMs }) => (lastSuccessMs === undefined ? "never" : moment(lastSuccessMs, nowMs)),
        sort: ({ lastSuccessMs }) => lastSuccessMs,
      },
      { title: "Last fault", cell: ({ lastFaultKind }) => lastFaultKind },
      {
        title: "Pulls left",
        kind: "number",
        cell: ({ rateLimit }) =>
          rateLimit && `${rateLimit.remaining}${rateLimit.limit === undefined ? "" : ` of ${rateLimit.limit}`}`,
        sort: ({ rateLimit }) => rateLimit?.remaining,
      },
    ],
  });
}

function health({ state, consecutiveFailures, retryAtMs, pausedUntilMs }: RegistryStatus, nowMs: number): HtmlValue {
  if (pausedUntilMs !== undefined && pausedUntilMs > nowMs) {
    return html`${badge("warn", "paused")} asked again ${moment(pausedUntilMs, nowMs)}`;
  }
  if (state === "open") {
    const again = retryAtMs === undefined ? "" : html` asked again ${moment(retryAtMs, nowMs)}`;
    return html`${badge("bad", "not asked")}${again}`;
  }
  if (state === "half-open") return badge("warn", "being tried");
  return consecutiveFailures === 0
    ? badge("good", "answers")
    : badge("bad", `${consecutiveFailures} failures in a row`);
}

function nodeSections({ nodes, watches, nowMs }: Status): readonly Section[] {
  if (nodes === undefined && watches.length === 0) return [];
  const covered =
    nodes !== undefined &&
    html`<p>${nodes.covered} of ${nodes.covered + nodes.uncovered} nodes have a profile that tells what they trust.</p>
${renderTable<(typeof nodes.profiles)[number]>({
  id: "profile-table",
  caption: "Node profiles",
  empty: "There is no NodePullProfile: of no node is known what it trusts.",
  rows: nodes.profiles,
  columns: [
    { title: "Profile", kind: "row", cell: ({ name }) => html`<code>${name}</code>` },
    { title: "Nodes", kind: "number", cell: (profile) => profile.nodes },
    { title: "Written by", cell: ({ isHandWritten }) => (isHandWritten ? "a person" : "node agents") },
    {
      title: "Confirmed",
      cell: ({ confirmedMs }) => (confirmedMs === undefined ? "" : moment(confirmedMs, nowMs)),
      sort: ({ confirmedMs }) => confirmedMs,
    },
    { title: "State", cell: ({ isAged }) => (isAged ? badge("warn", "too old") : badge("good", "current")) },
  ],
})}`;
  const followed = renderTable<WatchStatus>({
    id: "watch-table",
    caption: "What of the cluster is followed",
    empty: "Nothing of a cluster is followed.",
    rows: watches,
    columns: [
      { title: "Objects", kind: "row", cell: ({ resource }) => resource },
      { title: "State", cell: ({ isUp }) => (isUp ? badge("good", "followed") : badge("bad", "may be old")) },
      {
        title: "Last listed",
        cell: ({ lastSyncMs }) => (lastSyncMs === undefined ? "never" : moment(lastSyncMs, nowMs)),
        sort: ({ lastSyncMs }) => lastSyncMs,
      },
      {
        title: "Last fault",
        cell: ({ lastFault }) => lastFault && html`${moment(lastFault.atMs, nowMs)}: ${lastFault.reason}`,
        sort: ({ lastFault }) => lastFault?.atMs,
      },
    ],
  });
  return [{ id: "nodes", title: "Nodes and cluster", body: html`${covered}\n${followed}` }];
}

function findings({ findings: rows, nowMs }: Status, showsFindings: boolean): HtmlValue {
  if (!showsFindings) {
    return html`<p>There are ${rows.length}. Images, namespaces and workloads are shown to those who come by
<code>kubectl port-forward</code> only, unless <code>--statusz-findings</code> says otherwise.</p>`;
  }
  return renderTable<RecentFinding>({
    id: "finding-table",
    caption: "What was found for admissions, the newest first",
    empty: "Nothing was found since the start.",
    filter: "Search findings",
    sortedBy: { column: 0, order: "descending" },
    rows,
    columns: [
      { title: "Found", cell: ({ atMs }) => moment(atMs, nowMs), sort: ({ atMs }) => atMs },
      { title: "Image", kind: "row", cell: ({ image }) => html`<code>${image}</code>` },
      { title: "Verdict", cell: ({ verdict }) => badge(verdict === "unpullable" ? "bad" : "warn", verdict) },
      {
        title: "Cause",
        cell: ({ cause, message }) => html`<strong>${cause ?? "unknown"}</strong><br>${message}`,
        sort: ({ cause }) => cause ?? "",
      },
      { title: "Workload", cell: ({ namespace, kind, name }) => `${kind} ${namespace}/${name}` },
      { title: "Times", kind: "number", cell: ({ times }) => times },
    ],
  });
}
