import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { PullguardError } from "../core/index.js";

/** Which cluster is meant: what a person's `kubectl` or the Pod's own ServiceAccount would use, or one file. */
export type ClusterTarget = { readonly kind: "default" } | { readonly kind: "file"; readonly path: string };

/** A cluster that can be asked. `server` and `context` are for messages; `config` holds credentials. */
export interface ClusterAccess {
  readonly server: string;
  readonly context: string;
  /** The context's, or `default`: what kubectl takes where none is named. */
  readonly namespace: string;
  readonly core: CoreV1Api;
  readonly config: KubeConfig;
}

/**
 * Finds out which API server to ask; dials nothing. The default is what client-node takes: KUBECONFIG, `~/.kube/config`,
 * then the ServiceAccount mounted into a Pod.
 * @param contextName  of the kubeconfig, instead of its current context
 * @returns undefined where the default names no cluster at all
 * @throws PullguardError `InputInvalid` for a kubeconfig that cannot be read or names no cluster, and for a context that it lacks
 */
export function loadCluster(target: ClusterTarget, contextName?: string): ClusterAccess | undefined {
  const config = new KubeConfig();
  const place = target.kind === "file" ? target.path : "the default kubeconfig (KUBECONFIG or ~/.kube/config)";
  try {
    if (target.kind === "file") config.loadFromFile(target.path);
    else config.loadFromDefault();
  } catch (error) {
    throw new PullguardError("InputInvalid", `${place} cannot be used: ${loadFault(error)}`);
  }
  if (contextName !== undefined && !isPlaceholder(config)) chooseContext(config, contextName, place);
  const cluster = config.getCurrentCluster();
  if (cluster === null || isPlaceholder(config)) {
    if (target.kind === "default") return undefined;
    throw new PullguardError(
      "InputInvalid",
      `${place} cannot be used: its ${contextName === undefined ? "current-context" : "context"} names no cluster`,
    );
  }
  const server = originOf(cluster.server, place);
  // client-node refuses http unless TLS is not to be verified, though then there is none; `kubectl proxy` speaks http.
  if (server.startsWith("http:")) {
    config.clusters = config.clusters.map((each) => (each === cluster ? { ...each, skipTLSVerify: true } : each));
  }
  const context = config.getCurrentContext();
  const namespace = config.getContextObject(context)?.namespace || "default";
  return { server, context, namespace, core: config.makeApiClient(CoreV1Api), config };
}

function chooseContext(config: KubeConfig, name: string, place: string): void {
  // client-node takes a file without contexts for one.
  const names = (config.contexts ?? []).map((context) => context.name);
  if (!names.includes(name)) {
    const there = names.length === 0 ? "it has none" : `it has ${names.map((each) => `"${each}"`).join(", ")}`;
    throw new PullguardError("InputInvalid", `${place} has no context "${name}"; ${there}`);
  }
  config.setCurrentContext(name);
}

/** Scheme, host and port alone: a URL may carry a password. */
function originOf(server: unknown, place: string): string {
  const url = typeof server === "string" && URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url.origin;
  throw new PullguardError("InputInvalid", `${place} cannot be used: the cluster's server is no http(s) address`);
}

// Where nothing is configured client-node points at a server that nobody named; asking it would only cost time.
function isPlaceholder(config: KubeConfig): boolean {
  return (
    config.getCurrentContext() === "loaded-context" && config.getCurrentCluster()?.server === "http://localhost:8080"
  );
}

/** Never the parser's own message: js-yaml quotes the lines around a fault, and in a kubeconfig those hold tokens. */
function loadFault(error: unknown): string {
  if (!(error instanceof Error)) return "it cannot be read";
  if ("code" in error && typeof error.code === "string") return `it cannot be read (${error.code})`;
  if (error.name === "YAMLException") return `it is not valid YAML${lineOf(error)}`;
  return "it is not a kubeconfig";
}

function lineOf(error: Error): string {
  const mark: unknown = "mark" in error ? error.mark : undefined;
  if (typeof mark !== "object" || mark === null || !("line" in mark) || typeof mark.line !== "number") return "";
  return ` (line ${mark.line + 1})`;
}
