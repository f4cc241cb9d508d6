import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { rootCertificates } from "node:tls";
import { type AgentEvent, runAgent } from "../../src/agent/index.js";
import { systemClock } from "../../src/bin/system.js";
import { nodeFilesBelow, signaturesBelow } from "../../src/cli/index.js";
import { clusterPublisher, loadCluster } from "../../src/cluster/index.js";
import { wellKnownRoots } from "../../src/node/index.js";
import { type KubeObject, objectPath } from "../support/kube/index.js";
import { agentAccount, quietly, type World } from "./world.js";

/** One agent as its DaemonSet would run it, on a folder that stands for its node. */
export interface RunningAgent {
  readonly root: string;
  readonly events: AgentEvent[];
  /** Replaces a file as editors and configuration tools do. */
  write(path: string, text: string): void;
  die(): Promise<void>;
}

/** Makes a Node, or leaves it as it is. */
export async function addNode(
  { admin }: World,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const node: KubeObject = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", ...labels } },
  };
  await quietly(admin.apply(node));
  const nodeInfo = {
    ...{ architecture: "amd64", operatingSystem: "linux", kubeletVersion: "v1.36.2", osImage: "test" },
    ...{ bootID: "", kernelVersion: "", kubeProxyVersion: "", machineID: "", systemUUID: "" },
    containerRuntimeVersion: "containerd://1.7.34",
  };
  await quietly(admin.call("PATCH", `${objectPath(node)}/status`, { status: { nodeInfo } }, merge));
}

/** Starts an agent that looks at its files all the time. */
export function startAgent(
  { kube, agentKubeconfig }: World,
  node: string,
  files: Readonly<Record<string, string>>,
): RunningAgent {
  const root = mkdtempSync(join(kube.folder, "host-"));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, `${path}.new`), text);
    renameSync(join(root, `${path}.new`), join(root, path));
  };
  const everyNode = {
    "/etc/containerd/config.toml":
      'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n',
    "/var/lib/kubelet/cpu_manager_state": "{}",
  };
  for (const [path, text] of Object.entries({ ...everyNode, ...files })) write(path, text);
  const access = loadCluster({ kind: "file", path: agentKubeconfig });
  assert.ok(access !== undefined);
  const stopping = new AbortController();
  const events: AgentEvent[] = [];
  const running = runAgent(
    {
      clock: systemClock,
      publisher: clusterPublisher({ access, clock: systemClock, namespace: agentAccount.namespace }),
      nodeName: node,
      openHost: () => ({ tree: nodeFilesBelow(root), signature: signaturesBelow(root) }),
      wellKnown: wellKnownRoots(rootCertificates),
      intervalMs: 50,
      heartbeatMs: 1_000,
      onEvent: (event) => void events.push(event),
    },
    stopping.signal,
  );
  return {
    ...{ root, write, events },
    die: async () => {
      stopping.abort(new Error("killed"));
      await running;
    },
  };
}

const merge = "application/merge-patch+json";
