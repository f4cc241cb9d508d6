import { unreachable } from "../core/index.js";
import type { RegistryHost } from "../node/index.js";
import type { ServedCertificate, TransportFault } from "../registry/index.js";
import type { CauseCode } from "./catalogue.js";
import { type Diagnosis, type DiagnosisContext, diagnose, hostLabel } from "./diagnosis.js";

type CertificateFault = Extract<TransportFault, { kind: "certificate" }>;

/** A connection that gave no HTTP answer. */
export function diagnoseFault(fault: TransportFault, host: RegistryHost, context: DiagnosisContext): Diagnosis {
  const name = hostLabel(host, context.reference);
  switch (fault.kind) {
    case "plain-http":
      return diagnose("PlainHttpRegistry", context, {
        message: withIssues(`${name} speaks plain HTTP, but the nodes ask it over HTTPS`, context),
        fix: plainHttpFix(host, context),
      });
    case "certificate":
      return diagnoseCertificate(fault, host, context);
    case "client-certificate-required":
      return diagnose("ClientCertificateRequired", context, {
        message: `${name} requires a client certificate`,
        fix: `Set client = [["client.cert", "client.key"]] for ${host.address} in ${hostsFile(context)} on the nodes.`,
      });
    case "tls-version":
      return diagnose("TlsVersionUnsupported", context, { message: `${name} offers no TLS version from 1.2 on` });
    case "tls-handshake":
      return diagnose("TlsHandshakeFailed", context, {
        message: `the TLS handshake with ${name} failed: ${fault.message}`,
      });
    case "name-not-found":
    case "name-lookup-failed":
      return diagnose("RegistryNameNotFound", context, { message: `the host name of ${name} does not resolve` });
    case "refused":
      return diagnose("RegistryConnectionRefused", context, { message: `${name} refuses the connection` });
    case "reset":
      return diagnose("RegistryUnreachable", context, { message: `${name} breaks off the connection` });
    case "unreachable":
      return diagnose("RegistryUnreachable", context, { message: `no route to ${name}` });
    case "timeout":
      return diagnose("RegistryTimeout", context, { message: `${name} did not answer in time (${fault.phase})` });
    case "address-forbidden":
      return diagnose("RegistryAddressForbidden", context, {
        message: notDialled(name, fault.message),
      });
    case "aborted":
      return diagnose("DeadlineExceeded", context, { message: `${name} had not answered when the time was over` });
    case "malformed-response":
    case "response-too-large":
    case "redirect-refused":
      return diagnose("RegistryProtocolError", context, {
        message: `${name} does not answer like a registry: ${fault.message}`,
      });
    default:
      return unreachable(fault);
  }
}

/** @param told  `169.254.169.254: it is a link-local address`: what was to be dialled, maybe by way of `name`, and why not */
function notDialled(name: string, told: string): string {
  const [, peer = told, why = ""] = /^(.*?): (.*)$/.exec(told) ?? [];
  const way = peer === name ? "" : `, where ${name} leads`;
  return `Pullguard does not dial ${peer}${way}${why === "" ? "" : `: ${why}`}`;
}

const certificateCauses: Readonly<Record<CertificateFault["reason"], CauseCode>> = {
  "unknown-authority": "CertificateUntrusted",
  "self-signed": "CertificateSelfSigned",
  expired: "CertificateExpired",
  "not-yet-valid": "CertificateNotYetValid",
  "wrong-name": "CertificateNameMismatch",
  "no-subject-alternative-name": "CertificateNameMismatch",
  other: "CertificateInvalid",
};

function diagnoseCertificate(fault: CertificateFault, host: RegistryHost, context: DiagnosisContext): Diagnosis {
  const name = hostLabel(host, context.reference);
  const { served } = fault;
  const cause = certificateCauses[fault.reason];
  switch (fault.reason) {
    case "unknown-authority":
      return diagnose(cause, context, {
        message: withIssues(`the nodes do not trust the authority of ${name}${issuerOf(served)}`, context),
        fix: trustFix(host, context, "the authority's certificate"),
      });
    case "self-signed":
      return diagnose(cause, context, {
        message: withIssues(`the nodes do not trust the self-signed certificate of ${name}`, context),
        fix: trustFix(host, context, "the registry's certificate"),
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

function hostsFile({ profile, reference }: DiagnosisContext): string {
  return `${profile.hostsRoot}/${reference.domain}/hosts.toml`;
}

/** Where a CA goes depends on whether a hosts.toml already rules this registry: certificate files beside it are ignored. */
function trustFix(host: RegistryHost, context: DiagnosisContext, what: string): string {
  if (host.origin?.file.endsWith("hosts.toml") === true) {
    return `Set ca = "<file>" with ${what} for ${host.address} in ${host.origin.file} on every node.`;
  }
  const folder = `${context.profile.hostsRoot}/${context.reference.domain}`;
  const docker =
    context.profile.trust === "known"
      ? ""
      : ` (containerd; Docker: /etc/docker/certs.d/${context.reference.domain}/ca.crt)`;
  return `Put ${what} into ${folder}/ca.crt on every node${docker}.`;
}

function plainHttpFix(host: RegistryHost, context: DiagnosisContext): string {
  const docker =
    context.profile.trust === "known"
      ? ""
      : ` (Docker: "insecure-registries": ["${host.address}"] in /etc/docker/daemon.json)`;
  return `Serve ${host.address} over TLS, or create ${hostsFile(context)} with [host."http://${host.address}"] on every node${docker}.`;
}

/** A node file that silently does nothing is usually why trust is missing: say so beside the symptom. */
function withIssues(message: string, { issues }: DiagnosisContext): string {
  const [first] = issues;
  return first === undefined ? message : `${message}; ${first.origin.file}: ${first.message}`;
}
