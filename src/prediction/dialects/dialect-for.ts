import { unreachable } from "../../core/index.js";
import type { NodeProfile } from "../../node/index.js";
import { containerdDialect } from "./containerd/index.js";
import { containersImageDialect } from "./containers-image/index.js";
import type { PullDialect } from "./dialect.js";
import { dockerDialect } from "./docker/index.js";

/** The dialect of the runtime that a profile's nodes have, in its version and as it is set up. */
export function dialectFor({ runtime, settings }: Pick<NodeProfile, "runtime" | "settings">): PullDialect {
  switch (runtime.name) {
    case "containerd":
      return containerdDialect(runtime, settings);
    case "docker":
      return dockerDialect(runtime, settings);
    case "cri-o":
    case "podman":
      return containersImageDialect(runtime);
    default:
      return unreachable(runtime.name);
  }
}
