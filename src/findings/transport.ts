import { unreachable } from "../core/index.js";
import type { RegistryHost } from "../node/index.js";
import type { TransportFault } from "../registry/index.js";
import { diagnoseCertificate } from "./certificate.js";
import { type Diagnosis, type DiagnosisContext, diagnose, hostLabel, withIssues } from "./diagnosis.js";
import { clientCertificateFix, plainHttpFix } from "./trust-fix.js";

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
        fix: clientCertificateFix(host, context),
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
    case "proxy-unreachable":
      return diagnose("ProxyUnreachable", context, { message: throughProxy(name, fault.message) });
    case "proxy-authentication":
      return diagnose("ProxyAuthenticationRequired", context, { message: throughProxy(name, fault.message) });
    case "proxy-refused":
      return diagnose("ProxyRefused", context, { message: throughProxy(name, fault.message) });
    case "address-forbidden":
      return diagnose("RegistryAddressForbidden", context, {
        message: notDialled(name, fault.message),
      });
    case "circuit-open":
    case "over-budget":
      return diagnose("RegistryNotAsked", context, { message: fault.message });
    case "paused":
      return diagnose("RegistryRateLimited", context, { message: fault.message });
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

/** The nodes may fare better: what a proxy tells Pullguard depends on where it asks from. */
function throughProxy(name: string, told: string): string {
  return `the nodes ask ${name} through a proxy; as seen by Pullguard: ${told}`;
}

/** @param told  `169.254.169.254: it is a link-local address`: what was to be dialled, maybe by way of `name`, and why not */
function notDialled(name: string, told: string): string {
  const [, peer = told, why = ""] = /^(.*?): (.*)$/.exec(told) ?? [];
  const way = peer === name ? "" : `, where ${name} leads`;
  return `Pullguard does not dial ${peer}${way}${why === "" ? "" : `: ${why}`}`;
}
