import { createHmac, randomBytes } from "node:crypto";

/** Makes and checks Bearer tokens; every registry of one laboratory trusts the same mint. */
export interface TokenMint {
  make(scopes: readonly string[]): string;
  /** The scopes of a token, or undefined where this laboratory did not make it. */
  read(token: string): readonly string[] | undefined;
}

/** A mint with a key of its own. */
export function createTokenMint(): TokenMint {
  const key = randomBytes(16);
  const sign = (payload: string): string => createHmac("sha256", key).update(payload).digest("base64url");
  return {
    make(scopes) {
      const payload = Buffer.from(JSON.stringify(scopes)).toString("base64url");
      return `${payload}.${sign(payload)}`;
    },
    read(token) {
      const [payload = "", signature] = token.split(".");
      if (signature !== sign(payload)) return undefined;
      return JSON.parse(Buffer.from(payload, "base64url").toString()) as string[];
    },
  };
}
