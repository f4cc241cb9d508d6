import { posix } from "node:path";
import type { NodeFiles } from "../types.js";
import { parseUnit, type UnitSetting } from "./unit-text.js";

/** Settings of one file, in its order. */
export interface UnitFile {
  readonly path: string;
  readonly settings: readonly UnitSetting[];
}

/** Everything that makes up a unit, in the order in which systemd reads it: the unit's own file, then the drop-ins. */
export interface UnitReading {
  readonly files: readonly UnitFile[];
  /** Whether the unit's own file was shown. */
  readonly hasFragment: boolean;
  /** Files that are there and cannot be read. */
  readonly unreadable: readonly string[];
}

/** First wins. Source: systemd.unit(5), "System Unit Search Path"; `systemd-analyze unit-paths`. */
const unitFolders: readonly string[] = [
  "/etc/systemd/system.control",
  "/run/systemd/system.control",
  "/run/systemd/transient",
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
];
/** Source: systemd-system.conf(5). */
const managerFolders: readonly string[] = [
  "/etc/systemd",
  "/run/systemd",
  "/usr/local/lib/systemd",
  "/usr/lib/systemd",
  "/lib/systemd",
];

/**
 * Reads a unit such as `docker.service` with its drop-ins and those for all services.
 * Source: systemd src/shared/dropin.c `unit_file_find_dropin_paths`: sorted by name, whatever their folder; the first folder
 * wins for a name.
 */
export function readUnit(files: NodeFiles, unit: string): UnitReading {
  const type = unit.slice(unit.lastIndexOf(".") + 1);
  const folders = [unit, type].flatMap((name) => unitFolders.map((folder) => posix.join(folder, `${name}.d`)));
  return readLayered(files, firstThereIs(files, unitFolders, unit), folders);
}

/** Reads systemd's own `system.conf`, whose `DefaultEnvironment=` every service gets. */
export function readManager(files: NodeFiles): UnitReading {
  const folders = managerFolders.map((folder) => posix.join(folder, "system.conf.d"));
  return readLayered(files, firstThereIs(files, managerFolders, "system.conf"), folders);
}

function firstThereIs(files: NodeFiles, folders: readonly string[], name: string): string | undefined {
  return folders.map((folder) => posix.join(folder, name)).find((path) => files.exists(path));
}

function readLayered(files: NodeFiles, fragment: string | undefined, dropInFolders: readonly string[]): UnitReading {
  const dropIns = new Map<string, string>();
  for (const folder of dropInFolders) {
    for (const name of files.list(folder) ?? []) {
      if (name.endsWith(".conf") && !dropIns.has(name)) dropIns.set(name, posix.join(folder, name));
    }
  }
  const ordered = [...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
  const read: UnitFile[] = [];
  const unreadable: string[] = [];
  for (const path of fragment === undefined ? ordered : [fragment, ...ordered]) {
    const reading = files.read(path);
    if (reading.kind === "text") read.push({ path, settings: parseUnit(reading.text) });
    else if (reading.kind === "unreadable") unreadable.push(path);
  }
  return { files: read, hasFragment: fragment !== undefined, unreadable };
}
