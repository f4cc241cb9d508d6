import type { NodeConfigIssue } from "../node/index.js";
import type { CauseCode } from "./catalogue.js";
import type { Diagnosis, DiagnosisContext } from "./diagnosis.js";
import type { Advisory } from "./types.js";

/** What a certificate or an http host in the node's files would have prevented. */
const trustCauses: ReadonlySet<CauseCode> = new Set<CauseCode>([
  "PlainHttpRegistry",
  "CertificateUntrusted",
  "CertificateSelfSigned",
  "ClientCertificateRequired",
]);

/** What another host, a mirror, would have made good. */
const mirrorCauses: ReadonlySet<CauseCode> = new Set<CauseCode>([
  "TagNotFound",
  "DigestNotFound",
  "RepositoryNotFound",
  "RegistryNameNotFound",
  "RegistryConnectionRefused",
  "RegistryUnreachable",
  "RegistryTimeout",
  "RegistryUnavailable",
  "RegistryRateLimited",
]);

/**
 * Blames the configuration that the nodes' runtime passes over where it would have made the difference; how certain the
 * failure is does not change.
 */
export function blameUnusedConfig(diagnosis: Diagnosis, { issues }: Pick<DiagnosisContext, "issues">): Diagnosis {
  const blamed = notUsed(issues).find((issue) => explains(issue, diagnosis.cause));
  if (blamed !== undefined) {
    const message = withIssue(diagnosis.message, blamed);
    return { ...diagnosis, cause: "RegistryConfigNotUsed", message, fix: fixOf(blamed) };
  }
  // A folder that is about to be made would be passed over as well.
  const futile = issues.find(({ code, fix }) => code === "SettingIgnored" && fix !== undefined);
  if (futile === undefined || !trustCauses.has(diagnosis.cause)) return diagnosis;
  return { ...diagnosis, fix: `${fixOf(futile)} ${diagnosis.fix}` };
}

/**
 * What is wrong with the nodes' files as advice: configuration that is passed over where the pull succeeds without it or
 * fails for another reason, and a configuration of the runtime with which it will not come up again.
 */
export function adviseNodeConfig(issues: readonly NodeConfigIssue[], cause: CauseCode | null): readonly Advisory[] {
  // A certificate that nothing missed does no harm.
  const missed = notUsed(issues).filter(({ origin }) => !/\.(crt|cert)$/.test(origin.file));
  const broken = issues.filter(({ code }) => code === "RuntimeConfigInvalid");
  return [
    ...broken.map((issue) => advisory("RuntimeConfigBroken", issue)),
    ...(cause === "RegistryConfigNotUsed" ? [] : missed.map((issue) => advisory("RegistryConfigNotUsed", issue))),
  ];
}

function advisory(cause: CauseCode, issue: NodeConfigIssue): Advisory {
  return { cause, message: `${placeOf(issue)}: ${issue.message}`, fix: fixOf(issue) };
}

/** Nothing is certain where the file that names the hosts could not be read. */
export function doubtUnseenHosts(diagnosis: Diagnosis, { issues, unseenHosts }: DiagnosisContext): Diagnosis {
  if (unseenHosts !== true) return diagnosis;
  const [first] = issues;
  const message = first === undefined ? diagnosis.message : withIssue(diagnosis.message, first);
  return { ...diagnosis, firm: false, message };
}

function notUsed(issues: readonly NodeConfigIssue[]): readonly NodeConfigIssue[] {
  return issues.filter(({ code }) => code === "RegistryConfigNotUsed" || code === "HostsFileIgnored");
}

function explains({ lostHosts = [] }: NodeConfigIssue, cause: CauseCode): boolean {
  return trustCauses.has(cause) || (mirrorCauses.has(cause) && lostHosts.length > 0);
}

function withIssue(message: string, issue: NodeConfigIssue): string {
  return message.includes(issue.message) ? message : `${message}; ${placeOf(issue)}: ${issue.message}`;
}

function fixOf(issue: NodeConfigIssue): string {
  return issue.fix ?? `Correct ${placeOf(issue)} on every node.`;
}

function placeOf({ origin }: NodeConfigIssue): string {
  return origin.line === undefined ? origin.file : `${origin.file}:${origin.line}`;
}
