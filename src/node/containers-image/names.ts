import { type ImageReference, parseReference } from "../../reference/index.js";

/** A name as written, told apart by whether it says where it is to be found. */
export type WrittenName =
  | { readonly kind: "qualified" }
  /** `repository` without tag and digest, as aliases are keyed; `suffix` what was cut off. */
  | { readonly kind: "short"; readonly repository: string; readonly suffix: string };

/**
 * Whether a name begins with a registry: its first component has a dot or a colon, or is `localhost`. One component alone
 * never does, whatever it looks like. Source: containers/image pkg/shortnames `parseUnnormalizedShortName`.
 */
export function readWrittenName(written: string): WrittenName {
  const name = written.split("@", 1)[0] ?? "";
  const slash = name.indexOf("/");
  const first = slash === -1 ? "" : name.slice(0, slash);
  if (first === "localhost" || /[.:]/.test(first)) return { kind: "qualified" };
  const colon = name.lastIndexOf(":");
  const end = colon > slash ? colon : name.length;
  return { kind: "short", repository: name.slice(0, end), suffix: written.slice(end) };
}

/** Whether an entry of unqualified-search-registries has the form `host[:port]`. */
export function isSearchRegistry(entry: string): boolean {
  const [, host = "", port] = /^([^:]*)(:.*)?$/s.exec(entry) ?? [];
  if (port !== undefined && !/^:\d+$/.test(port)) return false;
  return host
    .split(".")
    .every((label) => /^[A-Za-z0-9-]+$/.test(label) && !label.startsWith("-") && !label.endsWith("-"));
}

/** Whether a key of `[aliases]` is a name without registry, tag and digest. */
export function isAliasName(name: string): boolean {
  const written = readWrittenName(name);
  return written.kind === "short" && written.suffix === "" && parsesAsPath(name);
}

function parsesAsPath(name: string): boolean {
  // What comes first may be in capitals: to the grammar alone it is a host.
  const slash = name.indexOf("/");
  const lower = slash === -1 ? name : name.slice(0, slash).toLowerCase() + name.slice(slash);
  return parseReference(`registry.invalid/${lower}`, "legacy").kind === "reference";
}

/** The repository that an alias stands for, or undefined where its value names no registry, or a tag or digest. */
export function readAliasTarget(value: string): string | undefined {
  if (readWrittenName(value).kind !== "qualified" || value.includes("@")) return undefined;
  if (value.lastIndexOf(":") > value.lastIndexOf("/")) return undefined;
  const parsed = parseReference(value, "legacy");
  return parsed.kind === "reference" ? value : undefined;
}

/** A name that must already be written in full: `docker.io/nginx` is refused, `docker.io/library/nginx` is not. */
export function parseCanonical(name: string): ImageReference | undefined {
  const parsed = parseReference(name, "legacy");
  if (parsed.kind !== "reference") return undefined;
  const { domain, path } = parsed.reference;
  return name.startsWith(`${domain}/${path}`) ? parsed.reference : undefined;
}
