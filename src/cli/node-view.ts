import { readFileSync } from "node:fs";
import { PullguardError } from "../core/index.js";
import { type KubeletSettings, type NodeImage, readKubeletSettings } from "../node/index.js";
import { parseValues } from "./documents.js";
import { loadNodeCredentials } from "./node-credentials.js";
import { parseNodeImages } from "./node-images.js";
import { nodeFilesBelow } from "./node-root.js";
import { readInputFile } from "./read-input.js";
import type { NodeView } from "./types.js";

/** What a person may say about the nodes, as commander names the flags. */
export interface NodeFlags {
  readonly platform?: string;
  readonly runtime?: string;
  readonly nodeRoot?: string;
  /** `none`, `unknown` or the path of a file. */
  readonly nodeCredentials: string;
  readonly kubeletConfig?: string;
  readonly kubeletVersion?: string;
  /** Images that every node holds. */
  readonly present?: readonly string[];
  /** Files that list what nodes hold. */
  readonly nodeImages?: readonly string[];
}

/** Where kubeadm and most distributions keep the kubelet's configuration. */
const kubeletConfigPath = "/var/lib/kubelet/config.yaml";

/**
 * What is known of the nodes from flags and the files they name.
 * @throws PullguardError `InputInvalid` for what cannot be read, `NodeConfigInvalid` for a kubelet configuration that is none
 */
export async function readNodeView(flags: NodeFlags): Promise<NodeView> {
  const { nodeCredentials, platform, runtime, nodeRoot } = flags;
  const credentials =
    nodeCredentials === "none" || nodeCredentials === "unknown"
      ? nodeCredentials
      : await loadNodeCredentials(nodeCredentials);
  const root = nodeRoot === undefined ? undefined : { path: nodeRoot, files: nodeFilesBelow(nodeRoot) };
  const listed = await listedNodes(flags);
  const kubelet = kubeletSettings(flags, root);
  return {
    ...(platform === undefined ? {} : { platform }),
    ...(runtime === undefined ? {} : { runtime }),
    ...(root === undefined ? {} : { root }),
    credentials,
    ...(Object.keys(kubelet).length === 0 ? {} : { kubelet }),
    ...(listed === undefined ? {} : { listed }),
  };
}

function kubeletSettings({ kubeletConfig, kubeletVersion }: NodeFlags, root: NodeView["root"]): KubeletSettings {
  if (kubeletVersion !== undefined && !/^v?\d+\.\d+/.test(kubeletVersion)) {
    throw new PullguardError(
      "InputInvalid",
      `--kubelet-version ${JSON.stringify(kubeletVersion)} is none such as 1.35.0`,
    );
  }
  const version = kubeletVersion === undefined ? {} : { version: kubeletVersion.replace(/^v/, "") };
  if (kubeletConfig !== undefined) {
    return { ...parseKubeletConfig(kubeletConfig, readText(kubeletConfig)), ...version };
  }
  const found = root?.files.read(kubeletConfigPath);
  const written = found?.kind === "text" ? parseKubeletConfig(kubeletConfigPath, found.text) : {};
  return { ...written, ...version };
}

function parseKubeletConfig(name: string, text: string): KubeletSettings {
  const [first, second] = parseValues({ name, text });
  if (second !== undefined) throw new PullguardError("InputInvalid", `${name}: holds more than one document`);
  try {
    return readKubeletSettings(first?.value ?? {});
  } catch (error) {
    if (!(error instanceof PullguardError)) throw error;
    throw new PullguardError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const reason = code === "ENOENT" ? "no such file" : `cannot be read (${code})`;
    throw new PullguardError("InputInvalid", `${path}: ${reason}`, { cause: error });
  }
}

/** Undefined where nobody said what nodes hold. `--present` names are there, whatever else is. */
async function listedNodes({ present, nodeImages }: NodeFlags): Promise<NodeView["listed"]> {
  if (present === undefined && nodeImages === undefined) return undefined;
  const given: readonly NodeImage[] = (present ?? []).map((name) => ({ names: [name], sizeBytes: 0 }));
  const files = [];
  for (const file of nodeImages ?? []) files.push(parseNodeImages(await readInputFile(file)));
  const nodes = files.flatMap((file) => file.nodes);
  const everyNode = { name: "every node", labels: {}, images: [], imagesAreComplete: false };
  const states = nodes.length === 0 ? [everyNode] : nodes;
  const isWhole = files.length > 0 && files.every(({ isWholeCluster }) => isWholeCluster);
  return {
    nodes: states.map((state) => ({ ...state, images: [...state.images, ...given] })),
    ...(isWhole ? {} : { nodesAreSample: true }),
  };
}
