import type { NodeFiles } from "../types.js";
import type { RegistriesConfig } from "./types.js";

/** Auth files that the runtime reads itself, for hosts to which the kubelet's credentials do not go. */
const ownFiles = [
  "/run/containers/0/auth.json",
  "/root/.config/containers/auth.json",
  "/root/.docker/config.json",
  "/root/.dockercfg",
] as const;

/**
 * Names of everything from which the runtime itself may take a credential for one of the hosts: auth files with an entry for it
 * (or that cannot be read), and credential helpers, which nobody can look into.
 * @param hosts  `host[:port]`, `docker.io` for Docker Hub
 * Source: containers/image pkg/docker/config/config.go `getAuthFilePaths`, `findCredentialsInFile`.
 */
export function ownCredentialSources(
  files: NodeFiles,
  config: Pick<RegistriesConfig, "credentialHelpers">,
  globalAuthFile: string | undefined,
  hosts: readonly string[],
): readonly string[] {
  const helpers = config.credentialHelpers.filter((name) => name !== "containers-auth.json");
  const read = helpers.length === config.credentialHelpers.length ? [] : pathsOf(globalAuthFile);
  return [...read.filter((file) => mayKnow(files, file, hosts)), ...helpers];
}

function pathsOf(globalAuthFile: string | undefined): readonly string[] {
  // The global file takes the place of the first one only.
  return globalAuthFile === undefined ? ownFiles : [globalAuthFile, ...ownFiles.slice(1)];
}

function mayKnow(files: NodeFiles, file: string, hosts: readonly string[]): boolean {
  const reading = files.read(file);
  if (reading.kind !== "text") return reading.kind === "unreadable";
  const parsed = parseObject(reading.text);
  if (parsed === undefined) return true;
  const auths = file.endsWith(".dockercfg") ? parsed : parsed.auths;
  const keys = [...keysOf(auths), ...keysOf(parsed.credHelpers)].map(hostOf);
  return keys.some((key) => hosts.some((host) => key === hostOf(host)));
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function keysOf(value: unknown): readonly string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

/** The host of a key such as `https://index.docker.io/v1/`, Docker Hub under one name. */
function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}
