import { posix } from "node:path";
import type { NodeConfigIssue, NodeFiles } from "../types.js";
import { findCertificateFiles } from "./cert-files.js";
import { findHostFolder } from "./host-folder.js";
import { planHosts } from "./host-plan.js";
import { defaultHostsRoot } from "./hosts-roots.js";
import type { ImageConfig } from "./image-config.js";
import type { HostTraits, VersionNumber } from "./traits.js";

/** A folder that a person takes for the registry configuration of a node, and why it is not. */
export interface UnusedRoot {
  readonly root: string;
  readonly reason: string;
  readonly fix: string;
}

/** What decides which folders containerd looks into. */
export interface RootsInUse {
  readonly config: ImageConfig;
  /** The main config.toml, for repairs. */
  readonly file: string;
  /** The folders that `config_path` names. */
  readonly roots: readonly string[];
  readonly traits: HostTraits;
  /** `containerd 2.2.7`. */
  readonly runtime: string;
}

/** Docker's folder: many nodes have it, and 2.2 names it in its default. */
const dockerRoot = "/etc/docker/certs.d";

/** The folders that containerd passes over although its configuration names them or people expect them, likeliest first. */
export function unusedRoots(given: RootsInUse): readonly UnusedRoot[] {
  const { config, file, roots, traits } = given;
  const isOneFolder = roots.length > 1 && !traits.splitsConfigPath;
  const used = isOneFolder ? [] : roots;
  const stray = config.strayConfigPath?.value.split(":") ?? [];
  const expected = new Set([...(isOneFolder ? roots : []), ...stray, defaultHostsRoot, dockerRoot]);
  const reason = reasonOf(given, isOneFolder);
  return [...expected]
    .filter((root) => root !== "" && !used.includes(root))
    .map((root) => {
      const set = `et config_path = ${JSON.stringify(root)} in ${config.registrySection} of ${file} on every node and restart containerd.`;
      const fix =
        config.mirrors.size === 0
          ? `S${set}`
          : `Move registry.mirrors and registry.configs of ${file} into hosts.toml files, s${set}`;
      return { root, reason, fix };
    });
}

function reasonOf({ config, file, roots, runtime }: RootsInUse, isOneFolder: boolean): string {
  const { configPath, configPathIsDefault, origin, strayConfigPath } = config;
  if (strayConfigPath !== undefined) {
    const { section, origin: place } = strayConfigPath;
    const line = place.line === undefined ? "" : `:${place.line}`;
    return `${runtime} does not read config_path in the section ${section} (${place.file}${line})`;
  }
  if (isOneFolder) {
    const what = configPathIsDefault ? "its default config_path" : "the config_path";
    return `${runtime} takes ${what} ${JSON.stringify(configPath)} for the name of one folder`;
  }
  if (roots.length === 0) return `${file} sets no config_path`;
  return `config_path is ${JSON.stringify(configPath)}${origin.line === undefined ? "" : ` (${origin.file}:${origin.line})`}`;
}

/**
 * Configuration of one registry in folders that the runtime does not look into: `hosts.toml` or certificates.
 * @param roots  such folders, the likeliest first
 */
export function unusedFolderIssues(
  files: NodeFiles,
  roots: readonly UnusedRoot[],
  domain: string,
  version: VersionNumber,
  traits: HostTraits,
): readonly NodeConfigIssue[] {
  return roots.flatMap(({ root, reason, fix }) => {
    const { folder } = findHostFolder(files, [root], domain, traits);
    if (folder === undefined) return [];
    const hostsFile = posix.join(folder, "hosts.toml");
    const { caFiles = [], clientFiles } = findCertificateFiles(files, folder);
    const file = files.exists(hostsFile) ? hostsFile : (caFiles[0] ?? clientFiles[0]?.certificate);
    if (file === undefined) return [];
    return [
      {
        code: "RegistryConfigNotUsed" as const,
        message: `not used: ${reason}`,
        origin: { file },
        fix,
        lostHosts: lostHosts(files, root, domain, version),
      },
    ];
  });
}

/** The other hosts that the folder, were it used, would have the runtime ask. */
function lostHosts(files: NodeFiles, root: string, domain: string, version: VersionNumber): readonly string[] {
  const plan = planHosts(files, [root], domain, version);
  if (plan.kind !== "hosts") return [];
  return [...new Set(plan.hosts.filter(({ mirrorOf }) => mirrorOf !== undefined).map(({ address }) => address))];
}
