import { posix } from "node:path";
import type { FactOrigin, NodeConfigIssue, NodeFiles, RuntimeName } from "../types.js";
import { parseEnvironmentFile } from "./environment-file.js";
import { readManager, readUnit, type UnitFile, type UnitReading } from "./unit-files.js";
import { splitWords } from "./words.js";

/** One environment variable of the runtime's process and where it was set. */
export interface Variable {
  readonly value: string;
  readonly origin: FactOrigin;
}

/** The environment that a node's service manager gives its runtime, as far as its files tell. */
export interface RuntimeEnvironment {
  readonly variables: ReadonlyMap<string, Variable>;
  readonly issues: readonly NodeConfigIssue[];
  /** A file that may set variables could not be read, or a value could not be worked out. */
  readonly partial: boolean;
}

interface RuntimeUnit {
  readonly unit: string;
  /** Files that the packages' own units name; read where the unit itself was not shown. */
  readonly usualFiles: readonly string[];
}

/**
 * Debian's docker.io reads /etc/default/docker, Fedora's docker /etc/sysconfig/docker, CRI-O's own unit /etc/sysconfig/crio;
 * docker-ce's and containerd's read none. podman is started by people and has no unit.
 */
const units: Readonly<Record<RuntimeName, RuntimeUnit | undefined>> = {
  containerd: { unit: "containerd.service", usualFiles: [] },
  docker: { unit: "docker.service", usualFiles: ["/etc/default/docker", "/etc/sysconfig/docker"] },
  "cri-o": { unit: "crio.service", usualFiles: ["/etc/sysconfig/crio"] },
  podman: undefined,
};

/** The variables that decide about a pull. */
const decisive = /^(?:HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy|SSL_CERT_(?:FILE|DIR))$/;

/** What is gathered on the way; later assignments win. */
interface Gathering {
  readonly files: NodeFiles;
  readonly unit: string;
  readonly variables: Map<string, Variable>;
  readonly issues: NodeConfigIssue[];
  partial: boolean;
}

/**
 * Reads the runtime's unit with its drop-ins, the files it names and the defaults of systemd itself.
 * Order, later ones winning: `DefaultEnvironment=`, `Environment=`, `EnvironmentFile=`, then `UnsetEnvironment=`.
 * Source: systemd.exec(5) "Environment"; systemd src/core/exec-invoke.c `exec_context_load_environment`.
 */
export function readRuntimeEnvironment(files: NodeFiles, runtime: RuntimeName): RuntimeEnvironment {
  const known = units[runtime];
  const gathering: Gathering = { files, unit: known?.unit ?? "", variables: new Map(), issues: [], partial: false };
  if (known === undefined) return gathering;
  const manager = readManager(files);
  const unit = readUnit(files, known.unit);
  for (const path of [...manager.unreadable, ...unit.unreadable]) unread(gathering, path, "Pullguard cannot read it");
  assign(gathering, assignmentsOf(gathering, manager.files, "Manager", "DefaultEnvironment"));
  assign(gathering, assignmentsOf(gathering, unit.files, "Service", "Environment"));
  for (const { path, optional, origin } of environmentFiles(unit, known)) {
    readEnvironmentFile(gathering, path, optional, origin);
  }
  unset(gathering, unit.files);
  return gathering;
}

interface Assignment extends Variable {
  readonly name: string;
}

function assign({ variables }: Gathering, assignments: readonly Assignment[]): void {
  for (const { name, ...variable } of assignments) variables.set(name, variable);
}

/** An empty value forgets what came before it. */
function assignmentsOf(
  gathering: Gathering,
  files: readonly UnitFile[],
  section: string,
  key: string,
): readonly Assignment[] {
  let found: Assignment[] = [];
  for (const { path, settings } of files) {
    for (const setting of settings) {
      if (setting.section !== section || setting.key !== key) continue;
      if (setting.value === "") found = [];
      else found.push(...assignmentsIn(gathering, setting.value, { file: path, line: setting.line }));
    }
  }
  return found;
}

function assignmentsIn(gathering: Gathering, text: string, origin: FactOrigin): readonly Assignment[] {
  const { words, invalid } = splitWords(text);
  if (invalid === true) {
    const message = "systemd cannot read this line to its end and ignores the rest";
    gathering.issues.push({ code: "SettingIgnored", message, origin });
  }
  return words.flatMap((word) => {
    const { text: expanded, unsure } = expand(word, gathering.unit);
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(expanded);
    if (match === null) {
      const message =
        "systemd ignores a word here that is no NAME=value; a value with blanks needs quotes around the whole";
      gathering.issues.push({ code: "SettingIgnored", message, origin });
      return [];
    }
    const [, name = "", value = ""] = match;
    if (unsure && decisive.test(name))
      unread(gathering, origin.file, `the value of ${name} depends on the running system`);
    return [{ name, value, origin }];
  });
}

/**
 * The specifiers that are the same on every machine; a percent sign before anything that is no specifier stays.
 * Source: systemd.unit(5) "Specifiers", src/shared/specifier.c.
 */
function expand(word: string, unit: string): { readonly text: string; readonly unsure: boolean } {
  const name = unit.replace(/\.[^.]*$/, "");
  let unsure = false;
  const text = word.replaceAll(/%([%a-zA-Z])/g, (pair, letter: string) => {
    if (letter === "%") return "%";
    if (letter === "n") return unit;
    if (letter === "N" || letter === "p" || letter === "P") return name;
    if ("aAbBCdDEfgGhHiIjJlLmMoqsStTuUvVwWyY".includes(letter)) unsure = true;
    return pair;
  });
  return { text, unsure };
}

interface EnvironmentFileName {
  readonly path: string;
  readonly optional: boolean;
  readonly origin: FactOrigin;
}

function environmentFiles({ files, hasFragment }: UnitReading, known: RuntimeUnit): readonly EnvironmentFileName[] {
  let found: EnvironmentFileName[] = hasFragment
    ? []
    : known.usualFiles.map((path) => ({ path, optional: true, origin: { file: path } }));
  for (const { path, settings } of files) {
    for (const { section, key, value, line } of settings) {
      if (section !== "Service" || key !== "EnvironmentFile") continue;
      const optional = value.startsWith("-");
      const file = expand(optional ? value.slice(1) : value, known.unit).text;
      if (value === "") found = [];
      else found.push({ path: file, optional, origin: { file: path, line } });
    }
  }
  return found;
}

function readEnvironmentFile(gathering: Gathering, pattern: string, optional: boolean, origin: FactOrigin): void {
  const paths = matching(gathering.files, pattern);
  for (const path of paths) {
    const reading = gathering.files.read(path);
    if (reading.kind === "unreadable") unread(gathering, path, `Pullguard cannot read it: ${reading.reason}`);
    if (reading.kind === "missing" && !optional) {
      unread(gathering, origin.file, `it takes environment variables from ${path}, which was not shown`, origin.line);
    }
    if (reading.kind !== "text") continue;
    const assignments = parseEnvironmentFile(reading.text);
    assign(
      gathering,
      assignments.map(({ name, value, line }) => ({ name, value, origin: { file: path, line } })),
    );
  }
}

/** `*` and `?` in the last part of a path; where nothing matches, the pattern itself, as if it were a name. */
function matching(files: NodeFiles, pattern: string): readonly string[] {
  const folder = posix.dirname(pattern);
  const name = posix.basename(pattern);
  if (!/[*?]/.test(name)) return [pattern];
  const expression = new RegExp(
    `^${name
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );
  const names = (files.list(folder) ?? []).filter((entry) => !entry.startsWith(".") && expression.test(entry));
  return names.length === 0 ? [pattern] : names.map((entry) => posix.join(folder, entry));
}

function unset({ variables }: Gathering, files: readonly UnitFile[]): void {
  for (const { settings } of files) {
    for (const { section, key, value } of settings) {
      if (section !== "Service" || key !== "UnsetEnvironment") continue;
      for (const word of splitWords(value).words) {
        const [name = "", ...rest] = word.split("=");
        if (rest.length === 0 || variables.get(name)?.value === rest.join("=")) variables.delete(name);
      }
    }
  }
}

function unread(gathering: Gathering, file: string, message: string, line?: number): void {
  gathering.partial = true;
  const origin = line === undefined ? { file } : { file, line };
  gathering.issues.push({ code: "RuntimeConfigUnreadable", message, origin });
}
