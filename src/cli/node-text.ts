import type { RuntimeBasis } from "./given-node.js";
import type { NodeReport, ReportedHost, ReportedIssue, ReportedPlan } from "./node-report.js";
import { printable } from "./wrap.js";

/** What a node does, for people. Ends in a newline. */
export function renderNodeText(report: NodeReport): string {
  const plan = report.plan === undefined ? profileLines(report) : planLines(report.plan);
  return `${[...headLines(report), "", ...plan].map(printable).join("\n")}\n`;
}

function headLines(report: NodeReport): readonly string[] {
  const where = report.root === undefined ? "Some node" : `Node in ${report.root}`;
  const platform = report.platform === undefined ? "" : `, ${report.platform}`;
  const unseen =
    report.root === undefined
      ? [
          "Nothing is known of the nodes: this is what a node without any configuration does. Show one with --node-root DIR.",
        ]
      : [];
  return [`${where}: ${report.runtime}${platform}`, `  ${basisText(report.basis)}`, ...unseen];
}

function basisText(basis: RuntimeBasis): string {
  switch (basis.kind) {
    case "given":
      return "The runtime is as given with --runtime.";
    case "name-given":
      return "The runtime is as given with --runtime, its version is assumed; add it, as in containerd://1.7.13.";
    case "guessed":
      return `The runtime is a guess (${basis.because}) and its version is assumed; give --runtime to be sure.`;
    case "assumed":
      return "The runtime and its version are assumed; give --runtime to be sure.";
  }
}

function planLines(plan: ReportedPlan): readonly string[] {
  const title = `${plan.kind === "registry" ? "Registry" : "Image"} ${plan.subject}`;
  const refused = plan.outcome === "broken" ? "The runtime refuses every pull" : "The configuration forbids the pull";
  const body =
    plan.reason === undefined
      ? [`${title}: hosts in the order in which they are tried`, ...plan.hosts.flatMap(hostLines)]
      : [title, `  ${refused}: ${plan.reason.message}`, `  at ${plan.reason.at}`];
  const none = plan.reason === undefined && plan.hosts.length === 0 ? ["  none"] : [];
  const credentials =
    plan.credentials.length === 0
      ? []
      : ["", "Credentials of the node itself", ...plan.credentials.map((line) => `  ${line}`)];
  const notes = [
    ...(plan.differsOn.length > 0 ? [`Other versions do otherwise: ${plan.differsOn.join(", ")}.`] : []),
    ...(plan.perRepository ? ["Each repository may have rules of its own; name an image to see those for it."] : []),
    ...(plan.unsure ? ["Not certain: not everything that decides about this was shown."] : []),
  ];
  return [...body, ...none, ...credentials, ...issueLines(plan.issues), ...(notes.length > 0 ? ["", ...notes] : [])];
}

function hostLines(host: ReportedHost, index: number): readonly string[] {
  const mirror = host.mirrorOf === undefined ? "" : `  (mirror of ${host.mirrorOf})`;
  const rows: readonly (readonly [string, string])[] = [
    ["from", host.from],
    ...(host.repository === undefined ? [] : ([["repository", host.repository]] as const)),
    ["may", host.capabilities.join(", ") || "nothing"],
    ["trust", trustText(host)],
    ...host.authorities.map(
      ({ subject, fingerprint256, file }) =>
        ["", `${subject}, SHA-256 ${fingerprint256}${file === undefined ? "" : ` (${file})`}`] as const,
    ),
    ["client", host.clientCertificates === 0 ? "no certificate" : "a certificate"],
    ...(host.headerNames.length === 0 ? [] : ([["headers", host.headerNames.join(", ")]] as const)),
    ["proxy", proxyText(host)],
    ...(host.fallsBackToHttp === "never" ? [] : ([["fallback", fallbackTexts[host.fallsBackToHttp]]] as const)),
  ];
  return [`${index + 1}. ${host.url}${mirror}`, ...rows.map(([name, text]) => `     ${name.padEnd(11)}${text}`)];
}

const fallbackTexts: Readonly<Record<Exclude<ReportedHost["fallsBackToHttp"], "never">, string>> = {
  "plain-http": "plain HTTP where the registry does not speak TLS",
  "plain-http-or-unreachable": "plain HTTP where the registry does not speak TLS, or refuses or times out",
};

function trustText({ url, verifiesCertificate, systemCertificates, authorities }: ReportedHost): string {
  if (url.startsWith("http:")) return "none: plain HTTP";
  if (!verifiesCertificate) return "any certificate: not verified";
  const system =
    systemCertificates === "not known"
      ? "the system's certificates, which were not shown (public ones are assumed)"
      : `${systemCertificates} certificates of the system`;
  return authorities.length === 0 ? system : `${system}, and`;
}

function proxyText({ proxy }: ReportedHost): string {
  if (proxy === undefined) return "none";
  const credentials = { none: "", withheld: ", with credentials that were not shown", present: ", with credentials" };
  return `${proxy.url}${credentials[proxy.credentials]}${proxy.from === undefined ? "" : ` (${proxy.from})`}`;
}

function profileLines(report: NodeReport): readonly string[] {
  const { credentials, registries } = report;
  const settings = [...Object.entries(report.settings), ...Object.entries(report.kubelet)].map(
    ([name, value]) => `  ${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  );
  const providers = credentials.known ? "" : "Not known.";
  const keys = credentials.keys.map((key) => `  ${key}`);
  return [
    `Registries are configured in ${report.hostsRoot}`,
    ...(registries.length === 0 ? ["  none is"] : registries.map((name) => `  ${name}`)),
    "",
    `Credentials of the node itself${credentials.files.length === 0 ? "" : ` (${credentials.files.join(", ")})`}`,
    ...(keys.length > 0 ? keys : [`  ${providers === "" ? "none" : providers}`]),
    ...(settings.length === 0 ? [] : ["", "Settings that differ from the defaults", ...settings]),
    ...issueLines(report.issues),
  ];
}

function issueLines(issues: readonly ReportedIssue[]): readonly string[] {
  if (issues.length === 0) return [];
  return ["", "Issues", ...issues.flatMap(({ code, at, message }) => [`  ${code} at ${at}`, `    ${message}`])];
}
