import type { CauseEntry } from "../cause-entry.js";
import { permanent, transient, trust } from "./kinds.js";

/** What keeps a node from getting an HTTP answer, or from getting a useful one. */
export const transportCauses = {
  PlainHttpRegistry: {
    ...trust,
    explanation:
      "The registry speaks plain HTTP, but the nodes ask over HTTPS because it is not listed as an http host.",
    fix: "Serve the registry over TLS, or list it as an http host in the nodes' runtime configuration.",
    symptom: "http: server gave HTTP response to HTTPS client",
  },
  CertificateUntrusted: {
    ...trust,
    explanation: "The registry's certificate was issued by an authority that the nodes do not trust.",
    fix: "Put the authority's certificate where the nodes' runtime looks for it.",
    symptom: "x509: certificate signed by unknown authority",
  },
  CertificateSelfSigned: {
    ...trust,
    explanation: "The registry's certificate is self-signed and the nodes do not have it.",
    fix: "Put the registry's certificate where the nodes' runtime looks for authorities, or use one signed by a trusted authority.",
    symptom: "x509: certificate signed by unknown authority",
  },
  CertificateExpired: {
    ...trust,
    explanation: "The registry's certificate has expired.",
    fix: "Renew the registry's certificate.",
    symptom: "x509: certificate has expired or is not yet valid",
  },
  CertificateNotYetValid: {
    ...trust,
    explanation: "The registry's certificate is not valid yet: it was issued for the future, or a clock is wrong.",
    fix: "Replace the registry's certificate, or correct the clock that is wrong.",
    symptom: "x509: certificate has expired or is not yet valid",
  },
  CertificateNameMismatch: {
    ...trust,
    explanation: "The registry's certificate is for other names.",
    fix: "Use a name that the certificate covers, or issue a certificate with this name as subjectAltName.",
    symptom: "x509: certificate is valid for a.example, not b.example",
  },
  CertificateInvalid: {
    ...trust,
    explanation: "The registry's certificate cannot be verified.",
    fix: "Replace the registry's certificate.",
    symptom: "tls: failed to verify certificate",
  },
  ClientCertificateRequired: {
    ...trust,
    explanation: "The registry asks for a client certificate and the nodes have none that it accepts.",
    fix: "Configure a client certificate for this registry on the nodes.",
    symptom: "remote error: tls: certificate required",
  },
  TlsVersionUnsupported: {
    ...trust,
    explanation: "The registry offers only TLS versions that the runtime refuses (below 1.2).",
    fix: "Enable TLS 1.2 or newer on the registry.",
    symptom: "tls: server selected unsupported protocol version",
  },
  TlsHandshakeFailed: {
    ...transient,
    explanation: "The TLS handshake with the registry failed for a reason that does not prove what the nodes will see.",
    fix: "Try the handshake from a node: openssl s_client -connect <registry>:<port>.",
    symptom: "remote error: tls: handshake failure",
  },
  RegistryNameNotFound: {
    ...transient,
    explanation: "The registry's host name does not resolve.",
    fix: "Correct the registry's name in the image, or add it to the DNS that the nodes use.",
    symptom: "dial tcp: lookup registry.example: no such host",
  },
  RegistryConnectionRefused: {
    ...transient,
    explanation: "Nothing listens on the registry's address and port.",
    fix: "Start the registry, or correct the port in the image name.",
    symptom: "connect: connection refused",
  },
  RegistryUnreachable: {
    ...transient,
    explanation: "The registry's network is not reachable, or the connection breaks off.",
    fix: "Check routes, firewalls and NetworkPolicies between the nodes and the registry.",
    symptom: "connect: no route to host; connection reset by peer; EOF",
  },
  RegistryTimeout: {
    ...transient,
    kubeletReason: null,
    explanation: "The registry did not answer in time; a node would wait for it.",
    fix: "Check the registry's load and the network; pull again when it answers.",
    symptom: "i/o timeout; context deadline exceeded; the Pod stays in ContainerCreating",
  },
  ProxyUnreachable: {
    ...transient,
    explanation:
      "The nodes' runtime asks the registry through a proxy that cannot be reached from where Pullguard runs.",
    fix: "Check from a node that the proxy answers, or list the registry in NO_PROXY of the runtime's unit.",
    symptom: "proxyconnect tcp: dial tcp",
  },
  ProxyAuthenticationRequired: {
    ...transient,
    explanation:
      "The proxy that the nodes' runtime uses for the registry demands a user and password it was not given.",
    fix: "Put the user and password into the proxy's URL in the runtime's unit, or list the registry in NO_PROXY.",
    symptom: "Proxy Authentication Required",
  },
  ProxyRefused: {
    ...transient,
    explanation: "The proxy that the nodes' runtime uses does not lead to the registry.",
    fix: "Allow the registry on the proxy, or list the registry in NO_PROXY of the runtime's unit.",
    symptom: "proxyconnect tcp; Forbidden; Bad Gateway",
  },
  RegistryUnavailable: {
    ...transient,
    explanation: "The registry answers with a server error.",
    fix: "Check the registry's health; the pull is retried with back-off and succeeds when it is up again.",
    symptom: "unexpected status from HEAD request: 503 Service Unavailable",
  },
  RegistryRateLimited: {
    ...transient,
    explanation: "The registry limits the rate of pulls.",
    fix: "Pull with credentials that have a higher limit, use a mirror, or wait.",
    symptom: "429 Too Many Requests; toomanyrequests",
  },
  RegistryProtocolError: {
    ...transient,
    explanation: "What answers at the registry's address does not speak the registry protocol.",
    fix: "Check that the image name points to a registry and not to another service or a login page.",
    symptom: "malformed HTTP response; stopped after 10 redirects",
  },
  RegistryRejected: {
    ...permanent,
    explanation: "The registry refuses the request with a client error.",
    fix: "Read the registry's message; check repository and name.",
    symptom: "unexpected status from HEAD request: 400 Bad Request",
  },
} as const satisfies Record<string, CauseEntry>;
