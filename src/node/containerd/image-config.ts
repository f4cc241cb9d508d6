import type { TomlTable } from "smol-toml";
import type { FactOrigin, NodeConfigIssue, RuntimeSettings } from "../types.js";
import type { ConfigFile } from "./config-file.js";
import { criSection, imagesSection, type MergedConfig, mergeConfigFiles } from "./config-merge.js";
import type { ConfigTraits } from "./config-traits.js";
import { parseGoDuration } from "./go-duration.js";
import { FileProblem, field, isTable, withoutUser } from "./host-entry.js";
import { type LegacySettings, readLegacyRegistry, textAt } from "./legacy-settings.js";
import type { HostTraits } from "./traits.js";

/** What containerd's configuration says about pulling. */
export interface ImageConfig extends LegacySettings {
  /** As it counts, with the version's default filled in. */
  readonly configPath: string;
  readonly configPathIsDefault: boolean;
  /** Where it is written; the main file where it is not. */
  readonly origin: FactOrigin;
  /** Where mirrors are written, and the one of each registry. */
  readonly mirrorsOrigin: FactOrigin;
  readonly mirrorOrigins: ReadonlyMap<string, FactOrigin>;
  readonly engine: "local" | "transfer";
  readonly settings: RuntimeSettings;
  /** Settings for one host that this version passes over. */
  readonly passedOver: readonly { readonly host: string; readonly issue: NodeConfigIssue }[];
  /** Where a person would write `config_path`, as a table header. */
  readonly registrySection: string;
  /** `config_path` in a section that this version does not read. */
  /** `image_pull_progress_timeout` where it is no duration. */
  readonly brokenTimeout?: string;
  /** The snapshotter that the transfer service, where it pulls, does not unpack for. */
  readonly foreignSnapshotter?: string;
  readonly strayConfigPath?: { readonly value: string; readonly section: string; readonly origin: FactOrigin };
}

/** `refused`: containerd does not start, or (`everyImage`) its CRI plugin does not load or pulls nothing. */
export type ImageConfigReading =
  | { readonly kind: "read"; readonly config: ImageConfig }
  | { readonly kind: "refused"; readonly issue: NodeConfigIssue; readonly everyImage: boolean }
  /** The CRI plugin is switched off: the kubelet's containerd is another one. */
  | { readonly kind: "disabled"; readonly issue: NodeConfigIssue };

interface Sources {
  readonly files: readonly ConfigFile[];
  readonly merged: MergedConfig;
  readonly section: string;
  readonly host: HostTraits;
  readonly traits: ConfigTraits;
  readonly runtime: string;
}

/**
 * What becomes of the files of a configuration.
 * Source: containerd pkg/cri/config/config.go `ValidatePluginConfig` (1.x), internal/cri/config/config.go
 * `ValidateImageConfig` and `CheckLocalImagePullConfigs` (2.x), plugins/cri/images/plugin.go.
 */
export function readImageConfig(
  files: readonly ConfigFile[],
  host: HostTraits,
  traits: ConfigTraits,
  runtime: string,
): ImageConfigReading {
  const merged = mergeConfigFiles(files, traits);
  const section = sectionOf(merged, traits);
  const sources: Sources = { files, merged, section, host, traits, runtime };
  const off = merged.disabledPlugins.find((name) => name === section || name === criSection);
  if (off !== undefined) {
    const message = `disabled_plugins switches off the plugin ${off}, so this is not the containerd that the kubelet talks to`;
    return { kind: "disabled", issue: { code: "RuntimeConfigInvalid", message, origin: mainOrigin(files) } };
  }
  const images = merged.plugins[section] ?? {};
  const config = isTable(images) ? decode(images, sources) : new FileProblem(`${section} must be a table`);
  if (config instanceof FileProblem) {
    const message = `${runtime} does not start with it: ${config.problem}`;
    return { kind: "refused", everyImage: false, issue: issueAt(message, mainOrigin(files)) };
  }
  const conflict = conflictOf(config, sources);
  if (conflict === undefined) return { kind: "read", config };
  const message = `${runtime} pulls no image with it: ${conflict.problem}`;
  return { kind: "refused", everyImage: true, issue: issueAt(message, conflict.origin) };
}

function issueAt(message: string, origin: FactOrigin): NodeConfigIssue {
  return { code: "RuntimeConfigInvalid", message, origin };
}

function sectionOf({ version }: MergedConfig, { migration }: ConfigTraits): string {
  if (migration !== "never") return imagesSection;
  return version < 2 ? "cri" : criSection;
}

function mainOrigin([main]: readonly ConfigFile[]): FactOrigin {
  return { file: main?.file ?? "config.toml" };
}

function decode(images: TomlTable, sources: Sources): ImageConfig | FileProblem {
  const { host, traits } = sources;
  const registry = tableAt(images, "registry", host);
  if (registry instanceof FileProblem) return registry;
  const written = textAt(registry, "config_path", host);
  if (written instanceof FileProblem) return written;
  const legacy = readLegacyRegistry(registry, host);
  if (legacy instanceof FileProblem) return legacy;
  const pulling = readPulling(images, sources);
  if (pulling instanceof FileProblem) return pulling;

  const { mirrors, configs } = legacy;
  const engine = pulling.forcesLocal || mirrors.size > 0 || configs.size > 0 ? "local" : traits.engine;
  const downloads = engine === "transfer" ? pulling.transferDownloads : pulling.downloads;
  const stray = written === "" ? strayConfigPath(sources) : undefined;
  return {
    ...legacy,
    configPath: written === "" && mirrors.size === 0 ? traits.defaultConfigPath : written,
    configPathIsDefault: written === "",
    origin: originOf(sources, ["registry", "config_path"]),
    mirrorsOrigin: originOf(sources, ["registry", "mirrors"]),
    mirrorOrigins: new Map([...mirrors.keys()].map((name) => [name, originOf(sources, ["registry", "mirrors", name])])),
    engine,
    settings: {
      ...(engine !== traits.engine && { engine }),
      ...(pulling.progressTimeoutMs !== undefined && { pullProgressTimeoutMs: pulling.progressTimeoutMs }),
      ...(downloads !== undefined && { maxConcurrentDownloads: downloads }),
    },
    passedOver: traits.configsTls ? [] : ignoredTls(configs, sources),
    registrySection: `[plugins.${JSON.stringify(writableSection(sources))}.registry]`,
    ...(stray !== undefined && { strayConfigPath: stray }),
    ...(pulling.brokenTimeout !== undefined && { brokenTimeout: pulling.brokenTimeout }),
    ...(engine === "transfer" && foreignSnapshotter(images, sources)),
  };
}

const defaultSnapshotter = "overlayfs";

/**
 * Two plugins must name the same snapshotter. Source: `getSupportedPlatform`, containerd core/transfer/local/pull.go, and
 * `defaultUnpackConfig`, plugins/transfer, 2.1.0 to 2.3.4; without a match no image is pulled ("no unpack platforms defined").
 */
function foreignSnapshotter(images: TomlTable, { merged, host }: Sources): Pick<ImageConfig, "foreignSnapshotter"> {
  const snapshotter = field(images, "snapshotter", host) ?? defaultSnapshotter;
  const transfer = merged.plugins[transferSection];
  const written = isTable(transfer) ? field(transfer, "unpack_config", host) : undefined;
  const unpacked = Array.isArray(written)
    ? written.map((entry) => (isTable(entry) ? field(entry, "snapshotter", host) : undefined))
    : [defaultSnapshotter];
  return typeof snapshotter !== "string" || unpacked.includes(snapshotter) ? {} : { foreignSnapshotter: snapshotter };
}

interface Pulling {
  readonly forcesLocal: boolean;
  readonly progressTimeoutMs?: number;
  /** As written, where it is no duration. */
  readonly brokenTimeout?: string;
  readonly downloads?: number;
  readonly transferDownloads?: number;
}

/** Source: `CheckLocalImagePullConfigs`, the same from 2.1.0 to 2.3.4. */
function readPulling(images: TomlTable, { merged, host, traits }: Sources): Pulling | FileProblem {
  const names = ["use_local_image_pull", "discard_unpacked_layers", "image_pull_with_sync_fs"] as const;
  const flags = [...names, "disable_snapshot_annotations"].map((name) => [name, field(images, name, host)] as const);
  const odd = flags.find(([, value]) => value !== undefined && typeof value !== "boolean");
  if (odd !== undefined) return new FileProblem(`${odd[0]} must be true or false`);
  const downloads = downloadsAt(images, host);
  if (downloads instanceof FileProblem) return downloads;
  const transfer = merged.plugins[transferSection];
  const transferDownloads = isTable(transfer) ? downloadsAt(transfer, host) : undefined;
  if (transferDownloads instanceof FileProblem) return transferDownloads;
  const timeout = traits.progressTimeout ? field(images, "image_pull_progress_timeout", host) : undefined;
  if (timeout !== undefined && typeof timeout !== "string") {
    return new FileProblem('image_pull_progress_timeout must be a string such as "5m"');
  }
  const timeoutMs = timeout === undefined ? undefined : parseGoDuration(timeout);
  const set = new Map(flags);
  return {
    forcesLocal:
      names.some((name) => set.get(name) === true) ||
      set.get("disable_snapshot_annotations") === false ||
      (downloads !== undefined && downloads !== defaultDownloads),
    ...(timeout !== undefined && timeoutMs === undefined && { brokenTimeout: timeout }),
    ...(timeoutMs !== undefined && { progressTimeoutMs: timeoutMs }),
    ...(downloads !== undefined && { downloads }),
    ...(transferDownloads !== undefined && { transferDownloads }),
  };
}

const transferSection = "io.containerd.transfer.v1.local";
const defaultDownloads = 3;

function downloadsAt(table: TomlTable, host: HostTraits): number | undefined | FileProblem {
  const value = field(table, "max_concurrent_downloads", host);
  if (value === undefined || (typeof value === "number" && Number.isInteger(value))) return value;
  return new FileProblem("max_concurrent_downloads must be a number");
}

interface Conflict {
  readonly problem: string;
  readonly origin: FactOrigin;
}

/** What the plugin itself refuses, in its words where it has some. */
function conflictOf(config: ImageConfig, sources: Sources): Conflict | undefined {
  const { mirrorsOrigin: origin } = config;
  if (!config.configPathIsDefault && config.mirrors.size > 0) {
    return { origin, problem: "`mirrors` cannot be set when `config_path` is provided" };
  }
  const [host] = [...config.configs].find(([, { tls }]) => tls !== undefined) ?? [];
  if (!config.configPathIsDefault && sources.traits.configsTls && host !== undefined) {
    const problem = "`configs.tls` cannot be set when `config_path` is provided";
    return { origin: originOf(sources, ["registry", "configs", host, "tls"]), problem };
  }
  if (config.brokenAuths !== undefined) {
    const problem = `the key ${JSON.stringify(withoutUser(config.brokenAuths))} of registry.auths is no URL`;
    return { origin: originOf(sources, ["registry", "auths", config.brokenAuths]), problem };
  }
  if (config.brokenTimeout !== undefined) {
    const problem = `image_pull_progress_timeout ${JSON.stringify(config.brokenTimeout)} is no duration such as "5m"`;
    return { origin: originOf(sources, ["image_pull_progress_timeout"]), problem };
  }
  if (config.foreignSnapshotter === undefined) return undefined;
  const problem = `its transfer service has no unpack_config for the snapshotter ${JSON.stringify(config.foreignSnapshotter)}`;
  return { origin: originOf(sources, ["snapshotter"]), problem };
}

/** 2.x knows users and passwords under `configs`, nothing else. */
function ignoredTls(configs: LegacySettings["configs"], sources: Sources): ImageConfig["passedOver"] {
  return [...configs]
    .filter(([, { tls }]) => tls !== undefined)
    .map(([host]) => ({
      host,
      issue: {
        code: "RegistryConfigNotUsed" as const,
        message: `not used: ${sources.runtime} passes over the tls of registry.configs`,
        origin: originOf(sources, ["registry", "configs", host, "tls"]),
        fix: `Write the settings of registry.configs.${JSON.stringify(host)}.tls into a hosts.toml instead.`,
      },
    }));
}

function writableSection({ files: [main], section, traits }: Sources): string {
  if (traits.migration === "never" || main === undefined) return section;
  if (main.version === 2) return criSection;
  return main.version < 2 && traits.migration === "each-file" ? "cri" : section;
}

function strayConfigPath({ merged, section, host, files }: Sources): ImageConfig["strayConfigPath"] {
  for (const other of [criSection, imagesSection, "cri"].filter((name) => name !== section)) {
    const plugin = merged.plugins[other];
    const registry = isTable(plugin) ? field(plugin, "registry", host) : undefined;
    const value = isTable(registry) ? field(registry, "config_path", host) : undefined;
    if (typeof value !== "string" || value === "") continue;
    const path = ["plugins", other, "registry", "config_path"];
    return { value, section: other, origin: lastOrigin(files, [path]) };
  }
  return undefined;
}

/** Where a setting of the plugin is written, under whichever of its names. */
function originOf({ files }: Sources, path: readonly string[]): FactOrigin {
  return lastOrigin(
    files,
    [imagesSection, criSection, "cri"].map((section) => ["plugins", section, ...path]),
  );
}

function lastOrigin(files: readonly ConfigFile[], paths: readonly (readonly string[])[]): FactOrigin {
  for (const { file, document } of files.toReversed()) {
    const line = paths.map((path) => document.outline.lineOf(path)).find((found) => found !== undefined);
    if (line !== undefined) return { file, line };
  }
  return mainOrigin(files);
}

function tableAt(table: TomlTable, name: string, host: HostTraits): TomlTable | FileProblem {
  const value = field(table, name, host) ?? {};
  return isTable(value) ? value : new FileProblem(`${name} must be a table`);
}
