import { posix } from "node:path";
import { FileProblem } from "../containerd/host-entry.js";
import type { FactOrigin, NodeConfigIssue, NodeFiles } from "../types.js";
import { parseRegistriesFile } from "./registries-file.js";
import type { ImageLibraryTraits } from "./traits.js";
import type { Alias, RegistriesConfig, RegistriesFile, RegistryTable } from "./types.js";

/** The configuration that counts, or the error with which containers-image refuses every image. */
export type RegistriesReading =
  | {
      readonly kind: "config";
      readonly config: RegistriesConfig;
      readonly issues: readonly NodeConfigIssue[];
      /** A file could not be read: what it says is missing here. */
      readonly partial: boolean;
      /** There is no file at all, as on a node of which only a part was shown. */
      readonly empty: boolean;
    }
  | { readonly kind: "invalid"; readonly problem: string; readonly origin: FactOrigin };

const systemPlace = { file: "/etc/containers/registries.conf", folders: ["/etc/containers/registries.conf.d"] };
/** The runtime runs as root; its own file takes the place of the system's and of its folder. */
const home = "/root/.config/containers";

/** Text beyond this length is not looked at; no real file comes near. */
const maxLength = 1024 * 1024;

/**
 * Reads registries.conf and its drop-ins, in the runtime's order. A drop-in replaces whole tables of the same prefix, and
 * lists as a whole; aliases are added one by one.
 * Source: containers/image pkg/sysregistriesv2 `tryUpdatingCache`, `updateWithConfigurationFrom`.
 */
export function readRegistries(files: NodeFiles, traits: ImageLibraryTraits): RegistriesReading {
  const { file, folders } = placeOf(files);
  const issues: NodeConfigIssue[] = [];
  let merged: MergedFiles = { registries: [], aliases: new Map(), searchOrigin: { file } };
  const dropIns = folders.flatMap((folder) =>
    (files.list(folder) ?? []).filter((name) => name.endsWith(".conf")).map((name) => posix.join(folder, name)),
  );
  let empty = true;
  for (const [index, path] of [file, ...dropIns].entries()) {
    const reading = files.read(path);
    if (reading.kind === "missing") continue;
    empty = false;
    if (reading.kind === "unreadable" || reading.text.length > maxLength) {
      const reason = reading.kind === "unreadable" ? reading.reason : "larger than 1 MiB";
      issues.push({
        code: "RuntimeConfigUnreadable",
        message: `Pullguard cannot read it: ${reason}`,
        origin: { file: path },
      });
      continue;
    }
    const parsed = parseRegistriesFile(reading.text, { file: path, dropIn: index > 0 }, traits);
    if (parsed instanceof FileProblem) {
      const origin = parsed.line === undefined ? { file: path } : { file: path, line: parsed.line };
      return { kind: "invalid", problem: parsed.problem, origin };
    }
    merged = merge(merged, parsed, path);
  }
  const { searchRegistries = [], credentialHelpers = [], shortNameMode = "permissive", ...rest } = merged;
  const helpers = credentialHelpers.length === 0 ? ["containers-auth.json"] : credentialHelpers;
  const config = { ...rest, searchRegistries, credentialHelpers: helpers, shortNameMode };
  return { kind: "config", config, issues, partial: issues.length > 0, empty };
}

function placeOf(files: NodeFiles): { readonly file: string; readonly folders: readonly string[] } {
  const own = { file: `${home}/registries.conf`, folders: [`${home}/registries.conf.d`] };
  if (files.exists(own.file)) return own;
  return { ...systemPlace, folders: [...systemPlace.folders, ...own.folders] };
}

interface MergedFiles extends RegistriesFile {
  readonly searchOrigin: FactOrigin;
}

function merge(before: MergedFiles, update: RegistriesFile, file: string): MergedFiles {
  const registries = new Map<string, RegistryTable>();
  for (const registry of [...before.registries, ...update.registries]) registries.set(registry.prefix, registry);
  const aliases = new Map<string, Alias>([...before.aliases, ...update.aliases]);
  return {
    ...before,
    ...update,
    registries: [...registries.values()],
    aliases,
    searchOrigin: update.searchRegistries === undefined ? before.searchOrigin : { file },
  };
}
