import { hash, randomBytes } from "node:crypto";

const keyBytes = 16;

/**
 * Makes keys of 16 characters out of texts of any length, equal for equal texts. They are made with a secret of this
 * process, so that nobody can look for two texts with one key.
 */
export function shortKeys(): (text: string) => string {
  const secret = randomBytes(keyBytes).toString("hex");
  // Written out of a buffer: a part cut out of a text would keep the whole of it.
  return (text) => hash("sha256", `${secret}${text}`, "buffer").toString("latin1", 0, keyBytes);
}
