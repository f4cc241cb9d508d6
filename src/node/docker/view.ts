import type { RuntimeFiles, RuntimeView } from "../runtime-view.js";
import type { NodeConfigIssue, NodeFiles, RuntimeVersion } from "../types.js";
import { certsRoot } from "./certs-folder.js";
import { type DaemonConfig, daemonFile, defaultDaemonConfig, parseDaemonConfig } from "./daemon-config.js";
import { type DockerSettings, planDockerHosts } from "./host-plan.js";
import { readHostsNames } from "./hosts-names.js";
import { type InsecureRegistries, readInsecureRegistries } from "./insecure-registries.js";
import { type DockerMirror, readMirrors } from "./mirrors.js";
import { readStartFlags } from "./start-flags.js";

/** Characters of a daemon.json that are read; no real one comes near. */
const maxDaemonFileLength = 1024 * 1024;

/** The first version that keeps images in containerd unless told otherwise, where it starts afresh. */
const containerdStoreByDefault = 29;

/** How dockerd, behind cri-dockerd, finds the hosts of a registry. */
export function readDocker({ files, runtime }: RuntimeFiles): RuntimeView {
  const settingsNow = (): ReadSettings => readSettings(files, runtime);
  const { config, issues } = settingsNow();
  return {
    hostsRoot: certsRoot,
    settings: {
      ...(config.maxConcurrentDownloads !== undefined && { maxConcurrentDownloads: config.maxConcurrentDownloads }),
      ...(keptByContainerd(config, runtime) && { imageStore: "containerd" as const }),
    },
    issues,
    hostsScope: "registry",
    ...(config.proxies !== undefined && { proxies: config.proxies }),
    hostsFor: ({ domain }) => {
      const addressesOf = readHostsNames(files);
      return planDockerHosts({ files, version: runtime, settings: settingsNow(), addressesOf }, domain);
    },
  };
}

interface ReadSettings extends DockerSettings {
  readonly config: DaemonConfig;
}

type Understood = Pick<DockerSettings, "insecure" | "mirrors">;

/** A file that dockerd would not start with leaves open with which one the running daemon did. */
function readSettings(files: NodeFiles, version: RuntimeVersion): ReadSettings {
  const reading = files.read(daemonFile);
  if (reading.kind === "unreadable" || (reading.kind === "text" && reading.text.length > maxDaemonFileLength)) {
    const reason = reading.kind === "unreadable" ? reading.reason : "it is larger than 1 MiB";
    const message = `Pullguard cannot read it: ${reason}`;
    return doubtful(files, version, { code: "RuntimeConfigUnreadable", message, origin: { file: daemonFile } });
  }
  const parsed =
    reading.kind === "text"
      ? parseDaemonConfig(reading.text, version)
      : ({ kind: "config", config: defaultDaemonConfig } as const);
  if (parsed.kind === "refused") return doubtful(files, version, invalid(parsed.problem, parsed.line));
  const { config } = parsed;
  const understood = understand(config, version);
  if ("refusal" in understood)
    return doubtful(files, version, invalid(understood.refusal, config.lines[understood.key]));
  const store = keptByContainerd(config, version) ? [containerdStoreIssue(config)] : [];
  const issues = [...config.misspelt.map(misspeltIssue), ...store];
  return settingsOf(files, version, { ...understood, config, issues, doubtful: store.length > 0 });
}

function understand(
  config: DaemonConfig,
  version: RuntimeVersion,
): Understood | { readonly refusal: string; readonly key: string } {
  const insecure = readInsecureRegistries(config.insecureRegistries, version);
  if ("refusal" in insecure) return { ...insecure, key: "insecure-registries" };
  const read = readMirrors(config.registryMirrors, version);
  return "refusal" in read ? { ...read, key: "registry-mirrors" } : { insecure, mirrors: read.mirrors };
}

function doubtful(files: NodeFiles, version: RuntimeVersion, issue: NodeConfigIssue): ReadSettings {
  const config = defaultDaemonConfig;
  return settingsOf(files, version, {
    insecure: none(version),
    mirrors: noMirrors,
    config,
    issues: [issue],
    doubtful: true,
  });
}

const noMirrors: readonly DockerMirror[] = [];

function none(version: RuntimeVersion): InsecureRegistries {
  const read = readInsecureRegistries([], version);
  if ("refusal" in read) throw new RangeError("an empty list of insecure registries is always valid");
  return read;
}

function settingsOf(
  files: NodeFiles,
  version: RuntimeVersion,
  read: Understood & Pick<ReadSettings, "config" | "issues" | "doubtful">,
): ReadSettings {
  const maybeInsecure = readStartFlags(files).flatMap(({ insecureRegistries, origin }) => {
    const insecure = readInsecureRegistries(insecureRegistries, version);
    return "refusal" in insecure ? [] : [{ insecure, origin }];
  });
  return { ...read, maybeInsecure, lines: read.config.lines };
}

/** Source: moby daemon `determineImageStoreChoice` (29) and `UsesSnapshotter` (23 to 28). */
function keptByContainerd(config: DaemonConfig, { major }: RuntimeVersion): boolean {
  return config.containerdImageStore ?? major >= containerdStoreByDefault;
}

function containerdStoreIssue(config: DaemonConfig): NodeConfigIssue {
  const line = config.lines.features;
  const message = "images are pulled by containerd, in a way that Pullguard does not know exactly";
  return { code: "DependsOnNode", message, origin: { file: daemonFile, ...(line !== undefined && { line }) } };
}

function misspeltIssue({ written, meant, line }: DaemonConfig["misspelt"][number]): NodeConfigIssue {
  const message = `not used: dockerd passes over "${written}" in this file, the key is "${meant}"`;
  return { code: "SettingIgnored", message, origin: { file: daemonFile, ...(line !== undefined && { line }) } };
}

function invalid(problem: string, line?: number): NodeConfigIssue {
  return {
    code: "RuntimeConfigInvalid",
    message: problem,
    origin: { file: daemonFile, ...(line !== undefined && { line }) },
  };
}
