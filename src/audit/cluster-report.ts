import { type CauseCode, causeEntry } from "../findings/index.js";
import { grouped } from "./grouped.js";
import { soonMs } from "./report.js";
import { maxText, type PolicyReport, type ReportedResult, type ResultObject, reportParts } from "./report-parts.js";
import type { AuditReport, ExpiryForecast, WorkloadRisk } from "./types.js";

/** Causes that lie with a registry, or the way to it, whoever asks for whatever image. */
const ofRegistries: ReadonlySet<string> = new Set<CauseCode>([
  ...(["PlainHttpRegistry", "CertificateUntrusted", "CertificateSelfSigned", "CertificateExpired"] as const),
  ...([
    "CertificateNotYetValid",
    "CertificateNameMismatch",
    "CertificateInvalid",
    "ClientCertificateRequired",
  ] as const),
  ...(["TlsVersionUnsupported", "TlsHandshakeFailed", "RegistryNameNotFound", "RegistryConnectionRefused"] as const),
  ...(["RegistryUnreachable", "RegistryTimeout", "ProxyUnreachable", "ProxyAuthenticationRequired"] as const),
  ...(["ProxyRefused", "RegistryUnavailable", "RegistryRateLimited", "RegistryProtocolError"] as const),
  ...(["AuthenticationUnsupported", "TokenServerUnavailable", "TokenResponseInvalid", "TokenRealmInsecure"] as const),
  ...(["RegistryAddressForbidden"] as const),
]);
/** Causes that lie with how nodes are set up. */
const ofNodes: ReadonlySet<string> = new Set<CauseCode>([
  ...(["NodeTrustFileBroken", "RegistryConfigNotUsed", "RuntimeConfigBroken", "NoResolveHost"] as const),
  ...(["RegistryBlocked", "NodeConfigUnread", "NodesDisagree"] as const),
]);
/** So late somebody should look today. */
const urgentMs = 3 * 86_400_000;

/**
 * The reports on the cluster as a whole, for what is no single namespace's: each registry that cannot be used, how nodes are set up, and
 * what of a registry's certificates ends soon or has ended, each told once however many workloads it hits. `pass` counts the registries
 * of which there is nothing to say.
 * Source: ClusterPolicyReport of wgpolicyk8s.io/v1alpha2 and ClusterReport of openreports.io/v1alpha1, which agree in these fields.
 */
export function clusterReports({
  workloads,
  forecasts,
  generated,
}: Pick<AuditReport, "workloads" | "forecasts" | "generated">): readonly PolicyReport[] {
  const found = [...grouped(workloads.flatMap(troubles), ({ registry, cause }) => `${registry} ${cause}`).values()];
  const ending = forecasts.filter((forecast) => isEnding(forecast, Date.parse(generated)));
  const noted = new Set([...found.flat(), ...ending].map(({ registry }) => registry));
  const sound = new Set(workloads.map(({ registry }) => registry).filter((each) => each !== "" && !noted.has(each)));
  const listed = [
    ...found.map(troubleResult),
    ...ending.map((forecast) => endingResult(forecast, Date.parse(generated))),
  ];
  return reportParts("", { pass: sound.size, skip: 0 }, listed.toSorted(byWeight));
}

/** One image of one workload that has a trouble which is not its own. */
interface Trouble {
  readonly registry: string;
  readonly cause: CauseCode;
  readonly message: string;
  readonly fix: string | null;
  readonly result: ReportedResult;
  readonly row: WorkloadRisk;
}

function troubles(row: WorkloadRisk): readonly Trouble[] {
  const { registry, cause, message, fix, risk, notes } = row;
  const own: Trouble[] = [];
  if (cause !== null && (risk === "fails" || risk === "may-fail") && isShared(cause)) {
    own.push({ registry, cause, message, fix, result: risk === "fails" ? "fail" : "error", row });
  }
  for (const note of notes) {
    if (note.kind !== "advice" || !isShared(note.cause)) continue;
    own.push({ registry, cause: note.cause, message: note.message, fix: note.fix, result: "warn", row });
  }
  return own;
}

function isShared(cause: CauseCode): boolean {
  return ofRegistries.has(cause) || ofNodes.has(cause);
}

const weights: readonly ReportedResult[] = ["fail", "error", "warn"];
const severities: Readonly<Record<ReportedResult, string>> = {
  ...{ fail: "high", error: "medium", warn: "low" },
  ...{ pass: "info", skip: "info" },
};

function byWeight(a: ResultObject, b: ResultObject): number {
  return weights.indexOf(a.result) - weights.indexOf(b.result);
}

/** Rows come the worst first, so the first one tells how bad it is. */
function troubleResult(troubles: readonly Trouble[]): ResultObject {
  const [first] = troubles;
  if (first === undefined) throw new Error("a group without members");
  const { registry, cause, message, fix, result } = first;
  const rows = troubles.map(({ row }) => row);
  const firstSeen = rows.flatMap((row) => row.firstSeen ?? []).toSorted()[0];
  return {
    ...base(cause, result, severities[result], firstSeen),
    message: `${registry}: ${causeEntry(cause).explanation} Seen: ${message}`.slice(0, maxText),
    properties: {
      registry,
      images: String(new Set(rows.map(({ image }) => image)).size),
      workloads: String(new Set(rows.map(workloadName)).size),
      namespaces: [...new Set(rows.map(({ workload }) => workload.namespace))].toSorted().join(",").slice(0, maxText),
      ...(firstSeen === undefined ? {} : { firstSeen }),
      ...(fix === null ? {} : { fix: fix.slice(0, maxText) }),
    },
  };
}

function workloadName({ workload: { kind, namespace, name } }: WorkloadRisk): string {
  return `${kind}/${namespace}/${name}`;
}

/** A Secret's credential is its namespace's matter. */
function isEnding({ what, expires, name }: ExpiryForecast, nowMs: number): boolean {
  if (what === "credential" && name.startsWith("Secret ")) return false;
  return expires !== null && Date.parse(expires) - nowMs <= soonMs;
}

function endingResult({ registry, what, name, expires }: ExpiryForecast, nowMs: number): ResultObject {
  const endMs = Date.parse(expires ?? "");
  const isOver = endMs <= nowMs;
  // It is worth a word from then on: a time that stays the same.
  const since = new Date(endMs - soonMs).toISOString();
  const severity = isOver || endMs - nowMs <= urgentMs ? "high" : "medium";
  return {
    ...base(isOver ? "Expired" : "ExpiresSoon", isOver ? "fail" : "warn", severity, since),
    message: `${registry}: ${what} ${name} ${isOver ? "expired" : "expires"} at ${expires}`.slice(0, maxText),
    properties: { registry, what, name: name.slice(0, maxText), expires: expires ?? "" },
  };
}

function base(rule: string, result: ReportedResult, severity: string, since: string | undefined) {
  const seconds = since === undefined ? 0 : Math.floor(Date.parse(since) / 1000);
  const timestamp = { seconds, nanos: 0 };
  return {
    ...{ source: "pullguard", policy: "pullguard", rule, category: "Image pulls" },
    ...{ severity, timestamp, result, scored: true },
  };
}
