import { createHash } from "node:crypto";

const shapes: ReadonlyMap<string, RegExp> = new Map([
  ["sha256", /^[a-f0-9]{64}$/],
  ["sha384", /^[a-f0-9]{96}$/],
  ["sha512", /^[a-f0-9]{128}$/],
]);

/**
 * Whether `text` is a digest that a container runtime accepts: sha256, sha384 or sha512 with exactly as many lower-case
 * hex digits as that has.
 * Source: opencontainers/go-digest v1.0.0 `Validate`
 */
export function isDigest(text: string): boolean {
  const { algorithm, hex } = split(text);
  return shapes.get(algorithm)?.test(hex) ?? false;
}

/** `sha256:…` over the bytes. */
export function sha256Digest(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Whether the bytes are those that `digest` stands for. False for what {@link isDigest} refuses. */
export function matchesDigest(bytes: Uint8Array, digest: string): boolean {
  if (!isDigest(digest)) return false;
  const { algorithm, hex } = split(digest);
  return createHash(algorithm).update(bytes).digest("hex") === hex;
}

function split(text: string): { algorithm: string; hex: string } {
  const colon = text.indexOf(":");
  return { algorithm: text.slice(0, Math.max(colon, 0)), hex: text.slice(colon + 1) };
}
