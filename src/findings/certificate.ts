import { unreachable } from "../core/index.js";
import type { RegistryHost } from "../node/index.js";
import type { ServedCertificate, TransportFault } from "../registry/index.js";
import type { CauseCode } from "./catalogue.js";
import { type Diagnosis, type DiagnosisContext, diagnose, hostLabel, withIssues } from "./diagnosis.js";
import { trustFix } from "./trust-fix.js";

/** A certificate that a node's runtime does not accept. */
export type CertificateFault = Extract<TransportFault, { kind: "certificate" }>;

const certificateCauses: Readonly<Record<CertificateFault["reason"], CauseCode>> = {
  "unknown-authority": "CertificateUntrusted",
  "self-signed": "CertificateSelfSigned",
  expired: "CertificateExpired",
  "not-yet-valid": "CertificateNotYetValid",
  "wrong-name": "CertificateNameMismatch",
  "no-subject-alternative-name": "CertificateNameMismatch",
  other: "CertificateInvalid",
};

/** What is wrong with the certificate that a host served, and what would mend it. */
export function diagnoseCertificate(fault: CertificateFault, host: RegistryHost, context: DiagnosisContext): Diagnosis {
  const name = hostLabel(host, context.reference);
  const { served } = fault;
  const cause = certificateCauses[fault.reason];
  switch (fault.reason) {
    case "unknown-authority":
      return diagnose(cause, context, {
        message: withIssues(`the nodes do not trust the authority of ${name}${issuerOf(served)}`, context),
        fix: trustFix(host, context, fault.chain),
      });
    case "self-signed":
      return diagnose(cause, context, {
        message: withIssues(`the nodes do not trust the self-signed certificate of ${name}`, context),
        fix: trustFix(host, context, fault.chain),
      });
    case "expired":
      return diagnose(cause, context, {
        message: `the certificate of ${name} expired${served === undefined ? "" : ` on ${served.validTo}`}`,
        fix: `Renew the certificate of ${host.address}.`,
      });
    case "not-yet-valid":
      return diagnose(cause, context, {
        message: `the certificate of ${name} is not valid before ${served?.validFrom ?? "a later date"}`,
        fix: `Replace the certificate of ${host.address}, or correct the clock that is wrong.`,
      });
    case "wrong-name":
    case "no-subject-alternative-name":
      return diagnose(cause, context, {
        message: `the certificate of ${name} is for ${namesOf(served)}`,
        fix: `Use a name that the certificate covers, or issue one with ${bareHost(host)} as subjectAltName.`,
      });
    case "other":
      return diagnose(cause, context, {
        message: `the certificate of ${name} cannot be verified: ${fault.message}`,
        firm: false,
      });
    default:
      return unreachable(fault.reason);
  }
}

function issuerOf(served: ServedCertificate | undefined): string {
  return served === undefined ? "" : ` (issuer ${oneLine(served.issuer)})`;
}

function namesOf(served: ServedCertificate | undefined): string {
  if (served === undefined || served.names.length === 0) return "no host name at all (no subjectAltName)";
  const shown = served.names.slice(0, 3).join(", ");
  return served.names.length > 3 ? `${shown} and ${served.names.length - 3} more` : shown;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(0, 80);
}

function bareHost(host: RegistryHost): string {
  return host.address.replace(/:\d+$/, "");
}
