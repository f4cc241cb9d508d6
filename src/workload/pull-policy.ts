import { PullguardError } from "../core/index.js";
import { parseReference } from "../reference/index.js";
import { readText } from "./fields.js";
import type { PullPolicy } from "./types.js";

/**
 * The pull policy as written, or what the API server fills in: `Always` for the tag `latest`, written or implied (a
 * digest behind a written `latest` changes nothing), else `IfNotPresent`, also for a name that does not parse.
 * @throws PullguardError `InputInvalid` for a policy that the API server does not know
 * Source: Kubernetes pkg/apis/core/v1/defaults.go `SetDefaults_Container`, 1.26 and 1.36; image volumes by the same rule
 */
export function readPullPolicy(value: unknown, image: string, path: string): PullPolicy {
  const written = readText(value, path);
  switch (written) {
    case "Always":
    case "IfNotPresent":
    case "Never":
      return written;
    case "":
      return defaultPullPolicy(image);
    default:
      throw new PullguardError("InputInvalid", `${path}: expected Always, IfNotPresent or Never`);
  }
}

function defaultPullPolicy(image: string): PullPolicy {
  const parsed = parseReference(image, "current");
  return parsed.kind === "reference" && parsed.reference.tag === "latest" ? "Always" : "IfNotPresent";
}
