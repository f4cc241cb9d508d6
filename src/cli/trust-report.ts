import {
  type AdvisedNode,
  adviseRegistry,
  type HostTls,
  newestVersion,
  type ProxyRules,
  type RegistryAdvice,
  type RegistryHost,
  type RuntimeName,
} from "../node/index.js";
import {
  type RegistryView,
  type ServedAuthority,
  type ServedCertificate,
  servedAuthority,
  type TransportFault,
} from "../registry/index.js";
import type { GivenNode } from "./given-node.js";

/** Whether a store accepts what the registry serves. `missesAuthority`: an authority to trust is all that is missing. */
export interface StoreVerdict {
  readonly store: string;
  readonly trusted: boolean;
  readonly message?: string;
  readonly missesAuthority: boolean;
}

/** What to write on nodes of one runtime. */
export interface RuntimeAdvice extends RegistryAdvice {
  readonly runtime: RuntimeName;
}

export interface TrustReport {
  readonly registry: string;
  readonly address: string;
  readonly outcome: "tls" | "plain-http" | "unreachable";
  /** Why it could not be reached. */
  readonly fault?: string;
  readonly protocol?: string;
  readonly chain: readonly ServedCertificate[];
  readonly authority?: ServedAuthority;
  /** The node's, where one was shown, else those of the public roots that come with Node.js. */
  readonly verdicts: readonly StoreVerdict[];
  /** The node that was shown speaks plain HTTP with the registry already. */
  readonly nodeSpeaksHttp: boolean;
  /** What makes nodes accept the registry; empty where nothing is missing or no file would help. */
  readonly advice: readonly RuntimeAdvice[];
}

/** How a registry shall be looked at. */
export interface TrustQuestion {
  readonly registry: string;
  /** Where the runtime dials it. */
  readonly address: string;
  readonly stores: readonly { readonly name: string; readonly tls: HostTls }[];
  readonly nodeSpeaksHttp: boolean;
  readonly proxy?: ProxyRules;
  readonly dialTimeoutMs: number;
}

const dialTimeoutMs = 30_000;
const publicRoots: HostTls = { verify: true, extraCaPems: [], clientCertificates: [] };

/** The public roots judge first, then the node's own store for this registry, through the node's proxy. */
export function trustQuestion(registry: string, node: GivenNode | undefined): TrustQuestion {
  const reference = { written: `${registry}/repository:tag`, domain: registry, path: "repository", tag: "tag" };
  const plan = node?.profile.hostsFor(reference);
  // Where the registry is listed more than once, the first one that succeeds decides.
  const own = plan?.kind === "hosts" ? plan.hosts.find(({ mirrorOf }) => mirrorOf === undefined) : undefined;
  const host: Pick<RegistryHost, "address" | "tls" | "proxy" | "dialTimeoutMs"> = own ?? {
    address: registry === "docker.io" ? "registry-1.docker.io" : registry,
    tls: publicRoots,
    dialTimeoutMs,
  };
  const seen = node?.root === undefined ? undefined : own;
  const ownStore = seen === undefined ? [] : [{ name: `the node in ${node?.root}`, tls: seen.tls }];
  return {
    registry,
    address: host.address,
    stores: [{ name: "the public roots", tls: publicRoots }, ...ownStore],
    nodeSpeaksHttp: seen !== undefined && (seen.scheme === "http" || seen.httpFallback !== "never"),
    ...(host.proxy !== undefined && { proxy: host.proxy }),
    dialTimeoutMs: host.dialTimeoutMs,
  };
}

/** What was seen and what to do about it, for these runtimes. */
export function reportTrust(
  { registry, address, stores, nodeSpeaksHttp }: TrustQuestion,
  view: RegistryView,
  runtimes: readonly AdvisedNode[],
): TrustReport {
  const advise = (acceptance: "authority" | "plain-http") =>
    runtimes.map((node) => ({
      runtime: node.runtime.name,
      ...adviseRegistry(node, registry, address, acceptance),
    }));
  const nothing = { registry, address, nodeSpeaksHttp, chain: [], verdicts: [], advice: [] };
  switch (view.kind) {
    case "plain-http":
      return { ...nothing, outcome: "plain-http", advice: nodeSpeaksHttp ? [] : advise("plain-http") };
    case "fault":
      return { ...nothing, outcome: "unreachable", fault: view.fault.message };
    case "tls": {
      const verdicts = stores.map(({ name, tls }, index) => verdictOf(name, tls, view.verdicts[index]));
      const authority = servedAuthority(view.chain);
      return {
        registry,
        address,
        nodeSpeaksHttp,
        outcome: "tls",
        protocol: view.protocol,
        chain: view.chain,
        ...(authority !== undefined && { authority }),
        verdicts,
        advice: verdicts.at(-1)?.missesAuthority === true ? advise("authority") : [],
      };
    }
  }
}

/** The runtimes whose commands are shown where nobody says which the nodes have. */
export function everyRuntime(): readonly AdvisedNode[] {
  const roots: readonly (readonly [RuntimeName, string])[] = [
    ["containerd", "/etc/containerd/certs.d"],
    ["docker", "/etc/docker"],
    ["cri-o", "/etc/containers"],
  ];
  return roots.map(([name, hostsRoot]) => ({ runtime: newestVersion(name), hostsRoot }));
}

function verdictOf(store: string, tls: HostTls, fault: TransportFault | undefined): StoreVerdict {
  if (fault === undefined) return { store, trusted: true, missesAuthority: false };
  // The node would take any certificate; what its store says is told all the same.
  if (!tls.verify)
    return { store, trusted: true, message: `does not verify; else: ${fault.message}`, missesAuthority: false };
  const missesAuthority =
    fault.kind === "certificate" && (fault.reason === "unknown-authority" || fault.reason === "self-signed");
  return { store, trusted: false, message: fault.message, missesAuthority };
}
