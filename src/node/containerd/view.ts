import { renderRuntime } from "../runtime.js";
import type { RuntimeFiles, RuntimeView } from "../runtime-view.js";
import type { HostPlan, NodeConfigIssue } from "../types.js";
import { type ConfigTraits, configTraits } from "./config-traits.js";
import { configuredHosts } from "./configured-hosts.js";
import { findHostFolder } from "./host-folder.js";
import { planHosts } from "./host-plan.js";
import { defaultHostsRoot } from "./hosts-roots.js";
import { type ImageConfigReading, readImageConfig } from "./image-config.js";
import { loadConfig } from "./load-config.js";
import { showsWholeNode } from "./node-file.js";
import { hostTraits } from "./traits.js";

/** Where containerd is told by whoever ships it to look for its configuration; the first one counts. */
const configFiles = [
  "/etc/containerd/config.toml",
  "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
  "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
];
const [mainConfig = ""] = configFiles;

/** What a view of containerd depends on besides the files. */
export interface ContainerdReading {
  /** The folders of `config_path`, where the node's config.toml is not to be asked. */
  readonly hostsRoots: readonly string[] | undefined;
  /** At least 32 random bytes of this process, under which credentials are told apart. */
  readonly identityKey: Uint8Array;
}

/**
 * How containerd finds the hosts of a registry. config.toml is read once, as containerd does at its start, certs.d at each
 * call. Where nothing but certs.d was shown, {@link defaultHostsRoot} is taken for the `config_path`.
 */
export function readContainerd(from: RuntimeFiles, { hostsRoots, identityKey }: ContainerdReading): RuntimeView {
  if (hostsRoots !== undefined) return certsOnly(from, hostsRoots, []);
  const reading = readConfiguration(from);
  if (reading === undefined) return certsOnly(from, [defaultHostsRoot], [configNotShown(from)]);
  switch (reading.kind) {
    case "read":
      return configuredHosts(from, { ...reading, identityKey });
    case "refused":
      return reading.everyImage ? brokenView(reading.issue) : doubtfulView(from, reading.issue);
    case "disabled":
      return doubtfulView(from, reading.issue);
  }
}

type Configuration = Exclude<ImageConfigReading, { kind: "read" }> | ReadConfiguration;
interface ReadConfiguration extends Extract<ImageConfigReading, { kind: "read" }> {
  readonly file: string;
  readonly unread: readonly NodeConfigIssue[];
  readonly traits: ConfigTraits;
}

/** Undefined where config.toml was not shown. A containerd without CRI is Docker's; the kubelet's is then another one. */
function readConfiguration({ files, runtime }: RuntimeFiles): Configuration | undefined {
  const traits = configTraits(runtime);
  const host = hostTraits(runtime);
  const name = renderRuntime(runtime);
  let disabled: Configuration | undefined;
  const isThere = (path: string) => files.exists(path) || files.read(path).kind !== "missing";
  for (const file of configFiles.filter(isThere)) {
    const loaded = loadConfig(files, file, host, traits, name);
    if (loaded.kind === "refused") return { ...loaded, everyImage: false };
    // A main file that cannot be read says nothing at all.
    const [unread] = loaded.unread;
    if (loaded.files.length === 0 && unread !== undefined) return { kind: "refused", issue: unread, everyImage: false };
    const reading = readImageConfig(loaded.files, host, traits, name);
    if (reading.kind === "read") return { ...reading, file, unread: loaded.unread, traits };
    if (reading.kind === "refused") return reading;
    disabled ??= reading;
  }
  if (disabled !== undefined) return disabled;
  if (!showsWholeNode(files)) return undefined;
  const reading = readImageConfig([], host, traits, name);
  return reading.kind === "read" ? { ...reading, file: mainConfig, unread: [], traits } : reading;
}

function configNotShown({ runtime }: RuntimeFiles): NodeConfigIssue {
  return {
    code: "RuntimeConfigUnreadable",
    message: `it was not shown; by itself ${renderRuntime(runtime)} does not use ${defaultHostsRoot}, so its config_path must say so`,
    origin: { file: mainConfig },
  };
}

function certsOnly(
  { files, runtime }: RuntimeFiles,
  roots: readonly string[],
  issues: readonly NodeConfigIssue[],
): RuntimeView {
  // From 2.2 on the folder is part of a default that does not work, which is easily taken for one that does.
  const told = configTraits(runtime).defaultConfigPath === "" ? [] : issues;
  const used = (domain: string) => findHostFolder(files, roots, domain, hostTraits(runtime)).folder !== undefined;
  return {
    hostsRoot: roots[0] ?? defaultHostsRoot,
    settings: {},
    issues,
    hostsScope: "registry",
    hostsFor: ({ domain }) => {
      const plan = planHosts(files, roots, domain, runtime);
      return told.length > 0 && used(domain) ? { ...plan, issues: [...plan.issues, ...told] } : plan;
    },
  };
}

/** The configuration does not let the CRI plugin come up. */
function brokenView(issue: NodeConfigIssue): RuntimeView {
  const plan: HostPlan = {
    kind: "broken",
    message: issue.message,
    origin: issue.origin,
    issues: [issue],
    everyImage: true,
  };
  return { hostsRoot: defaultHostsRoot, settings: {}, issues: [issue], hostsScope: "registry", hostsFor: () => plan };
}

/** The configuration is not the one that the running containerd started with: nobody knows what that one says. */
function doubtfulView(from: RuntimeFiles, issue: NodeConfigIssue): RuntimeView {
  const view = certsOnly(from, [defaultHostsRoot], []);
  return {
    ...view,
    issues: [issue],
    hostsFor: (reference) => {
      const plan = view.hostsFor(reference);
      if (plan.kind === "hosts") return { ...plan, issues: [issue, ...plan.issues], partial: true, unseenHosts: true };
      // What is wrong below a folder that may not be the one in use breaks nothing for certain.
      return {
        kind: "hosts",
        hosts: defaultHosts(from, reference.domain),
        issues: [issue, ...plan.issues],
        partial: true,
        unseenHosts: true,
      };
    },
  };
}

function defaultHosts({ files, runtime }: RuntimeFiles, domain: string) {
  const plan = planHosts(files, [], domain, runtime);
  return plan.kind === "hosts" ? plan.hosts : [];
}
