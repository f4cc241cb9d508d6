import type { RuntimeVersion } from "../../../node/index.js";
import { dockerContentRules } from "../../content/docker.js";
import { containerdDialect } from "../containerd/index.js";
import type { PullDialect } from "../dialect.js";

/** The dialect of one version of dockerd. */
export function dockerDialect(version: RuntimeVersion): PullDialect {
  return { ...containerdDialect(version, {}), id: "docker", content: dockerContentRules };
}
