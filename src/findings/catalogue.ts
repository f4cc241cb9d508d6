import type { CauseEntry } from "./cause-entry.js";

const pull = { kubeletReason: "ErrImagePull" } as const;
const permanent = { persistence: "permanent", ...pull } as const;
const transient = { persistence: "transient", ...pull } as const;
const trust = { ...permanent, needs: "node-trust" } as const;
const access = { ...permanent, needs: "node-credentials" } as const;

export const catalogue = {
  InvalidImageName: {
    persistence: "permanent",
    kubeletReason: "InvalidImageName",
    explanation: "The image name does not follow the reference grammar, so the kubelet never tries to pull it.",
    fix: "Correct the image name: [registry[:port]/]path[:tag][@digest], path in lower case, no scheme.",
    symptom: "InvalidImageName: couldn't parse image reference: invalid reference format",
  },
  ImageNameDependsOnNode: {
    persistence: "transient",
    kubeletReason: "InvalidImageName",
    explanation: "Older kubelets and runtimes refuse this image name, newer ones accept it.",
    fix: "Write the registry's host name in lower case and keep the whole name under 255 characters.",
    symptom: "InvalidImageName: invalid reference format: repository name must be lowercase",
  },
  PullPolicyNever: {
    persistence: "none",
    kubeletReason: null,
    explanation:
      "imagePullPolicy is Never: no pull happens. Where the image is not on the node the container does not start.",
    fix: "Load the image on every node the Pod may land on, or use imagePullPolicy IfNotPresent.",
    symptom: "ErrImageNeverPull: Container image is not present with pull policy of Never",
  },
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
  NodeTrustFileBroken: {
    ...permanent,
    explanation:
      "A certificate file that the nodes' registry configuration names is missing or unreadable; every pull from the registry fails.",
    fix: "Put the file in place on the nodes, or remove it from the configuration.",
    symptom: "unable to read CA cert",
  },
  NoResolveHost: {
    ...permanent,
    explanation: "The nodes' registry configuration leaves no host that may resolve or serve this image.",
    fix: "Give a host of this registry the capabilities pull and resolve.",
    symptom: "no resolve hosts: not found",
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
  PullSecretMissing: {
    ...access,
    explanation: "The registry wants credentials and the Pod has no imagePullSecret for it.",
    fix: "Create a pull secret for the registry and name it in imagePullSecrets or in the ServiceAccount.",
    symptom: "pull access denied, repository does not exist or may require authorization; 401 Unauthorized",
  },
  PullSecretNotFound: {
    ...access,
    explanation:
      "The registry wants credentials and the imagePullSecret that the Pod names does not exist in its namespace.",
    fix: "Create the Secret in the workload's namespace, or correct its name.",
    symptom: "Unable to retrieve some image pull secrets; 401 Unauthorized",
  },
  PullSecretWrongType: {
    ...access,
    explanation:
      "The registry wants credentials and the kubelet ignores the imagePullSecret because of its type or its empty content.",
    fix: "Recreate the Secret with type kubernetes.io/dockerconfigjson.",
    symptom: "401 Unauthorized although a Secret is named",
  },
  PullSecretMalformed: {
    ...permanent,
    explanation:
      "An imagePullSecret cannot be parsed; the kubelet then fails every pull of the Pod, whatever the registry.",
    fix: "Recreate the Secret.",
    symptom: "json: cannot unmarshal; illegal base64 data; unable to parse auth field",
  },
  PullSecretForOtherRegistry: {
    ...access,
    explanation: "The registry wants credentials and the imagePullSecrets hold none for this registry and repository.",
    fix: "Add an entry whose key is this registry, port included.",
    symptom: "401 Unauthorized although a Secret is named",
  },
  PullSecretUnreadable: {
    ...transient,
    explanation: "The registry wants credentials and Pullguard may not read the Secrets that the Pod names.",
    fix: "Allow Pullguard to get Secrets in this namespace, or check the pull secret by hand.",
    symptom: "none: the kubelet reads the Secret with its own rights",
  },
  CredentialsRejected: {
    ...access,
    explanation: "The registry rejects the credentials of the pull secret.",
    fix: "Renew user and password in the Secret.",
    symptom: "401 Unauthorized; failed to fetch oauth token",
  },
  AccessDenied: {
    ...access,
    explanation: "The registry knows who asks and refuses access to this repository.",
    fix: "Grant the account the right to pull from this repository.",
    symptom: "403 Forbidden; insufficient_scope: authorization failed",
  },
  RepositoryHidden: {
    ...access,
    explanation:
      "The registry answers 'unauthorized': the repository does not exist, or it is private. Registries do not tell which.",
    fix: "Check the repository's name; if it is private, provide a pull secret that opens it.",
    symptom: "pull access denied, repository does not exist or may require authorization",
  },
  AuthenticationUnsupported: {
    ...access,
    explanation:
      "The registry asks for an authentication scheme that container runtimes do not support, or asks for it incompletely.",
    fix: "Configure the registry for Basic or Bearer authentication.",
    symptom: "401 Unauthorized; no realm specified for token auth challenge",
  },
  TokenServerUnavailable: {
    ...transient,
    explanation: "The registry's token server does not answer or answers with a server error.",
    fix: "Check the token server that the registry names in its challenge.",
    symptom: "failed to authorize: failed to fetch anonymous token",
  },
  TokenResponseInvalid: {
    ...permanent,
    explanation: "The registry's token server answers with something that is no token.",
    fix: "Correct the realm that the registry announces, or the token server.",
    symptom: "unable to decode token response; authorization server did not include a token in the response",
  },
  TokenRealmInsecure: {
    ...transient,
    explanation:
      "The registry sends clients with their password to another host by redirect, or to a token server without TLS; Pullguard does not send it there.",
    fix: "Announce an https realm, or check this image by hand.",
    symptom: "none: the runtime sends the password wherever the registry says",
  },
  TagNotFound: {
    ...permanent,
    explanation: "The repository has no such tag.",
    fix: "Correct the tag, or push it.",
    symptom: "not found; manifest unknown",
  },
  RepositoryNotFound: {
    ...permanent,
    explanation: "The registry has no such repository.",
    fix: "Correct the repository's name, or push the image.",
    symptom: "not found; name unknown",
  },
  DigestNotFound: {
    ...permanent,
    explanation: "The repository has no manifest with this digest.",
    fix: "Use a digest that exists; a garbage collection may have removed this one.",
    symptom: "not found; manifest unknown",
  },
  PlatformNotFound: {
    ...permanent,
    explanation: "The image exists, but not for the nodes' platform.",
    fix: "Build the image for this platform, or select nodes of a platform it has.",
    symptom: "no match for platform in manifest: not found",
  },
  PlatformUnknown: {
    ...transient,
    kubeletReason: null,
    explanation: "The image does not exist for linux/amd64, and nothing is known of the nodes' platform.",
    fix: "Say the nodes' platform, or set the nodeSelector kubernetes.io/arch.",
    symptom: "no match for platform in manifest: not found",
  },
  ManifestCorrupt: {
    ...permanent,
    explanation: "The bytes that the registry serves are not those that the digest promises.",
    fix: "Push the image again; check the registry's storage and every cache in front of it.",
    symptom: "failed commit on ref: unexpected commit digest; failed size validation",
  },
  ManifestMissing: {
    ...permanent,
    explanation: "The tag or the image's index names a manifest that the registry does not serve.",
    fix: "Push the image again with all its platforms.",
    symptom: "failed to copy: httpReadSeeker: failed open: content not found",
  },
  ManifestUnreadable: {
    ...permanent,
    explanation: "What the registry serves as the manifest is no manifest.",
    fix: "Push the image again; check what is in front of the registry.",
    symptom: "invalid character '<' looking for beginning of value",
  },
  ManifestTypeUnsupported: {
    ...permanent,
    explanation: "The registry serves the manifest with a media type that the runtime cannot pull.",
    fix: "Push the image as OCI or Docker schema 2 manifest; correct the registry's Content-Type.",
    symptom: "could not fetch content descriptor; unexpected media type",
  },
  ManifestTooLarge: {
    ...permanent,
    explanation: "The manifest is larger than the runtime accepts (4 MiB).",
    fix: "Reduce the manifest: fewer layers, annotations or platforms.",
    symptom: "rejecting N byte manifest: not found",
  },
  ManifestSchema1: {
    ...permanent,
    explanation: "The image is a Docker schema 1 image, which this runtime no longer pulls.",
    fix: "Rebuild or convert the image to OCI or Docker schema 2.",
    symptom: "schema 1 image manifests are no longer supported",
  },
  DeadlineExceeded: {
    ...transient,
    kubeletReason: null,
    explanation: "The time for the answer was over before the check was.",
    fix: "Repeat the check; give it more time with --deadline or the webhook's timeoutSeconds.",
    symptom: "none",
  },
  NodesDisagree: {
    ...transient,
    explanation:
      "The image can be pulled by some of the nodes the Pod may land on, or by some versions of their runtime.",
    fix: "Bring the nodes' configuration in line, or select the nodes that can pull it.",
    symptom: "ErrImagePull on some nodes only",
  },
  CheckFailed: {
    ...transient,
    kubeletReason: null,
    explanation: "Pullguard could not check this image because of a fault of its own.",
    fix: "Report the fault with the server's log.",
    symptom: "none",
  },
} as const satisfies Record<string, CauseEntry>;

export type CauseCode = keyof typeof catalogue;

/** The entry of a code, typed loosely for those who read all entries alike. */
export function causeEntry(code: CauseCode): CauseEntry {
  return catalogue[code];
}

/** Every published code, in the order of the documentation. */
export const causeCodes = Object.keys(catalogue) as readonly CauseCode[];
