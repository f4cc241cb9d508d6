import { decodeGoBase64 } from "./go-base64.js";

/** User and password of an entry's `auth`, or the kubelet's error text, which fails the whole Secret. */
export type AuthField =
  | { readonly kind: "pair"; readonly username: string; readonly password: string; readonly isUtf8: boolean }
  | { readonly kind: "malformed"; readonly message: string };

/** What Go's `strings.TrimSpace` takes for white space; `String.prototype.trim` differs in U+0085 and U+FEFF. */
const space = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/**
 * Decodes a non-empty `auth`: base64 with padding where the text ends in `=`, without otherwise; the first colon parts
 * user and password.
 * Source: kubelet pkg/credentialprovider/config.go, 1.26 and 1.36 alike
 */
export function parseAuthField(auth: string): AuthField {
  const decoded = decodeGoBase64(auth, { padding: lastCharacter(auth) === "=" });
  if (decoded.kind === "illegal") return { kind: "malformed", message: decoded.message };
  const bytes = Buffer.from(decoded.bytes);
  const pair = bytes.toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 0) {
    return {
      kind: "malformed",
      message: "unable to parse auth field, must be formatted as base64(username:password)",
    };
  }
  const isUtf8 = Buffer.from(pair, "utf8").equals(bytes);
  return { kind: "pair", username: pair.slice(0, colon), password: pair.slice(colon + 1), isUtf8 };
}

/** The last one that is no white space. Not by an expression for the end of the text: blanks inside would cost their square. */
function lastCharacter(text: string): string | undefined {
  let at = text.length - 1;
  while (at >= 0 && space.test(text.charAt(at))) at -= 1;
  return text[at];
}
