import { PullguardError } from "../core/index.js";
import { type ImageReference, parseReference } from "../reference/index.js";

/** What a person asks a node about: a registry with all its repositories, or one image. */
export interface NodeSubject {
  readonly kind: "registry" | "image";
  readonly reference: ImageReference;
}

/**
 * Tells a registry from an image: `reg.example`, `localhost`, `reg:5000` and URLs of registries are registries, whatever has
 * a repository is an image, and so are bare names, with a tag or without (`nginx:1.27`, `redis:7`).
 * @throws PullguardError `InputInvalid` for what is neither
 */
export function parseSubject(text: string): NodeSubject {
  const bare = text.replace(/^https?:\/\//, "").replace(/\/(?:v2\/?)?$/, "");
  if (!bare.includes("/") && isRegistryName(bare)) return { kind: "registry", reference: anyOf(bare) };
  const parsed = parseReference(text, "current");
  if (parsed.kind === "reference") return { kind: "image", reference: parsed.reference };
  const shown = JSON.stringify(text.slice(0, 120));
  throw new PullguardError(
    "InputInvalid",
    `${shown} is neither a registry nor an image: ${parsed.fault.message.slice(0, 200)}`,
  );
}

/**
 * `host[:port]` of a registry that is to be dialled, from what a person wrote; Docker Hub by any of its names.
 * @throws PullguardError `InputInvalid`
 */
export function parseRegistry(text: string): string {
  const bare = text.replace(/^https?:\/\//, "").replace(/\/(?:v2\/?)?$/, "");
  if (
    /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(bare) &&
    URL.canParse(`https://${bare}`)
  ) {
    return bare === "index.docker.io" || bare === "registry-1.docker.io" ? "docker.io" : bare;
  }
  const hint = bare.includes("/") ? "; name the registry alone, without a repository" : "";
  throw new PullguardError(
    "InputInvalid",
    `${JSON.stringify(text.slice(0, 120))} is no registry such as reg.example:5000${hint}`,
  );
}

/** Well-known ports begin at 80; what follows a plain word is a port from there on, and a tag such as `redis:7` below. */
function isRegistryName(text: string): boolean {
  const [, host = "", port] = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === "") return false;
  if (host === "localhost" || host.startsWith("[") || /\.[A-Za-z0-9]/.test(host)) return true;
  return port !== undefined && Number(port) >= 80 && Number(port) <= 65535;
}

/** Some image of the registry, for rules that are the same for all of them. */
function anyOf(registry: string): ImageReference {
  const domain = parseRegistry(registry);
  return { written: `${domain}/repository:tag`, domain, path: "repository", tag: "tag" };
}
