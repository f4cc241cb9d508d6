import type { AdvisedNode } from "../node/index.js";
import { parseDurationMs } from "./duration.js";
import { type GivenNode, givenNode } from "./given-node.js";
import { parseRegistry } from "./node-subject.js";
import { everyRuntime, reportTrust, type TrustReport, trustQuestion } from "./trust-report.js";
import { renderTrustText } from "./trust-text.js";
import type { CliIo } from "./types.js";

/** The flags of `pullguard trust`, as commander names them. */
export interface TrustFlags {
  readonly nodeRoot?: string;
  readonly runtime?: string;
  readonly deadline: string;
  readonly output: "text" | "json" | "pem";
}

/**
 * Looks at a registry's certificates and prints them, who trusts them, and how to have the nodes trust them.
 * @returns 0 trusted by the node (by the public roots where none was shown), 1 not, 3 it could not be looked at
 * @throws PullguardError `InputInvalid`
 */
export async function runTrust(text: string, flags: TrustFlags, io: CliIo): Promise<number> {
  const registry = parseRegistry(text);
  const node = flags.nodeRoot === undefined && flags.runtime === undefined ? undefined : givenNode(flags);
  const question = trustQuestion(registry, node);
  const deadlineMs = parseDurationMs(flags.deadline, "--deadline");
  const { address, stores, proxy, dialTimeoutMs } = question;
  const judges = stores.map(({ tls }) => tls);
  const asked = { address, judges, dialTimeoutMs, ...(proxy !== undefined && { proxy }) };
  const view = await io.deps.viewRegistry(asked, AbortSignal.timeout(deadlineMs));
  const report = reportTrust(question, view, runtimesOf(node));
  if (flags.output === "pem") return printPem(report, io);
  io.stdout.write(
    flags.output === "json"
      ? `${JSON.stringify({ apiVersion: "pullguard.dev/v1", kind: "TrustReport", ...report, note: verifyNote }, null, 2)}\n`
      : renderTrustText(report),
  );
  return exitCodeOf(report);
}

const verifyNote =
  "Compare the fingerprint with what the registry's operator says on another way before trusting anything of this.";

/** One runtime where it is known or its folders were seen; else those that people run. */
function runtimesOf(node: GivenNode | undefined): readonly AdvisedNode[] {
  return node === undefined || node.basis.kind === "assumed" ? everyRuntime() : [node.profile];
}

/** The certificate alone, so that it can go into a file; everything else to the error stream. */
function printPem(report: TrustReport, io: CliIo): number {
  const { authority, registry } = report;
  if (authority !== undefined && authority.kind !== "not-sent") {
    io.stderr.write(`note: ${authority.certificate.subject}, SHA-256 ${authority.certificate.fingerprint256}\n`);
    io.stderr.write(`note: ${verifyNote}\n`);
    io.stdout.write(authority.certificate.pem);
    return exitCodeOf(report);
  }
  const why = {
    tls: "does not send the certificate of its authority; get it from whoever runs the registry",
    "plain-http": "speaks plain HTTP and has no certificate",
    unreachable: `cannot be looked at: ${report.fault}`,
  }[report.outcome];
  io.stderr.write(`error: ${registry} ${why}\n`);
  return report.outcome === "unreachable" ? 3 : 1;
}

function exitCodeOf({ outcome, verdicts, nodeSpeaksHttp }: TrustReport): number {
  if (outcome === "unreachable") return 3;
  if (outcome === "plain-http") return nodeSpeaksHttp ? 0 : 1;
  return verdicts.at(-1)?.trusted === true ? 0 : 1;
}
