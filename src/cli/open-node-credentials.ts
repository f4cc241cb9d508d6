import type { NodeCredentialsDeps } from "./node-credentials.js";
import type { GivenNodeCredentials } from "./types.js";

/**
 * Follows a `--node-credentials` file for as long as the process runs. The readers of YAML and Secrets are loaded only
 * here: whoever imports this folder for its command line waits for none of them.
 * @throws PullguardError `InputInvalid` for a file that is unusable from the start
 */
export async function openNodeCredentials(path: string, deps: NodeCredentialsDeps): Promise<GivenNodeCredentials> {
  const { followNodeCredentials } = await import("./node-credentials.js");
  return followNodeCredentials(path, deps);
}
