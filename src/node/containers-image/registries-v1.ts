import type { TomlTable } from "smol-toml";
import { FileProblem } from "../containerd/host-entry.js";
import { tableOf, textsOf } from "./go-toml.js";
import { searchRegistries, withoutSlashes } from "./locations.js";
import type { ImageLibraryTraits } from "./traits.js";
import type { RegistriesFile, RegistryTable } from "./types.js";

type Lists = Readonly<Partial<Record<"search" | "insecure" | "block", readonly string[]>>>;

/**
 * The `[registries.search]`, `.insecure` and `.block` lists of version 1; undefined where they are not used.
 * Source: containers/image pkg/sysregistriesv2/system_registries_v2.go `V1RegistriesConf`, `ConvertToV2`.
 */
export function readVersion1(
  root: TomlTable,
  file: string,
  traits: ImageLibraryTraits,
): RegistriesFile | undefined | FileProblem {
  const lists = readLists(root, traits);
  if (lists === undefined || lists instanceof FileProblem) return lists;
  const registries = new Map<string, RegistryTable>();
  for (const setting of ["block", "insecure"] as const) {
    for (const written of lists[setting] ?? []) {
      const location = withoutSlashes(written);
      if (location instanceof FileProblem) return location;
      if (location === "") return new FileProblem("both location and prefix are unset");
      const known = registries.get(location) ?? unsetRegistry(location, file);
      registries.set(location, { ...known, ...(setting === "block" ? { blocked: true } : { insecure: true }) });
    }
  }
  const search = searchRegistries(lists.search ?? []);
  if (search instanceof FileProblem) return search;
  const given = lists.search === undefined ? {} : { searchRegistries: search };
  return { registries: [...registries.values()], aliases: new Map(), ...given };
}

function readLists(root: TomlTable, { emptyV1Counts }: ImageLibraryTraits): Lists | undefined | FileProblem {
  const table = tableOf(root, "registries");
  if (table === undefined || table instanceof FileProblem) return table;
  const lists: { -readonly [K in keyof Lists]: Lists[K] } = {};
  for (const name of ["search", "insecure", "block"] as const) {
    const list = readList(table, name);
    if (list instanceof FileProblem) return list;
    if (list !== undefined && (emptyV1Counts || list.length > 0)) lists[name] = list;
  }
  return Object.keys(lists).length === 0 ? undefined : lists;
}

function readList(table: TomlTable, name: string): readonly string[] | undefined | FileProblem {
  const section = tableOf(table, name);
  return section === undefined || section instanceof FileProblem ? section : textsOf(section, "registries");
}

function unsetRegistry(location: string, file: string): RegistryTable {
  return {
    prefix: location,
    location,
    insecure: false,
    blocked: false,
    mirrorByDigestOnly: false,
    mirrors: [],
    origin: { file },
  };
}
