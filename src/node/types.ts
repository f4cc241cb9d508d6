import type { Redacted } from "../core/index.js";
import type { RegistryCredential } from "../credentials/index.js";
import type { Platform } from "../oci/index.js";
import type { ImageReference } from "../reference/index.js";
import type { PodPullSpec } from "../workload/index.js";

/** Where a fact about the node was read: the file as the node knows it (`/etc/containerd/certs.d/x/hosts.toml`). */
export interface FactOrigin {
  readonly file: string;
  readonly line?: number;
}

export type HostCapability = "pull" | "resolve" | "push" | "referrers";

/** The certificates that every program on a node trusts. `id` names their content; JSON shows nothing else, for they are many. */
export interface SystemRoots {
  readonly pems: readonly string[];
  readonly id: string;
  toJSON(): string;
}

/** How one host's certificate is judged and which client certificates are offered. CAs add to the node's system roots. */
export interface HostTls {
  readonly verify: boolean;
  /** Absent: the roots that the registry client was given for all nodes, those that come with Node.js by default. */
  readonly systemRoots?: SystemRoots;
  readonly extraCaPems: readonly string[];
  readonly clientCertificates: readonly { readonly certificatePem: string; readonly keyPem: Redacted<string> }[];
}

/** A proxy through which the node's runtime reaches some hosts. */
export interface HostProxy {
  readonly scheme: "http" | "https" | "socks5";
  /** `host:port`. */
  readonly address: string;
  /** `withheld`: the node sends a user and password that were not shown. */
  readonly credentials: "none" | "withheld" | { readonly username: string; readonly password: Redacted<string> };
  readonly origin?: FactOrigin;
}

/**
 * Which proxy the node's runtime asks for which host; which of them it is depends on the address, so redirects and token
 * servers are judged anew. At least one of the two is there.
 */
export interface ProxyRules {
  /** For https addresses. */
  readonly https?: HostProxy;
  /** For http addresses. */
  readonly http?: HostProxy;
  /** `NO_PROXY` as written: what is dialled directly. Loopback always is. */
  readonly noProxy: string;
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
  /** Repository on this host where it is not the reference's own: registries.conf rewrites prefixes. */
  readonly repository?: string;
  /** Absent: the node dials every host itself. */
  readonly proxy?: ProxyRules;
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
  /** What the runtime's own configuration holds for this host: sent where the kubelet has no credential for the image. */
  readonly credential?: RegistryCredential;
  /** Credentials of the kubelet do not go to this host: containers-image keeps them for the registry of the reference. */
  readonly kubeletCredentials?: "withheld";
  /**
   * The repository that a name without registry is taken for. Hosts of one meaning are one image's; the next meaning is tried
   * when the one before cannot be pulled.
   */
  readonly meaning?: string;
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
    | "HostsFileShadowsCertificates"
    /** Configuration for this registry that the runtime does not look at, wherever its author meant it to. */
    | "RegistryConfigNotUsed"
    /** A configuration of the runtime itself (config.toml, daemon.json, registries.conf …) that it does not accept. */
    | "RuntimeConfigInvalid"
    /** The same, that Pullguard could not read. */
    | "RuntimeConfigUnreadable"
    /** A setting that this runtime, or this version of it, passes over. */
    | "SettingIgnored"
    /** Whether a setting applies depends on what the node alone knows: the addresses its DNS gives, how its runtime was started. */
    | "DependsOnNode";
  readonly message: string;
  readonly origin: FactOrigin;
  /** Imperative, one sentence or two; absent where the finding's own repair says enough. */
  readonly fix?: string;
  /** Of configuration that is passed over: whom else than the registry itself it would have asked. */
  readonly lostHosts?: readonly string[];
}

/**
 * Why what the hosts answer does not settle it. `signature`: an image that can be had must also bear a signature, which nobody
 * looked at. `unread`: a file that could not be read may send the runtime elsewhere.
 */
export interface HostPlanDoubt {
  readonly kind: "signature" | "unread";
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
      /**
       * Present: the file that says which hosts there are could not be read. Others may be asked, with headers and
       * credentials of their own, so that no failure is certain, whatever its cause.
       */
      readonly unseenHosts?: true;
      readonly doubt?: HostPlanDoubt;
    }
  | {
      readonly kind: "broken";
      /** Present: not this registry's files but the runtime's own configuration is at fault, so that no image can be pulled. */
      readonly everyImage?: true;
      readonly message: string;
      /** What to do about it, where the runtime's message alone does not say; one sentence. */
      readonly fix?: string;
      readonly origin: FactOrigin;
      readonly issues: readonly NodeConfigIssue[];
    }
  /** The configuration is sound and forbids the pull, or gives the name no meaning. */
  | {
      readonly kind: "refused";
      readonly reason: "registry-blocked" | "signature-policy" | "short-name-unresolved" | "short-name-ambiguous";
      /** Present: a file that might say otherwise was not shown or could not be read. */
      readonly partial?: true;
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
      /** Whether the node has a credential for a repository that it did not show; absent where it showed all. */
      readonly withheldFor?: (repository: string) => boolean;
    }
  | { readonly kind: "unknown" };

/** `cri-o` and `podman` pull with the same library, containers-image; `docker` is dockerd behind cri-dockerd. */
export type RuntimeName = "containerd" | "docker" | "cri-o" | "podman";

export interface RuntimeVersion {
  readonly name: RuntimeName;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Settings of the runtime, other than registry hosts, that decide how it pulls. Absent: the version's default. */
export interface RuntimeSettings {
  /** containerd's pull engine where its configuration forces one, whatever the version's default. */
  readonly engine?: "local" | "transfer";
  /** dockerd keeps its images in containerd, and so pulls as containerd does. */
  readonly imageStore?: "containerd";
  /** A pull without progress for so long is cancelled; 0: never. */
  readonly pullProgressTimeoutMs?: number;
  readonly maxConcurrentDownloads?: number;
}

/**
 * The kubelet's settings that decide when it pulls. Absent: not written, so the default of its version.
 * Source: KubeletConfiguration v1beta1.
 */
export interface KubeletSettings {
  readonly serializeImagePulls?: boolean;
  readonly maxParallelImagePulls?: number;
  /** Pulls a second; 0: no limit. */
  readonly registryPullQps?: number;
  readonly registryBurst?: number;
  readonly runtimeRequestTimeoutMs?: number;
  readonly imageGcHighThresholdPercent?: number;
  readonly featureGates?: Readonly<Record<string, boolean>>;
  /** Which images that are there a Pod may use without proof of its credentials (from 1.33; enforced by default from 1.35). */
  readonly imagePullCredentialsVerificationPolicy?:
    | "NeverVerify"
    | "NeverVerifyPreloadedImages"
    | "NeverVerifyAllowlistedImages"
    | "AlwaysVerify";
  readonly preloadedImagesVerificationAllowlist?: readonly string[];
  /** `1.29.3` of the node's kubelet, where known. */
  readonly version?: string;
}

/**
 * How a containerd is told of registries. `folders`: by `config_path`; `config-file`: by the older `registry.mirrors` and
 * `registry.configs` of config.toml; `none`: config.toml sets neither, so that a folder would not be looked at.
 */
export type RegistryStyle = "folders" | "config-file" | "none";

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
  /** Present: the registry configuration was seen, but not (all of) the authorities that the whole system trusts. */
  readonly systemRoots?: "unknown";
  /** Present: nobody has confirmed this for too long; how long ago it last was, for people: `20 min ago`. */
  readonly lastConfirmed?: () => string;
  /** Equal for profiles that differ in their name and registry hosts at most; absent where nobody can tell. */
  readonly likeness?: string;
  readonly credentials: NodeCredentials;
  /** Path of the registry configuration root on the node, for fixes: `/etc/containerd/certs.d`. */
  readonly hostsRoot: string;
  /** Absent: `folders`, and for other runtimes than containerd. */
  readonly registryStyle?: RegistryStyle;
  readonly settings: RuntimeSettings;
  readonly kubelet: KubeletSettings;
  /** What is wrong with the node's files whatever the registry; the rest is in each {@link HostPlan}. */
  readonly issues: readonly NodeConfigIssue[];
  /** Whether all repositories of a registry have one host plan, or each may have its own. */
  readonly hostsScope: "registry" | "repository";
  readonly hostsFor: (reference: ImageReference) => HostPlan;
}

/** One node as the cluster tells of it. */
export interface NodeState {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly images: readonly NodeImage[];
  /** False where more images may be there than are listed (the API server's list ends at 50). */
  readonly imagesAreComplete: boolean;
  /** Allocatable bytes, where the node tells. */
  readonly ephemeralStorageBytes?: number;
}

/** An image that a node holds. `names` as the runtime lists them: `repository:tag`, `repository@digest`, image ids. */
export interface NodeImage {
  readonly names: readonly string[];
  readonly sizeBytes: number;
}

/** Nodes of one profile that a Pod may land on. */
export interface NodeCandidates {
  readonly profile: NodeProfile;
  /** For people: `node-a and node-b`, `pool gpu (3 nodes)`, `any node with containerd 1.7.34`. */
  readonly where: string;
  /** Absent: the profile stands for nodes that nobody listed. */
  readonly nodes?: readonly NodeState[];
  /** The listed nodes stand for others like them: how many there are is not known. */
  readonly nodesAreSample?: true;
}

/** Port: which nodes a Pod may land on, grouped by profile. Asks nobody; at least one group comes back. */
export interface NodeSource {
  candidatesFor(pod: PodPullSpec): readonly NodeCandidates[];
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
  /** Names of the folders in a folder, sorted; absent where the implementation cannot tell. Only people are shown it. */
  folders?(path: string): readonly string[];
  exists(path: string): boolean;
}
