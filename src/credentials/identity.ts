import { createHmac } from "node:crypto";
import type { PullSecretEntry } from "./types.js";

/**
 * The name under which answers and tokens obtained with a credential are cached: equal only for equal user, password
 * and `version` (the Secret's resourceVersion), and worthless without the process's key, so that it may be logged.
 * @param identityKey  at least 32 random bytes, made anew by every process
 */
export function credentialIdentity(
  identityKey: Uint8Array,
  entry: Pick<PullSecretEntry, "username" | "password">,
  version: string,
): string {
  const asked = JSON.stringify([entry.username, entry.password.reveal(), version]);
  return createHmac("sha256", identityKey).update(asked).digest("hex");
}
