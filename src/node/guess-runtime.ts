import type { NodeFiles, RuntimeName, RuntimeVersion } from "./types.js";

/** A runtime that a node's files speak for, and what speaks for it. */
export interface RuntimeGuess {
  readonly name: RuntimeName;
  /** One line for people. */
  readonly because: string;
}

/** Where the kubelet is told of its runtime: kubeadm's flags, its configuration, and what packages have units read. */
const kubeletFiles: readonly string[] = [
  "/var/lib/kubelet/kubeadm-flags.env",
  "/var/lib/kubelet/config.yaml",
  "/etc/kubernetes/kubelet-config.yaml",
  "/etc/kubernetes/kubelet/config.json",
  "/etc/default/kubelet",
  "/etc/sysconfig/kubelet",
];

/**
 * Which runtime a node has, from its files alone. The kubelet's own setting counts most, for folders of other runtimes lie on
 * many nodes: docker-ce brings /etc/containerd along, and containerd 2.2 looks into /etc/docker/certs.d. Undefined where
 * nothing speaks for any. Good enough to show a person something, never to deny a workload.
 */
export function guessRuntime(files: NodeFiles): RuntimeGuess | undefined {
  const told = toldToKubelet(files);
  if (told !== undefined) return told;
  const place = places.find(({ path, unless }) => files.exists(path) && unless?.(files) !== true);
  return place === undefined ? undefined : { name: place.name, because: `${place.path} exists` };
}

/**
 * Every runtime that the node may pull with, as far as its files tell; empty where nothing speaks for any. With configuration
 * of several runtimes and no word to the kubelet it may be each of them.
 */
export function possibleRuntimes(files: NodeFiles): readonly RuntimeName[] {
  const told = toldToKubelet(files);
  if (told !== undefined) return [told.name];
  const found = configuration.filter(({ path, unless }) => files.exists(path) && unless?.(files) !== true);
  return [...new Set(found.map(({ name }) => name))];
}

function toldToKubelet(files: NodeFiles): RuntimeGuess | undefined {
  for (const file of kubeletFiles) {
    const reading = files.read(file);
    const endpoint = reading.kind === "text" ? endpointIn(reading.text) : undefined;
    const name = endpoint === undefined ? undefined : runtimeBehind(endpoint);
    if (name !== undefined) return { name, because: `${file} names ${endpoint}` };
  }
  return undefined;
}

function endpointIn(text: string): string | undefined {
  return /container-?runtime-?endpoint["']?(?:\s+|\s*[=:]\s*)["']?(?:unix:\/\/)?([^\s"',]+)/i.exec(text)?.[1];
}

function runtimeBehind(endpoint: string): RuntimeName | undefined {
  if (endpoint.includes("crio")) return "cri-o";
  if (/docker/.test(endpoint)) return "docker";
  return endpoint.includes("containerd") ? "containerd" : undefined;
}

interface Place {
  readonly name: RuntimeName;
  readonly path: string;
  readonly unless?: (files: NodeFiles) => boolean;
}

/** Where somebody has configured a runtime. What comes with tools alone, such as /etc/containers, speaks for none. */
const configuration: readonly Place[] = [
  { name: "containerd", path: "/etc/containerd/certs.d" },
  { name: "containerd", path: "/etc/containerd/config.toml", unless: servesNoKubelet },
  { name: "docker", path: "/etc/docker/daemon.json" },
  { name: "docker", path: "/etc/docker/certs.d" },
  { name: "cri-o", path: "/etc/crio" },
  { name: "cri-o", path: "/etc/containers/registries.conf" },
  { name: "cri-o", path: "/etc/containers/registries.conf.d" },
  { name: "cri-o", path: "/etc/containers/certs.d" },
];

const places: readonly Place[] = [
  { name: "cri-o", path: "/etc/crio" },
  { name: "containerd", path: "/etc/containerd/certs.d" },
  { name: "containerd", path: "/etc/containerd/config.toml", unless: servesNoKubelet },
  { name: "docker", path: "/etc/docker/daemon.json" },
  { name: "docker", path: "/etc/docker/certs.d" },
  { name: "docker", path: "/var/lib/docker" },
  { name: "containerd", path: "/etc/containerd", unless: servesNoKubelet },
  { name: "cri-o", path: "/etc/containers" },
];

/** docker-ce's containerd has the plugin for the kubelet switched off. */
function servesNoKubelet(files: NodeFiles): boolean {
  const reading = files.read("/etc/containerd/config.toml");
  if (reading.kind !== "text") return false;
  const start = /^[ \t]*disabled_plugins[ \t]*=[ \t]*\[/m.exec(reading.text);
  const list = start === null ? "" : reading.text.slice(start.index + start[0].length).split("]", 1)[0];
  return /["'](?:[\w.]*\.)?cri["']/.test(list ?? "");
}

const newest: Readonly<Record<RuntimeName, Omit<RuntimeVersion, "name">>> = {
  containerd: { major: 2, minor: 3, patch: 4 },
  docker: { major: 28, minor: 5, patch: 2 },
  "cri-o": { major: 1, minor: 34, patch: 0 },
  podman: { major: 5, minor: 6, patch: 2 },
};

/** The version to show a runtime by when nobody says which it is. */
export function newestVersion(name: RuntimeName): RuntimeVersion {
  return { name, ...newest[name] };
}
