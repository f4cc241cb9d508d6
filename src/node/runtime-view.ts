import type { ImageReference } from "../reference/index.js";
import type {
  FactOrigin,
  HostPlan,
  NodeConfigIssue,
  NodeFiles,
  RegistryStyle,
  RuntimeSettings,
  RuntimeVersion,
} from "./types.js";

/** What one runtime makes of a node's files. Each folder beside this file has one function that reads it. */
export interface RuntimeView {
  /** Folder or file where a person configures registries, for fixes. */
  readonly hostsRoot: string;
  readonly settings: RuntimeSettings;
  /** What is wrong whatever the registry. */
  readonly issues: readonly NodeConfigIssue[];
  readonly hostsScope: "registry" | "repository";
  /** Reads the files it needs anew at each call, as a runtime does at each pull (or as it would after a restart). */
  readonly hostsFor: (reference: ImageReference) => HostPlan;
  /** How containerd is told of registries; absent: by the folders below `hostsRoot`. */
  readonly registryStyle?: RegistryStyle;
  /** Proxies that the runtime's own configuration names (daemon.json from Docker 23 on). */
  readonly proxies?: ProxyOverrides;
  /** Files and helpers from which the runtime itself may take credentials for a repository; absent: it has none of its own. */
  readonly credentialSources?: (repository: string) => readonly string[];
}

/** Each value, as written, takes the place of the environment variable of that name; absent or empty ones do not. */
export interface ProxyOverrides {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly noProxy?: string;
  readonly origin: FactOrigin;
}

/** From what a view is read. */
export interface RuntimeFiles {
  readonly files: NodeFiles;
  readonly runtime: RuntimeVersion;
}
