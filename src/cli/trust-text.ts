import type { AdvisedFile } from "../node/index.js";
import type { ServedAuthority, ServedCertificate } from "../registry/index.js";
import type { RuntimeAdvice, TrustReport } from "./trust-report.js";
import { printable } from "./wrap.js";

/** What a registry serves and what to do about it, for people. Ends in a newline. */
export function renderTrustText(report: TrustReport): string {
  return `${sections(report)
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map(printable).join("\n"))
    .join("\n\n")}\n`;
}

function sections(report: TrustReport): readonly (readonly string[])[] {
  const title = report.address === report.registry ? report.registry : `${report.registry} (${report.address})`;
  switch (report.outcome) {
    case "unreachable":
      return [[`${title} cannot be looked at: ${report.fault}`]];
    case "plain-http":
      return [
        [`${title} speaks plain HTTP: it has no certificate, and there is nothing to trust.`],
        [
          "WARNING: whoever is on the way can read and change images and passwords. Serve it over TLS if you can.",
          report.nodeSpeaksHttp
            ? "The node that was shown speaks plain HTTP with it already."
            : "If you must, this makes the nodes speak plain HTTP with it:",
        ],
        ...report.advice.map(adviceLines),
      ];
    case "tls":
      return [
        [`${title} over ${report.protocol}, the chain as served`, ...report.chain.flatMap(certificateLines)],
        report.verdicts.map(({ store, trusted, message }) => {
          const why = message === undefined ? "" : `: ${message}`;
          return `${trusted ? "Trusted" : "Not trusted"} by ${store}${why}`;
        }),
        ...conclusion(report),
      ];
  }
}

function certificateLines(certificate: ServedCertificate, index: number): readonly string[] {
  const { subject, issuer, validFrom, validTo, names, fingerprint256, isAuthority, selfIssued } = certificate;
  const marks = [...(isAuthority ? ["authority"] : []), ...(selfIssued ? ["signs for itself"] : [])];
  const rows = [
    ["issuer", issuer],
    ["valid", `${validFrom} to ${validTo}`],
    ...(names.length === 0 ? [] : [["names", names.join(", ")]]),
    ["SHA-256", fingerprint256],
  ];
  return [
    `${index + 1}. ${subject || "(no subject)"}${marks.length === 0 ? "" : `  (${marks.join(", ")})`}`,
    ...rows.map(([name = "", text]) => `     ${name.padEnd(9)}${text}`),
  ];
}

function conclusion(report: TrustReport): readonly (readonly string[])[] {
  const { verdicts, authority, advice, registry } = report;
  const last = verdicts.at(-1);
  if (last === undefined || last.trusted) return [["Nothing has to be done."]];
  if (!last.missesAuthority)
    return [
      [
        "No authority that the nodes could be told to trust would mend this; the registry's certificate must be replaced.",
      ],
    ];
  if (authority === undefined || authority.kind === "not-sent") {
    return [
      [
        `The registry does not send the certificate of its authority${authority === undefined ? "" : ` (${authority.issuer})`}.`,
        "Get it from whoever runs the registry or issued its certificate, and save it as ca.crt.",
      ],
      ...advice.map(adviceLines),
    ];
  }
  return [
    [titleOf(authority), ...authority.certificate.pem.trimEnd().split("\n")],
    [
      "VERIFY IT FIRST. This is what answered on the network just now, which proves nothing: somebody in between would",
      "show a certificate of his own. Compare this fingerprint with the one that the registry's operator tells you on",
      "another way (in person, by phone, from the registry's own machine):",
      `  SHA-256 ${authority.certificate.fingerprint256}`,
    ],
    [`If they are the same, save it: pullguard trust ${registry} -o pem > ca.crt`, "and on every node:"],
    ...advice.map(adviceLines),
  ];
}

function titleOf({ kind, certificate }: Exclude<ServedAuthority, { kind: "not-sent" }>): string {
  switch (kind) {
    case "root":
      return `The authority to trust: ${certificate.subject}`;
    case "self-signed":
      return `The registry's own certificate, which would have to be trusted: ${certificate.subject}`;
    case "intermediate":
      return `The topmost authority that it sends (the one above, ${certificate.issuer}, it does not): ${certificate.subject}`;
  }
}

const runtimeNames = { containerd: "containerd", docker: "Docker", "cri-o": "CRI-O", podman: "Podman" } as const;

function adviceLines({ runtime, files, apply }: RuntimeAdvice): readonly string[] {
  return [`# ${runtimeNames[runtime]}`, ...files.flatMap(fileLines), ...(apply === undefined ? [] : [apply])];
}

/** Commands where the file is the registry's alone, words where it may hold more. */
function fileLines({ path, kind, lines }: AdvisedFile): readonly string[] {
  const folder = path.slice(0, path.lastIndexOf("/"));
  switch (kind) {
    case "certificate":
      return [`install -D -m 644 ca.crt '${path}'`];
    case "create":
      return [`mkdir -p '${folder}'`, `cat > '${path}' <<'EOF'`, ...lines, "EOF"];
    case "add":
      return [`# add to ${path}, where it may hold other settings already:`, ...lines.map((line) => `#   ${line}`)];
  }
}
