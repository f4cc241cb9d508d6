import type { AuditedObject, AuditSubject, ExpiryForecast } from "../audit/index.js";
import type { Check } from "../check/index.js";
import type { PullSecretEntry, SecretSource } from "../credentials/index.js";
import type { KubeletSettings, NodeCandidates, NodeFiles, NodeSource, NodeState } from "../node/index.js";
import type { ProfileMaker, PublishedProfile } from "../placement/index.js";
import type { DialSettings } from "../policy/index.js";
import type { PulledAttempt } from "../prediction/index.js";
import type { RegistryView, ViewQuestion } from "../registry/index.js";
import type { LayerObserver } from "../verification/index.js";

/** Where text goes: a stream's `write`. */
export interface TextSink {
  write(text: string): unknown;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process as the command line sees it, so that tests can be one. */
export interface CliIo {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** The environment; asked for only where it matters. */
  env(): Environment | Promise<Environment>;
  /** Whether stdout is a terminal. */
  readonly isTTY: boolean;
  /** Whether stderr is one, for what is gone when the command ends. */
  readonly stderrIsTTY?: boolean;
  /** Width of that terminal in characters. */
  readonly columns?: number;
  /** The name by which it was started, `pullguard` where absent: a plugin of kubectl has another. */
  readonly programName?: string;
  readonly deps: CliDeps;
}

/** What the commands need built for them. Each is called only by its own command, so that help stays quick. */
export interface CliDeps {
  readonly version: string;
  /** @returns undefined where no cluster is configured (only without a file) */
  openCluster(chosen: ChosenCluster): Promise<OpenCluster | undefined>;
  /** @returns undefined where no cluster is configured (only without a file) */
  openAuditedCluster(chosen: ChosenCluster): Promise<AuditedCluster | undefined>;
  openCheck(setup: CheckSetup): Promise<OpenCheck>;
  /** Looks at the certificates that a registry serves; asks it nothing else. */
  viewRegistry(question: ViewQuestion, signal: AbortSignal): Promise<RegistryView>;
  /** Text for people about one cause code, or undefined for a code that does not exist. */
  explainCause(code: string): string | undefined | Promise<string | undefined>;
  /** Every cause code that can be explained. */
  causeCodes(): readonly string[] | Promise<readonly string[]>;
  /** Runs the webhook until it is told to stop; resolves with the exit code. */
  serve(flags: ServeFlags): Promise<number>;
  /** Runs the node agent until it is told to stop; resolves with the exit code. */
  nodeAgent(flags: NodeAgentFlags): Promise<number>;
  /** Makes the serving certificate. */
  makeCertificates(flags: CertsFlags): Promise<MadeCertificates>;
}

/** A kubeconfig and one of its contexts; what is absent is as kubectl takes it. */
export interface ChosenCluster {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export interface OpenCluster {
  readonly server: string;
  /** Of the context: where kubectl puts what names none. */
  readonly namespace: string;
  readonly secrets: SecretSource;
  /**
   * Nodes and their profiles as they are now, or why they cannot be had.
   * @param signal gives up
   */
  listNodes(signal: AbortSignal): Promise<ListedNodes | { readonly problem: string }>;
}

/** A cluster as `pullguard audit` sees it. */
export interface AuditedCluster extends Omit<OpenCluster, "listNodes"> {
  listNodes(signal: AbortSignal): Promise<ListedStates | { readonly problem: string }>;
  /**
   * Everything that runs Pods, of one namespace where one is named.
   * @param signal gives up
   */
  listAudited(namespace: string | undefined, signal: AbortSignal): Promise<AuditedObjects>;
  /** @returns undefined where that cannot be known, for want of rights for example */
  namespaceExists(namespace: string, signal: AbortSignal): Promise<boolean | undefined>;
}

/** What runs in a cluster. `missing`: kinds that could not be listed, and why. */
export interface AuditedObjects {
  readonly objects: readonly AuditedObject[];
  readonly missing: readonly { readonly plural: string; readonly reason: string }[];
  /** Why nothing at all could be listed. */
  readonly failure?: string;
}

export interface ListedNodes {
  readonly open: (maker: ProfileMaker) => NodeSource;
  /** What else could not be listed, in plural. */
  readonly missing: readonly string[];
}

export interface ListedStates extends ListedNodes {
  readonly states: readonly NodeState[];
}

export interface CheckSetup {
  readonly secrets: SecretSource;
  /** Whether a Secret that is not found may still be created before the kubelet looks; false for a closed set of files. */
  readonly missingSecretsMayAppear: boolean;
  /** Pods come from an API server that has merged their ServiceAccount's Secrets in. */
  readonly completedPods?: boolean;
  readonly node: NodeView;
  /** Told of every image that can be pulled. */
  readonly onPulled?: (image: string, attempt: PulledAttempt) => void;
  /** `skip`: what manifests list is not looked at. */
  readonly layers?: "check" | "skip";
  /** Present: every layer is read as a whole. */
  readonly verification?: VerificationSetup;
  /** Nodes of a cluster; absent: they are what `node` says. */
  readonly openNodes?: (maker: ProfileMaker) => NodeSource;
  /** Which hosts and addresses may be dialled, beyond the usual. */
  readonly dial?: DialSettings;
  /** Hears that one more image has been judged. */
  readonly onFinding?: () => void;
}

/** How whole layers are read. */
export interface VerificationSetup {
  /** For all layers together; 0: no limit. */
  readonly bytesPerSecond: number;
  readonly observer?: LayerObserver;
}

/** What the person told about the nodes; everything absent is not known. */
export interface NodeView {
  /** `linux/amd64`, as written. */
  readonly platform?: string;
  /** `containerd://1.7.13`, as written. */
  readonly runtime?: string;
  /** The folder that looks like a node's `/`, and its files. */
  readonly root?: { readonly path: string; readonly files: NodeFiles };
  /** NodePullProfiles that came with the input: the nodes are some of those. */
  readonly profiles?: readonly PublishedProfile[];
  /** `none`: the nodes are known to hold no registry credentials of their own. */
  readonly credentials: "none" | "unknown" | GivenNodeCredentials;
  readonly kubelet?: KubeletSettings;
  /** What each of the nodes holds; absent: nobody listed it. */
  readonly listed?: Pick<NodeCandidates, "nodes" | "nodesAreSample">;
}

/** A file with every credential that the nodes have of themselves, be it from their files or from credential providers. */
export interface GivenNodeCredentials {
  readonly path: string;
  /** What the file holds now; the same array for as long as that is the same. */
  readonly entries: () => readonly PullSecretEntry[];
}

export interface OpenCheck {
  readonly check: Check;
  /** What ends by itself of the registry that these images are of. */
  forecast?(subjects: readonly AuditSubject[], signal: AbortSignal): Promise<readonly ExpiryForecast[]>;
  close(): Promise<void>;
}

/** What `pullguard serve` was told; what it means and what is valid is the configuration's business. */
export interface ServeFlags {
  /** By configuration name (`certDir`), as written; absent where not given. `config` names a configuration file. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** The settings in a YAML or JSON file, undefined for none. Throws PullguardError `InputInvalid`. */
  readonly readFile: (path: string) => unknown;
  /** The PullguardConfig in such a file, undefined for none, null for an empty file; not looked into. Throws PullguardError `InputInvalid`. */
  readonly readPolicy: (path: string) => unknown;
}

/** What `pullguard node-agent` was told. Times in milliseconds. */
export interface NodeAgentFlags {
  readonly nodeName: string;
  readonly hostRoot: string;
  readonly namespace: string;
  readonly intervalMs: number;
  readonly heartbeatMs: number;
  /** Port of probes, over HTTP. */
  readonly port: number;
  readonly kubeconfig?: string;
  readonly logLevel: string;
}

export interface CertsFlags {
  readonly dir: string;
  /** DNS names or IP addresses, at least one. */
  readonly names: readonly string[];
  readonly days: number;
  readonly force: boolean;
}

export interface MadeCertificates {
  /** Base64 of the CA certificate's PEM, for `caBundle` of the webhook configuration. */
  readonly caBundle: string;
  readonly files: readonly string[];
}
