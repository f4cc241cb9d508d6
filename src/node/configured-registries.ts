import { unreachable } from "../core/index.js";
import type { NodeFiles, NodeProfile } from "./types.js";

/**
 * Names of the registries for which a node's files hold some configuration, sorted; for people who want to know what to ask
 * about. `_default` is containerd's folder for all others.
 */
export function configuredRegistries(
  files: NodeFiles,
  { runtime, hostsRoot }: Pick<NodeProfile, "runtime" | "hostsRoot">,
): readonly string[] {
  return [...new Set(namesFor(files, runtime.name, hostsRoot))].sort();
}

function namesFor(files: NodeFiles, name: NodeProfile["runtime"]["name"], hostsRoot: string): readonly string[] {
  switch (name) {
    case "containerd":
      return foldersIn(files, hostsRoot);
    case "docker":
      return [...foldersIn(files, "/etc/docker/certs.d"), ...daemonNames(textOf(files, "/etc/docker/daemon.json"))];
    case "cri-o":
    case "podman":
      return [
        ...foldersIn(files, "/etc/containers/certs.d"),
        ...foldersIn(files, "/etc/docker/certs.d"),
        ...registriesConfNames(files),
      ];
    default:
      return unreachable(name);
  }
}

/** containerd 1 also reads `host_5000_` for `host:5000`. */
function foldersIn(files: NodeFiles, root: string): readonly string[] {
  return (files.folders?.(root) ?? []).map((name) => name.replace(/_(\d+)_$/, ":$1"));
}

function daemonNames(text: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return [];
    const list = (key: string): readonly string[] => {
      const value: unknown = Object.entries(parsed).find(([name]) => name === key)?.[1];
      return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
    };
    // A network is no registry; mirrors are those of Docker Hub.
    const insecure = list("insecure-registries").filter((entry) => !entry.includes("/"));
    return list("registry-mirrors").length > 0 ? [...insecure, "docker.io"] : insecure;
  } catch {
    // What is wrong with it, the profile's issues say.
    return [];
  }
}

function registriesConfNames(files: NodeFiles): readonly string[] {
  const folder = "/etc/containers/registries.conf.d";
  const paths = [
    "/etc/containers/registries.conf",
    ...(files.list(folder) ?? []).filter((name) => name.endsWith(".conf")).map((name) => `${folder}/${name}`),
  ];
  return paths.flatMap((path) =>
    [...textOf(files, path).matchAll(/^[ \t]*(?:prefix|location)[ \t]*=[ \t]*"([^"]+)"/gm)].map(
      ([, name = ""]) => name.split("/", 1)[0] ?? "",
    ),
  );
}

function textOf(files: NodeFiles, path: string): string {
  const reading = files.read(path);
  return reading.kind === "text" ? reading.text : "";
}
