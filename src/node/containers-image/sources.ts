import { type ImageReference, repositoryName, runtimeReference } from "../../reference/index.js";
import { parseCanonical } from "./names.js";
import type { Endpoint, RegistriesConfig, RegistryTable } from "./types.js";

/** A place that is tried for an image: the name under which it is asked for there. */
export interface PullSource {
  readonly reference: ImageReference;
  readonly insecure: boolean;
  /** The table that led here; absent where none is about the image. */
  readonly table?: RegistryTable;
}

/**
 * The places that are tried for an image, mirrors first, or the name that a table makes of it and that is none, which
 * breaks the whole pull.
 * Source: containers/image pkg/sysregistriesv2 `PullSourcesFromReference`, `rewriteReference`.
 */
export function pullSources(
  config: RegistriesConfig,
  reference: ImageReference,
): readonly PullSource[] | { readonly unusable: string; readonly table: RegistryTable } {
  const table = findRegistry(config, repositoryName(reference));
  if (table === undefined) return [{ reference, insecure: false }];
  const sources: PullSource[] = [];
  for (const endpoint of endpointsFor(table, reference.digest !== undefined)) {
    const rewritten = rewrite(endpoint, table.prefix, reference);
    if (typeof rewritten === "string") return { unusable: rewritten, table };
    sources.push({ reference: rewritten, insecure: endpoint.insecure, table });
  }
  return sources;
}

function endpointsFor(table: RegistryTable, byDigest: boolean): readonly Pick<Endpoint, "location" | "insecure">[] {
  const mirrors = table.mirrorByDigestOnly
    ? byDigest
      ? table.mirrors
      : []
    : table.mirrors.filter(({ pullFromMirror }) => pullFromMirror !== (byDigest ? "tag-only" : "digest-only"));
  return [...mirrors, table];
}

function rewrite(
  { location }: Pick<Endpoint, "location">,
  prefix: string,
  reference: ImageReference,
): ImageReference | string {
  const name = runtimeReference(reference);
  const end = matchEnd(name, prefix);
  if (location === "" || end === undefined) return reference;
  const rewritten = location + name.slice(end);
  return parseCanonical(rewritten) ?? rewritten;
}

/**
 * The table with the longest prefix that the name begins with.
 * @param name a repository with its registry, without tag and digest
 */
export function findRegistry(config: Pick<RegistriesConfig, "registries">, name: string): RegistryTable | undefined {
  let found: RegistryTable | undefined;
  for (const registry of config.registries) {
    if (matchEnd(name, registry.prefix) === undefined) continue;
    if (found === undefined || registry.prefix.length > found.prefix.length) found = registry;
  }
  return found;
}

/**
 * Where in `name` the text ends that a prefix matches: whole components only, and `*.` stands for any subdomains.
 * Source: `refMatchingPrefix`, `refMatchingSubdomainPrefix`.
 */
function matchEnd(name: string, prefix: string): number | undefined {
  const isWildcard = prefix.startsWith("*.");
  const wanted = isWildcard ? prefix.slice(1) : prefix;
  const start = isWildcard ? name.indexOf(wanted) : 0;
  if (start === -1 || !name.startsWith(wanted, start) || name.slice(0, start).includes("/")) return undefined;
  const end = start + wanted.length;
  return end === name.length || [":", "/", "@"].includes(name.charAt(end)) ? end : undefined;
}
