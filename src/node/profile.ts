import { type Clock, unreachable } from "../core/index.js";
import { matchingProviders, parseNodeCredentials } from "../credentials/index.js";
import type { Platform } from "../oci/index.js";
import { readContainerd } from "./containerd/view.js";
import { readContainersImage } from "./containers-image/view.js";
import { readCredentialProviders } from "./credential-providers.js";
import { readDocker } from "./docker/view.js";
import { followSurroundings, readSurroundings, surrounded } from "./environment/surroundings.js";
import { nodeFilesFromMap } from "./files.js";
import { possibleRuntimes } from "./guess-runtime.js";
import { readNodeKubelet } from "./kubelet/settings.js";
import { assumedReleases, assumedRuntimes, renderRuntime } from "./runtime.js";
import type { RuntimeView } from "./runtime-view.js";
import type { NodeCredentials, NodeFiles, NodeProfile, RuntimeVersion } from "./types.js";

/** A node whose files can be read. */
export interface SeenNode {
  readonly name: string;
  readonly files: NodeFiles;
  readonly runtime: RuntimeVersion;
  readonly platform?: Platform;
  /** The folders of containerd's `config_path` where the node's config.toml is not to be asked. */
  readonly hostsRoots?: readonly string[];
  /** At least 32 random bytes of this process, under which credentials are told apart. */
  readonly identityKey: Uint8Array;
  /** The kubelet's `--root-dir`, `/var/lib/kubelet` unless told otherwise. */
  readonly kubeletRoot?: string;
  /** `HOME` of the kubelet, `/root` unless told otherwise. */
  readonly kubeletHome?: string;
  /** When the system's certificates and the runtime's environment are read again; absent: never. */
  readonly clock?: Clock;
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
export function seenNodeProfile(node: SeenNode): NodeProfile {
  const { proxies, credentialSources, hostsFor, ...view } = readRuntime(node);
  const surroundings = followSurroundings(() => readSurroundings(node.files, node.runtime.name, proxies), node.clock);
  const { trustIssues, environmentIssues } = surroundings();
  return {
    name: node.name,
    runtime: node.runtime,
    ...(node.platform !== undefined && { platform: node.platform }),
    trust: "known",
    credentials: withRuntimeSources(readCredentials(node), credentialSources),
    kubelet: readNodeKubelet(node.files, node.kubeletRoot),
    ...view,
    issues: [...view.issues, ...trustIssues, ...environmentIssues],
    hostsFor: (reference) => surrounded(hostsFor(reference), surroundings()),
  };
}

/** What the runtime may know besides the kubelet is as unseen as what a credential provider would say. */
function withRuntimeSources(credentials: NodeCredentials, sources: RuntimeView["credentialSources"]): NodeCredentials {
  if (credentials.kind === "unknown" || sources === undefined) return credentials;
  const { providersFor } = credentials;
  return {
    ...credentials,
    providersFor: (repository) => [...(providersFor?.(repository) ?? []), ...sources(repository)],
  };
}

/** What a node's runtime makes of its files. */
export function readRuntime({
  files,
  runtime,
  hostsRoots,
  identityKey,
}: Pick<SeenNode, "files" | "runtime" | "hostsRoots" | "identityKey">): RuntimeView {
  switch (runtime.name) {
    case "containerd":
      return readContainerd({ files, runtime }, { hostsRoots, identityKey });
    case "docker":
      return readDocker({ files, runtime });
    case "cri-o":
    case "podman":
      return readContainersImage({ files, runtime });
    default:
      return unreachable(runtime.name);
  }
}

/** The profile of nodes that nobody showed: every registry at its own address, trust and credentials unknown. */
export function unseenNodeProfile({ runtime = newestRuntime, platform }: UnseenNode): NodeProfile {
  const name = `any node with ${renderRuntime(runtime)}`;
  const node: SeenNode = { name, files: nodeFilesFromMap({}), runtime, hostsRoots: [], identityKey: new Uint8Array() };
  const { credentialSources: _, ...view } = readRuntime(node);
  return {
    name,
    runtime,
    ...(platform !== undefined && { platform }),
    trust: "unknown",
    credentials: { kind: "unknown" },
    kubelet: {},
    ...view,
  };
}

/** What {@link candidateProfiles} starts from: the files of a node, if any, and its runtime, if known. */
export type CandidateNode = UnseenNode & { readonly node?: Omit<SeenNode, "runtime" | "platform"> };

/** One profile for each way in which the node may behave: just one where its runtime is known, else one for each assumed runtime. */
export function candidateProfiles({ runtime, platform, node }: CandidateNode): readonly NodeProfile[] {
  const runtimes = runtime === undefined ? assumedFor(node) : [runtime];
  return runtimes.map((candidate) => {
    const known = { runtime: candidate, ...(platform !== undefined && { platform }) };
    const assumed = runtime === undefined ? ({ runtimeIsAssumed: true } as const) : {};
    if (node === undefined) return { ...unseenNodeProfile(known), ...assumed };
    const name = runtime === undefined ? `${node.name} (${renderRuntime(candidate)})` : node.name;
    return { ...seenNodeProfile({ ...node, ...known, name }), ...assumed };
  });
}

const newestRuntime: RuntimeVersion = { name: "containerd", major: 2, minor: 3, patch: 4 };

/** A node's files may speak for a runtime; where they do not, it is taken for containerd, as most are. */
function assumedFor(node: CandidateNode["node"]): readonly RuntimeVersion[] {
  const possible = node === undefined ? [] : possibleRuntimes(node.files);
  return possible.length === 0 ? assumedRuntimes : possible.flatMap(assumedReleases);
}

/** A file that is there but cannot be read leaves the credentials unknown: the kubelet may find some in it. */
function readCredentials(node: SeenNode): NodeCredentials {
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
