import { posix } from "node:path";
import type { NodeFiles } from "../types.js";
import type { ClientFiles } from "./host-entry.js";

/** Certificate files by Docker's naming, as absolute paths; `caFiles` is absent when there are none. */
export interface CertificateFiles {
  readonly caFiles?: readonly string[];
  readonly clientFiles: readonly ClientFiles[];
}

/**
 * The certificates that apply to a registry whose folder has no (usable) hosts.toml: every `*.crt` is a CA, every `*.cert` a
 * client certificate with its key in the `.key` of the same name or, without that, in the same file.
 * Source: `loadCertFiles`, containerd remotes/docker/config/hosts.go 1.6 to 2.3.
 */
export function findCertificateFiles(files: NodeFiles, folder: string): CertificateFiles {
  const names = files.list(folder) ?? [];
  const caFiles = names.filter((name) => name.endsWith(".crt")).map((name) => posix.join(folder, name));
  const clientFiles = names
    .filter((name) => name.endsWith(".cert"))
    .map((name): ClientFiles => {
      const certificate = posix.join(folder, name);
      const key = posix.join(folder, `${name.slice(0, -".cert".length)}.key`);
      // A link to what was not shown is a key as well.
      return files.read(key).kind === "missing" ? { certificate } : { certificate, key };
    });
  return { clientFiles, ...(caFiles.length > 0 && { caFiles }) };
}
