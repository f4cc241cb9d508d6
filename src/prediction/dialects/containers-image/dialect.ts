import type { RuntimeVersion } from "../../../node/index.js";
import { containersImageContentRules } from "../../content/containers-image.js";
import { containerdDialect } from "../containerd/index.js";
import type { PullDialect } from "../dialect.js";

/** The dialect of one version of containers-image, the library of CRI-O and podman. */
export function containersImageDialect(version: RuntimeVersion): PullDialect {
  return { ...containerdDialect(version, {}), id: "containers-image", content: containersImageContentRules(version) };
}
