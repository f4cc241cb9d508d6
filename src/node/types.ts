import type { Redacted } from "../core/index.js";
import type { RegistryCredential } from "../credentials/index.js";
import type { Platform } from "../oci/index.js";

/** Where a fact about the node was read: the file as the node knows it (`/etc/containerd/certs.d/x/hosts.toml`). */
export interface FactOrigin {
  readonly file: string;
  readonly line?: number;
}

export type HostCapability = "pull" | "resolve" | "push" | "referrers";

/** How one host's certificate is judged and which client certificates are offered. CAs add to the node's system roots. */
export interface HostTls {
  readonly verify: boolean;
  readonly extraCaPems: readonly string[];
  readonly clientCertificates: readonly { readonly certificatePem: string; readonly keyPem: Redacted<string> }[];
}

/**
 * One endpoint that a node tries for a registry, in the node's order.
 * Source: containerd core/remotes/docker/registry.go `RegistryHost` and config/hosts.go.
 */
export interface RegistryHost {
  readonly scheme: "https" | "http";
  /** `host[:port]`, as dialled and as sent in the Host header. */
  readonly address: string;
  /** API root without trailing slash, `/v2` unless overridden. */
  readonly path: string;
  readonly capabilities: readonly HostCapability[];
  readonly tls: HostTls;
  /**
   * When an https request is repeated as plain http: `never`; `plain-http` when the peer speaks HTTP (or the TLS handshake
   * times out); `plain-http-or-unreachable` also when it refuses or times out and no port is written.
   */
  readonly httpFallback: "never" | "plain-http" | "plain-http-or-unreachable";
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** Whether `headers` also go with token requests (containerd 2.1+). */
  readonly headersOnTokenRequests: boolean;
  readonly dialTimeoutMs: number;
  /** Value of `?ns=` where this host is a mirror of another registry. */
  readonly mirrorOf?: string;
  /** Absent: the runtime's own default for this registry. */
  readonly origin?: FactOrigin;
}

/** Something in the node's files that does not do what its author meant; shown with the finding it explains. */
export interface NodeConfigIssue {
  readonly code:
    | "HostsFileIgnored"
    | "HostsFileUnreadable"
    | "CertificateFileUnreadable"
    | "CertificatesShadowed"
    | "HostsFileShadowsCertificates";
  readonly message: string;
  readonly origin: FactOrigin;
}

/** The hosts for one registry, or the error with which the runtime refuses to try any. */
export type HostPlan =
  | {
      readonly kind: "hosts";
      readonly hosts: readonly RegistryHost[];
      /** The ones most likely to explain a failure first. */
      readonly issues: readonly NodeConfigIssue[];
      /** Present: a file that this plan rests on could not be read, so that a failure predicted from it is not certain. */
      readonly partial?: true;
    }
  | {
      readonly kind: "broken";
      readonly message: string;
      readonly origin: FactOrigin;
      readonly issues: readonly NodeConfigIssue[];
    };

/** The node's own registry credentials, as the kubelet reads them; `unknown` when nobody showed us the node. */
export type NodeCredentials =
  | {
      readonly kind: "known";
      readonly lookup: (repository: string) => readonly RegistryCredential[];
      readonly files: readonly string[];
      /**
       * Names of the kubelet's credential providers that may have more credentials for a repository; absent where the
       * node runs none.
       */
      readonly providersFor?: (repository: string) => readonly string[];
    }
  | { readonly kind: "unknown" };

export interface RuntimeVersion {
  readonly name: "containerd";
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** What is known of the nodes a Pod may land on that share one configuration. */
export interface NodeProfile {
  readonly name: string;
  readonly runtime: RuntimeVersion;
  /** Nobody said which runtime it is: one of several profiles that stand for what it may be. */
  readonly runtimeIsAssumed?: true;
  /** Absent: nobody said; a platform is then never the reason for a denial. */
  readonly platform?: Platform;
  /** `unknown`: certs.d, CAs and insecure settings of the nodes were not seen. */
  readonly trust: "known" | "unknown";
  readonly credentials: NodeCredentials;
  /** Path of the registry configuration root on the node, for fixes: `/etc/containerd/certs.d`. */
  readonly hostsRoot: string;
  readonly hostsFor: (domain: string) => HostPlan;
}

/**
 * Port: a node's file system, read-only, paths absolute as on the node. Nothing is thrown for a missing file.
 * Implementations bound the size of a file and never follow a link out of the root.
 */
export interface NodeFiles {
  read(
    path: string,
  ):
    | { readonly kind: "text"; readonly text: string }
    | { readonly kind: "missing" }
    | { readonly kind: "unreadable"; readonly reason: string };
  /** Names of the plain files in a folder, sorted, or undefined when there is no such folder. */
  list(path: string): readonly string[] | undefined;
  exists(path: string): boolean;
}
