import { Redacted } from "../core/index.js";
import { parseDockerConfig } from "./docker-config.js";
import { buildKeyring, type KeyringDeps } from "./keyring.js";
import { readKey } from "./registry-key.js";
import type { Keyring, PullSecretEntry } from "./types.js";

/** Where a node's kubelet looks; paths absolute as on the node. */
export interface NodeCredentialPlaces {
  /** `--root-dir`, `/var/lib/kubelet` by default. */
  readonly kubeletRoot: string;
  /** `HOME` of the kubelet's process; absent where it has none, as under a plain systemd unit. */
  readonly home?: string;
  /** Working directory of the kubelet's process, `/` unless told otherwise. */
  readonly workingDirectory?: string;
}

/** The node's own credentials. `file` is the one the kubelet uses, absent where it finds none it can parse. */
export interface NodeKeyring {
  readonly keyring: Keyring;
  readonly file?: string;
  /** Files that are there but that the kubelet passes over, with its reason. */
  readonly rejected: readonly { readonly file: string; readonly message: string }[];
}

/**
 * The registry credentials of a node as its kubelet reads them: the first `config.json` that parses, be it empty, and
 * only where none does the first `.dockercfg`.
 * @param read  text of a file on the node, undefined where there is none
 * Source: kubelet pkg/credentialprovider/config.go `ReadDockerConfigFile`, 1.26 and 1.36 alike
 */
export function parseNodeCredentials(
  read: (path: string) => string | undefined,
  places: NodeCredentialPlaces,
  deps: KeyringDeps,
): NodeKeyring {
  const rejected: { readonly file: string; readonly message: string }[] = [];
  for (const { file, form } of candidates(places)) {
    const text = read(file);
    if (text === undefined) continue;
    const config = parseDockerConfig(text, form);
    if (config.kind === "entries") return { keyring: nodeFileKeyring(file, config.entries, deps), file, rejected };
    rejected.push({ file, message: config.message });
  }
  return { keyring: buildKeyring([], deps), rejected };
}

/**
 * For which registries a node's files hold credentials: the normalised keys of the file that the kubelet uses, in its
 * order. Nothing of the credentials themselves.
 */
export function readNodeCredentialHosts(
  read: (path: string) => string | undefined,
  places: NodeCredentialPlaces,
): readonly string[] {
  for (const { file, form } of candidates(places)) {
    const text = read(file);
    const config = text === undefined ? undefined : parseDockerConfig(text, form);
    if (config?.kind !== "entries") continue;
    return config.entries.flatMap(({ writtenKey }) => readKey(writtenKey.reveal())?.normalised ?? []);
  }
  return [];
}

/** Which repositories a node holds a credential for, by the keys of {@link readNodeCredentialHosts}. */
export function nodeHostsKeyring(hosts: readonly string[], file: string): (repository: string) => boolean {
  const nothing = new Redacted("withheld");
  const entries = hosts.map((key) => ({ key, writtenKey: new Redacted(key), username: "withheld", password: nothing }));
  const keyring = nodeFileKeyring(file, entries, { identityKey: new Uint8Array(32) });
  return (repository) => keyring.lookup(repository).length > 0;
}

/** The keyring of one file that is known to hold a node's credentials; `file` is the path shown in messages. */
export function nodeFileKeyring(file: string, entries: readonly PullSecretEntry[], deps: KeyringDeps): Keyring {
  return buildKeyring([{ entries, origin: { kind: "node", file }, version: "" }], deps);
}

function candidates(places: NodeCredentialPlaces) {
  const cwd = places.workingDirectory ?? "/";
  const home = places.home ?? "";
  const folders = [places.kubeletRoot, "", home, "/"];
  const dotDocker = [places.kubeletRoot, "", join(home, ".docker"), "/.docker"];
  const absolute = (folder: string, name: string) =>
    folder.startsWith("/") ? join(folder, name) : join(cwd, folder, name);
  const files = [
    ...dotDocker.map((folder) => ({ file: absolute(folder, "config.json"), form: "config-json" as const })),
    ...folders.map((folder) => ({ file: absolute(folder, ".dockercfg"), form: "legacy" as const })),
  ];
  return files.filter(({ file }, at) => files.findIndex((other) => other.file === file) === at);
}

function join(...parts: readonly string[]): string {
  return parts
    .filter((part) => part !== "")
    .join("/")
    .replaceAll(/\/+/g, "/");
}
