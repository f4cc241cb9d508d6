import { posix } from "node:path";
import { readNodeCredentialHosts } from "../../credentials/index.js";
import type { Platform } from "../../oci/index.js";
import type { ImageReference } from "../../reference/index.js";
import { readCredentialProviders } from "../credential-providers.js";
import { readRuntimeEnvironment } from "../environment/runtime-environment.js";
import { readSurroundings } from "../environment/surroundings.js";
import { readSystemRoots } from "../environment/system-roots.js";
import { readNodeKubelet } from "../kubelet/settings.js";
import { readRuntime } from "../profile.js";
import type { RuntimeView } from "../runtime-view.js";
import type { NodeFiles, RuntimeVersion } from "../types.js";
import { type AskedPaths, type NodeTree, recordFiles } from "./recorder.js";
import type { CredentialStatement, ProfileSpec, PublishedFile, SystemTrust } from "./spec.js";
import { fingerprintOf, type WellKnownRoots } from "./well-known.js";
import { withholdSecrets } from "./withhold.js";

/** A node as its agent sees it. `runtimeText` is what the Node object says: `containerd://1.7.13`. */
export interface GatheredNode {
  readonly tree: NodeTree;
  readonly runtime: RuntimeVersion;
  readonly runtimeText: string;
  readonly platform?: Platform;
  /** `1.29.3`. */
  readonly kubeletVersion?: string;
  readonly wellKnown: WellKnownRoots;
  readonly kubeletRoot?: string;
  readonly kubeletHome?: string;
}

/** All that is published of one spec's files, in characters; the rest is named without its text. */
const maxTotalLength = 700 * 1024;
/** Registries whose configuration is looked for; more folders than that nobody has. */
const maxRegistries = 500;

const probe = "probe.pullguard.invalid";
/** Stores of the whole system: published by fingerprint, unless a registry's configuration names a file there. */
const trustStore = /^\/(etc\/(ssl|pki)|usr\/(local\/)?share\/ca-certificates)\//;

/**
 * Reads what decides pulls on a node. The runtime's own reader is asked for every registry that the files mention, and
 * the files that it looks at are those that are published. No secret is among them.
 */
export function gatherProfile(node: GatheredNode): ProfileSpec {
  const { tree, runtime } = node;
  const { files, asked } = recordFiles(tree);
  const isShown = isConfigurationShown(node);
  if (isShown) {
    const view = readRuntime({ files, runtime, identityKey: new Uint8Array() });
    planEverything(view, tree, asked);
    // What it is started with decides as well: proxies, and where its authorities are.
    readSurroundings(files, runtime.name, view.proxies);
  }
  const kubelet = readNodeKubelet(tree, node.kubeletRoot);
  const systemTrust = gatherTrust(tree, runtime, node.wellKnown);
  return {
    runtime: node.runtimeText,
    ...(node.platform === undefined ? {} : { platform: node.platform }),
    kubelet: { ...kubelet, ...(node.kubeletVersion === undefined ? {} : { version: node.kubeletVersion }) },
    ...(isShown ? { files: gatherFiles(tree, asked) } : {}),
    ...(systemTrust === undefined ? {} : { systemTrust }),
    credentials: gatherCredentials(node, tree),
  };
}

/** Where the configuration of each runtime lies, if it is where its own documentation puts it. */
const usualPlaces = {
  containerd: ["/etc/containerd/config.toml", "/etc/containerd/certs.d"],
  docker: ["/etc/docker"],
  "cri-o": ["/etc/crio", "/etc/containers"],
  podman: ["/etc/containers"],
} as const satisfies Record<RuntimeVersion["name"], readonly string[]>;

/**
 * Whether what the runtime reads is among the files. Distributions that bring their own containerd keep its configuration
 * elsewhere, and that `/etc` has none then says nothing: K3s and RKE2 below `/var/lib/rancher` (their version says so),
 * Talos in `/etc/cri`.
 * Source: k3s pkg/agent/containerd; siderolabs/talos, pkg/machinery/constants `CRIContainerdConfig`
 */
function isConfigurationShown({ tree, runtime, runtimeText }: GatheredNode): boolean {
  if (/k3s|rke2/.test(runtimeText) || tree.exists("/etc/cri/containerd.toml")) return false;
  return usualPlaces[runtime.name].some((place) => tree.exists(place));
}

/** Asks for every registry that a folder or a text names, until no new one turns up. */
function planEverything(view: RuntimeView, tree: NodeTree, asked: AskedPaths): void {
  const planned = new Set<string>();
  const pending = ["docker.io", "localhost:5000", `${probe}:5000`, probe];
  for (let domain = pending.pop(); domain !== undefined; domain = pending.pop()) {
    if (planned.has(domain)) continue;
    planned.add(domain);
    view.hostsFor(referenceIn(domain));
    if (pending.length > 0 || planned.size > maxRegistries) continue;
    pending.push(...mentionedRegistries(tree, asked).filter((found) => !planned.has(found)));
  }
}

function referenceIn(domain: string): ImageReference {
  return { written: `${domain}/pullguard/probe`, domain, path: "pullguard/probe", tag: "latest" };
}

function mentionedRegistries(tree: NodeTree, asked: AskedPaths): readonly string[] {
  const paths = [...asked.reads, ...asked.lists, ...asked.tests];
  const roots = new Set(paths.filter((path) => posix.basename(path).startsWith(probe)).map(posix.dirname));
  const folders = [...roots].flatMap((root) => [...tree.folders(root), ...(tree.list(root) ?? [])]);
  const named = folders.map((name) => name.replace(/_(\d+)_$/, ":$1")).filter((name) => !name.startsWith("_"));
  const texts = [...asked.reads]
    .filter((path) => /\.(toml|json|conf|service)$/.test(path))
    .flatMap((path) => {
      const reading = tree.read(path);
      return reading.kind === "text" ? [reading.text] : [];
    });
  const inTexts = texts.flatMap((text) => text.match(/[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?/g) ?? []);
  return [...named, ...inTexts.filter((word) => /[.:]/.test(word) && !/^[\d.]+$|\.$/.test(word))];
}

function gatherFiles(tree: NodeTree, asked: AskedPaths): readonly PublishedFile[] {
  const found = new Map<string, PublishedFile>();
  const named = namedPaths(tree, asked);
  let length = 0;
  const add = (path: string): void => {
    if (found.has(path) || (trustStore.test(path) && !named.has(path))) return;
    const file = publishedFile(tree, path);
    if (file === undefined) return;
    length += (file.content?.length ?? 0) + path.length;
    found.set(path, length > maxTotalLength ? { path, unreadable: "too much to be published" } : file);
  };
  for (const path of cleaned(asked.lists)) {
    if (trustStore.test(`${path}/`)) continue;
    for (const name of tree.list(path) ?? []) add(posix.join(path, name));
    addFolder(tree, path, found);
  }
  for (const path of cleaned(asked.tests)) addTested(tree, path, found, add);
  for (const path of cleaned(asked.reads)) {
    add(path);
    // That the folder is there tells a file that is missing from one that was not looked for.
    addFolder(tree, posix.dirname(path), found);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function addTested(
  tree: NodeFiles,
  path: string,
  found: Map<string, PublishedFile>,
  add: (path: string) => void,
): void {
  if (!tree.exists(path)) return;
  if (tree.list(path) === undefined) add(path);
  else addFolder(tree, path, found);
}

function addFolder(tree: NodeFiles, path: string, found: Map<string, PublishedFile>): void {
  if (tree.list(path) === undefined || trustStore.test(`${path}/`)) return;
  const folder = path === "/" ? "/" : `${path}/`;
  found.set(folder, { path: folder });
}

function publishedFile(tree: NodeFiles, path: string): PublishedFile | undefined {
  const reading = tree.read(path);
  if (reading.kind === "text") return withholdSecrets(path, reading.text);
  if (reading.kind === "unreadable" && tree.list(path) === undefined) return { path, unreadable: reading.reason };
  return undefined;
}

function cleaned(paths: ReadonlySet<string>): readonly string[] {
  return [...paths].map((path) => posix.normalize(path).replace(/(?<=.)\/$/, "")).filter(posix.isAbsolute);
}

/** Paths that a configuration names: a CA file may well lie in the store of the system. */
function namedPaths(tree: NodeFiles, asked: AskedPaths): ReadonlySet<string> {
  const named = new Set<string>();
  for (const path of cleaned(asked.reads)) {
    const reading = /\.(toml|json|conf|service)$/.test(path) ? tree.read(path) : undefined;
    if (reading?.kind !== "text") continue;
    for (const [name] of reading.text.matchAll(/\/[\w./@+-]+/g)) named.add(name);
  }
  return named;
}

/** Where a distribution's bundle lies outside of what was shown, single files beside its dangling link are not the whole. */
function gatherTrust(tree: NodeFiles, runtime: RuntimeVersion, wellKnown: WellKnownRoots): SystemTrust | undefined {
  const { roots, bundle } = readSystemRoots(tree, readRuntimeEnvironment(tree, runtime.name));
  const pems = bundle === undefined ? undefined : roots?.pems;
  if (pems === undefined) return undefined;
  const fingerprints: string[] = [];
  const others: string[] = [];
  for (const pem of pems) {
    const fingerprint = fingerprintOf(pem);
    if (fingerprint === undefined) continue;
    if (wellKnown.has(fingerprint)) fingerprints.push(fingerprint);
    else others.push(pem);
  }
  return {
    fingerprints: fingerprints.sort(),
    ...(others.length === 0 ? {} : { certificates: others.sort().join("") }),
  };
}

function gatherCredentials({ kubeletRoot = "/var/lib/kubelet", kubeletHome = "/root" }: GatheredNode, tree: NodeFiles) {
  let incomplete = false;
  const read = (path: string): string | undefined => {
    const reading = tree.read(path);
    if (reading.kind === "unreadable") incomplete = true;
    return reading.kind === "text" ? reading.text : undefined;
  };
  const hosts = readNodeCredentialHosts(read, { kubeletRoot, home: kubeletHome });
  if (!isHomeShown(tree, kubeletHome) || !tree.exists(kubeletRoot)) incomplete = true;
  const providers = readCredentialProviders(tree, kubeletRoot);
  const statement: CredentialStatement = {
    hosts: [...new Set(hosts)].sort(),
    ...(providers === "unreadable"
      ? {}
      : {
          providers: providers.map(({ name, matchImages }) => ({ name, matchImages: matchImages.map(cleanPattern) })),
        }),
    ...(incomplete || providers === "unreadable" ? { incomplete: true } : {}),
  };
  return statement;
}

/**
 * Under systemd a kubelet has no home unless its unit gives it one, whose `.docker/config.json` it then reads.
 * Source: systemd.exec(5), "Environment variables set on the system manager"; Kubernetes docs, "Configure nodes to
 * authenticate to a private registry"
 */
function isHomeShown(tree: NodeFiles, home: string): boolean {
  if (tree.exists(home)) return true;
  const unit = "/etc/systemd/system/kubelet.service";
  const files = [unit, ...(tree.list(`${unit}.d`) ?? []).map((name) => `${unit}.d/${name}`)];
  return !files.some((file) => {
    const reading = tree.read(file);
    return reading.kind === "text" && /^[^#;]*\bHOME=/m.test(reading.text);
  });
}

/** A pattern is a host and a path; whatever else a URL may carry matches nothing. */
function cleanPattern(pattern: string): string {
  return /^[\w.*:[\]/-]+$/.test(pattern) ? pattern : "";
}
