import type { RegistryCredential } from "./types.js";

/** When a credential ends by itself. `hidden`: that cannot be seen in it; `note` says what is known of its kind, for people. */
export type CredentialExpiry =
  | { readonly kind: "at"; readonly expiresMs: number; readonly note: string }
  | { readonly kind: "hidden"; readonly note: string }
  /** Nothing about it speaks for an end. */
  | { readonly kind: "none" };

/**
 * Looks for an end in a credential: the `exp` of a JSON Web Token (Azure, GitLab, Quay and many token services give such passwords), and
 * the expiration inside of a password of Amazon ECR, which is good for twelve hours. Never shows what it read.
 * Source: RFC 7519, section 4.1.4; AWS "Private registry authentication in Amazon ECR"; goharbor/harbor docs "Robot accounts";
 * Google "Configure authentication to Artifact Registry" (access tokens live for an hour)
 * @param registry domain of the image
 */
export function credentialExpiry(
  { username, password }: Pick<RegistryCredential, "username" | "password">,
  registry: string,
): CredentialExpiry {
  const secret = password.reveal();
  const jwtMs = jwtExpiry(secret);
  if (jwtMs !== undefined) return { kind: "at", expiresMs: jwtMs, note: "the password is a JSON Web Token" };
  if (username === "AWS" || /\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/.test(registry)) {
    const ecrMs = ecrExpiry(secret);
    const note = "passwords of Amazon ECR are good for 12 hours";
    return ecrMs === undefined ? { kind: "hidden", note } : { kind: "at", expiresMs: ecrMs, note };
  }
  if (username === "oauth2accesstoken") return { kind: "hidden", note: "access tokens of Google are good for an hour" };
  if (username.startsWith("robot$") || username.includes("+robot")) {
    return { kind: "hidden", note: "robot accounts may have an end that only their registry shows" };
  }
  return { kind: "none" };
}

/** Milliseconds since 1970; undefined for what is no token, or one without an end. */
function jwtExpiry(text: string): number | undefined {
  const [, payload] = /^eyJ[\w-]+\.([\w-]+)\.[\w-]*$/.exec(text) ?? [];
  return payload === undefined ? undefined : secondsIn(payload, "base64url", "exp");
}

function ecrExpiry(text: string): number | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? secondsIn(text, "base64", "expiration") : undefined;
}

function secondsIn(text: string, encoding: "base64" | "base64url", field: string): number | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, encoding).toString("utf8"));
    const seconds: unknown = typeof value === "object" && value !== null ? Reflect.get(value, field) : undefined;
    const isTime = typeof seconds === "number" && Number.isFinite(seconds) && seconds > 0 && seconds < maxSeconds;
    return isTime ? Math.floor(seconds * 1000) : undefined;
  } catch {
    return undefined;
  }
}

/** What a Date can hold. */
const maxSeconds = 8.64e12;
