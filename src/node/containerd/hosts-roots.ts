import { posix } from "node:path";

/** Where containerd's registry configuration lies on almost every node. */
export const defaultHostsRoot = "/etc/containerd/certs.d";

/** The folders that a `config_path` names. Source: Go `filepath.SplitList`. */
export function splitConfigPath(configPath: string): readonly string[] {
  return configPath
    .split(":")
    .filter((part) => part !== "")
    .map((part) => posix.resolve("/", part));
}
