import { matchingProviders, parseNodeCredentials } from "../credentials/index.js";
import type { Platform } from "../oci/index.js";
import { planHosts } from "./containerd/host-plan.js";
import { readCredentialProviders } from "./credential-providers.js";
import { nodeFilesFromMap } from "./files.js";
import { assumedRuntimes, renderRuntime } from "./runtime.js";
import type { NodeCredentials, NodeFiles, NodeProfile, RuntimeVersion } from "./types.js";

/** Where containerd's registry configuration lies on almost every node. */
export const defaultHostsRoot = "/etc/containerd/certs.d";

/** A node whose files can be read. */
export interface ContainerdNode {
  readonly name: string;
  readonly files: NodeFiles;
  readonly runtime: RuntimeVersion;
  readonly platform?: Platform;
  /** The folders of containerd's `config_path`; {@link defaultHostsRoot} unless told otherwise. */
  readonly hostsRoots?: readonly string[];
  /** At least 32 random bytes of this process, under which credentials are told apart. */
  readonly identityKey: Uint8Array;
  /** The kubelet's `--root-dir`, `/var/lib/kubelet` unless told otherwise. */
  readonly kubeletRoot?: string;
  /** `HOME` of the kubelet, `/root` unless told otherwise. */
  readonly kubeletHome?: string;
}

/** What may be known of nodes whose files nobody showed. */
export interface UnseenNode {
  readonly runtime?: RuntimeVersion;
  readonly platform?: Platform;
}

/**
 * The profile of a node whose configuration lies before us: its hosts, CAs and credentials are known.
 * Files are read anew for each `hostsFor`, the credentials once.
 */
export function containerdProfile(node: ContainerdNode): NodeProfile {
  const roots = node.hostsRoots ?? [defaultHostsRoot];
  return {
    name: node.name,
    runtime: node.runtime,
    ...(node.platform !== undefined && { platform: node.platform }),
    trust: "known",
    credentials: readCredentials(node),
    hostsRoot: roots[0] ?? defaultHostsRoot,
    hostsFor: (domain) => planHosts(node.files, roots, domain, node.runtime),
  };
}

/** The profile of nodes that nobody showed: every registry at its own address, trust and credentials unknown. */
export function unseenNodeProfile({ runtime = newestRuntime, platform }: UnseenNode): NodeProfile {
  const files = nodeFilesFromMap({});
  return {
    name: `any node with ${renderRuntime(runtime)}`,
    runtime,
    ...(platform !== undefined && { platform }),
    trust: "unknown",
    credentials: { kind: "unknown" },
    hostsRoot: defaultHostsRoot,
    hostsFor: (domain) => planHosts(files, [], domain, runtime),
  };
}

/** What {@link candidateProfiles} starts from: the files of a node, if any, and its runtime, if known. */
export type CandidateNode = UnseenNode & { readonly node?: Omit<ContainerdNode, "runtime" | "platform"> };

/** One profile for each way in which the node may behave: just one where its runtime is known, else one for each assumed runtime. */
export function candidateProfiles({ runtime, platform, node }: CandidateNode): readonly NodeProfile[] {
  const runtimes = runtime === undefined ? assumedRuntimes : [runtime];
  return runtimes.map((candidate) => {
    const known = { runtime: candidate, ...(platform !== undefined && { platform }) };
    const assumed = runtime === undefined ? ({ runtimeIsAssumed: true } as const) : {};
    if (node === undefined) return { ...unseenNodeProfile(known), ...assumed };
    const name = runtime === undefined ? `${node.name} (${renderRuntime(candidate)})` : node.name;
    return { ...containerdProfile({ ...node, ...known, name }), ...assumed };
  });
}

const newestRuntime: RuntimeVersion = { name: "containerd", major: 2, minor: 3, patch: 4 };

/** A file that is there but cannot be read leaves the credentials unknown: the kubelet may find some in it. */
function readCredentials(node: ContainerdNode): NodeCredentials {
  const kubeletRoot = node.kubeletRoot ?? "/var/lib/kubelet";
  let unreadable = false;
  const read = (path: string): string | undefined => {
    const reading = node.files.read(path);
    if (reading.kind === "unreadable") unreadable = true;
    return reading.kind === "text" ? reading.text : undefined;
  };
  const { keyring, file } = parseNodeCredentials(
    read,
    { kubeletRoot, home: node.kubeletHome ?? "/root" },
    { identityKey: node.identityKey },
  );
  const providers = readCredentialProviders(node.files, kubeletRoot);
  if (unreadable || providers === "unreadable") return { kind: "unknown" };
  return {
    kind: "known",
    lookup: (repository) => keyring.lookup(repository),
    files: file === undefined ? [] : [file],
    ...(providers.length === 0 ? {} : { providersFor: (repository) => matchingProviders(providers, repository) }),
  };
}
