import { readFile } from "node:fs/promises";
import { type Clock, PullguardError } from "../core/index.js";
import { parseBundle, renderBundle } from "./bundle.js";
import { follow } from "./follow.js";

export interface ClientAuthoritiesOptions {
  readonly path: string;
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Hears each outcome that differs from the one before; `error` where the last bundle stays. */
  readonly onReload?: (
    outcome: { readonly kind: "reloaded" } | { readonly kind: "kept"; readonly error: unknown },
  ) => void;
}

/** The CA certificates of a file, as PEM, as they change. */
export interface ClientAuthorities {
  current(): string;
  onChange(listener: (caPem: string) => void): () => void;
  stop(): void;
}

/**
 * Reads CA certificates and follows the file by reading it again and again, for a mounted ConfigMap changes by a link. A file that
 * holds none leaves the last ones in place: to trust nobody is no way to mend a typing error.
 * @throws PullguardError `CertificateInvalid` if there is no CA certificate to begin with
 */
export async function watchClientAuthorities(options: ClientAuthoritiesOptions): Promise<ClientAuthorities> {
  const { path, intervalMs, clock, onReload } = options;
  return await follow<string>({
    load: () => loadAuthorities(path),
    isSame: (found, known) => found === known,
    ...{ intervalMs, clock },
    onReload: (outcome) => onReload?.(outcome.kind === "kept" ? outcome : { kind: "reloaded" }),
  });
}

async function loadAuthorities(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
    throw new PullguardError("CertificateInvalid", `${path} cannot be read: ${code}`, { cause: error });
  }
  const authorities = parseBundle(text);
  if (authorities.length === 0) throw new PullguardError("CertificateInvalid", `${path} holds no CA certificate`);
  return renderBundle(authorities);
}
