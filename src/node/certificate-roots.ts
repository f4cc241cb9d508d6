import { unreachable } from "../core/index.js";
import { certificateRoots } from "./containers-image/certificates.js";
import { certsRoot } from "./docker/certs-folder.js";
import type { NodeProfile } from "./types.js";

/** Where the nodes' runtime looks for a folder with a registry's certificates, in its order. */
export function certificateRootsOf({ runtime, hostsRoot }: Pick<NodeProfile, "runtime" | "hostsRoot">) {
  switch (runtime.name) {
    case "containerd":
      // Folders in Docker's form serve as well, where its config_path names them.
      return [...new Set([hostsRoot, "/etc/containerd/certs.d", certsRoot])];
    case "docker":
      return [certsRoot];
    case "cri-o":
    case "podman":
      return certificateRoots;
    default:
      return unreachable(runtime.name);
  }
}
