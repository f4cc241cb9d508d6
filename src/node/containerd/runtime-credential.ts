import { Redacted } from "../../core/index.js";
import { credentialIdentity, type RegistryCredential } from "../../credentials/index.js";
import type { LegacyAuth } from "./legacy-settings.js";

/**
 * What containerd makes of an `auth` of its own configuration; undefined for nothing at all, `unusable` for what Pullguard
 * cannot show to a registry as a node would: an identity token, or text that is no `user:password`.
 * Source: `ParseAuth`, containerd internal/cri/server/images/image_pull.go, the same from 1.6 to 2.3.
 */
export function runtimeCredential(
  auth: LegacyAuth,
  place: { readonly file: string; readonly host: string },
  identityKey: Uint8Array,
): RegistryCredential | "unusable" | undefined {
  const words = auth.username === "" ? decoded(auth) : { username: auth.username, password: auth.password };
  if (words === undefined || words === "unusable") return words;
  return {
    ...words,
    origin: { kind: "node", file: place.file, key: place.host },
    identity: credentialIdentity(identityKey, words, `${place.file}\n${place.host}`),
  };
}

type Words = Pick<RegistryCredential, "username" | "password">;

function decoded({ auth, identityToken }: LegacyAuth): Words | "unusable" | undefined {
  if (identityToken.reveal() !== "") return "unusable";
  const written = auth.reveal();
  if (written === "") return undefined;
  // Go's standard encoding passes over line breaks and insists on padding.
  const base64 = written.replaceAll(/[\r\n]/g, "");
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return "unusable";
  const text = Buffer.from(base64, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0 || text.includes("\ufffd")) return "unusable";
  const password = withoutNuls(text.slice(colon + 1));
  return { username: text.slice(0, colon), password: new Redacted(password) };
}

/** Loops, since an expression for the end of a text looks through every run inside of it again and again. */
function withoutNuls(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charAt(start) === "\0") start += 1;
  while (end > start && text.charAt(end - 1) === "\0") end -= 1;
  return text.slice(start, end);
}
