import { posix } from "node:path";
import type { TomlTable } from "smol-toml";
import { parseGoDuration } from "../containerd/go-duration.js";
import { allSound, FileProblem } from "../containerd/host-entry.js";
import type { NodeConfigIssue, NodeFiles } from "../types.js";
import { readToml, tableOf, textOf, textsOf } from "./go-toml.js";
import type { ImageLibraryTraits } from "./traits.js";

/** What crio.conf and its drop-ins say about pulls. */
export interface CrioConfig {
  readonly insecureRegistries: readonly string[];
  readonly signaturePolicyFile?: string;
  readonly globalAuthFile?: string;
  /** Only in versions that know `short_name_mode`. */
  readonly shortNameMode: "enforcing" | "disabled";
  readonly pullProgressTimeoutMs?: number;
  readonly issues: readonly NodeConfigIssue[];
  /** A file could not be read. */
  readonly partial: boolean;
}

const mainFile = "/etc/crio/crio.conf";
const dropInFolders = ["/usr/lib/crio/crio.conf.d", "/etc/crio/crio.conf.d"];
const defaults: CrioConfig = { insecureRegistries: [], shortNameMode: "enforcing", issues: [], partial: false };

/**
 * Reads CRI-O's own configuration: the main file, then the drop-ins by name. A file that CRI-O cannot read keeps it from starting,
 * so a node that runs has none: such a file is passed over and told.
 * Source: CRI-O pkg/config/config.go `UpdateFromPath`, `ImageConfig`.
 */
export function readCrioConfig(files: NodeFiles, traits: ImageLibraryTraits): CrioConfig {
  const paths = [
    mainFile,
    ...dropInFolders.flatMap((folder) => (files.list(folder) ?? []).map((name) => posix.join(folder, name))),
  ];
  let config = defaults;
  for (const file of paths) {
    const reading = files.read(file);
    if (reading.kind === "missing") continue;
    if (reading.kind === "unreadable") {
      const message = `Pullguard cannot read it: ${reading.reason}`;
      config = withIssue({ ...config, partial: true }, { code: "RuntimeConfigUnreadable", message, origin: { file } });
      continue;
    }
    const image = imageTable(reading.text);
    const updated = image instanceof FileProblem ? image : update(config, image, file, traits);
    if (updated instanceof FileProblem) {
      const origin = updated.line === undefined ? { file } : { file, line: updated.line };
      config = withIssue(
        { ...config, partial: true },
        { code: "RuntimeConfigInvalid", message: updated.problem, origin },
      );
      continue;
    }
    config = updated;
  }
  return config;
}

function withIssue(config: CrioConfig, issue: NodeConfigIssue): CrioConfig {
  return { ...config, issues: [...config.issues, issue] };
}

function imageTable(text: string): TomlTable | FileProblem {
  const document = readToml(text);
  if (document instanceof FileProblem) return document;
  const crio = tableOf(document.root, "crio");
  if (crio === undefined || crio instanceof FileProblem) return crio ?? {};
  return tableOf(crio, "image") ?? {};
}

function update(
  config: CrioConfig,
  image: TomlTable,
  file: string,
  traits: ImageLibraryTraits,
): CrioConfig | FileProblem {
  const lists = allSound({
    insecure: textsOf(image, "insecure_registries"),
    registries: textsOf(image, "registries"),
  });
  if (lists instanceof FileProblem) return lists;
  const { insecure, registries } = lists;
  const texts = new Map<string, string>();
  for (const name of ["signature_policy", "global_auth_file", "short_name_mode", "pull_progress_timeout"]) {
    const value = textOf(image, name);
    if (value instanceof FileProblem) return value;
    if (value !== "") texts.set(name, value);
  }
  const ignored = ignoredIssues(file, insecure, registries, traits);
  const timeout = texts.get("pull_progress_timeout");
  const pullProgressTimeoutMs = timeout === undefined ? undefined : parseGoDuration(timeout);
  const policy = texts.get("signature_policy");
  const authFile = texts.get("global_auth_file");
  const mode = texts.get("short_name_mode");
  return {
    ...config,
    issues: [...config.issues, ...ignored],
    ...(insecure !== undefined && traits.crioInsecureRegistries && { insecureRegistries: insecure }),
    ...(policy !== undefined && { signaturePolicyFile: policy }),
    ...(authFile !== undefined && { globalAuthFile: authFile }),
    ...((mode === "disabled" || mode === "enforcing") && { shortNameMode: mode }),
    ...(pullProgressTimeoutMs !== undefined && { pullProgressTimeoutMs }),
  };
}

function ignoredIssues(
  file: string,
  insecure: readonly string[] | undefined,
  registries: readonly string[] | undefined,
  traits: ImageLibraryTraits,
): readonly NodeConfigIssue[] {
  const settings: string[] = [];
  if (insecure !== undefined && insecure.length > 0 && !traits.crioInsecureRegistries)
    settings.push("insecure_registries");
  if (registries !== undefined && registries.length > 0) settings.push("registries");
  return settings.map((name) => {
    const message = `${name} is not used by this version; it belongs into /etc/containers/registries.conf`;
    return { code: "SettingIgnored", message, origin: { file } };
  });
}
