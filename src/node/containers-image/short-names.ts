import { type ImageReference, parseReference } from "../../reference/index.js";
import type { FactOrigin } from "../types.js";
import { aliasCacheFile, type readAliasCache } from "./aliases.js";
import { readWrittenName } from "./names.js";
import type { RegistriesConfig, ShortNameMode } from "./types.js";

/** What a node takes a name for. */
export type Meaning =
  /** In the order in which they are tried; at least one. `origin` absent: the name says where it is to be found. */
  | {
      readonly kind: "candidates";
      readonly candidates: readonly ImageReference[];
      readonly origin?: FactOrigin;
      readonly partial?: true;
    }
  | {
      readonly kind: "refused";
      readonly reason: "short-name-unresolved" | "short-name-ambiguous";
      readonly message: string;
      readonly origin: FactOrigin;
      readonly partial?: true;
    }
  | { readonly kind: "broken"; readonly message: string; readonly origin: FactOrigin };

/**
 * Resolves a name without registry: an alias, else one candidate for each search registry.
 * @param mode  what the runtime makes of `short-name-mode`
 * Source: containers/image pkg/shortnames `Resolve`; the runtime has no terminal to ask at.
 */
export function resolveName(
  reference: ImageReference,
  config: RegistriesConfig,
  mode: ShortNameMode,
  readCache: () => ReturnType<typeof readAliasCache>,
): Meaning {
  const written = readWrittenName(reference.written);
  if (written.kind === "qualified") return { kind: "candidates", candidates: [reference] };
  const { repository } = written;
  const cache = readCache();
  if (cache.kind === "invalid") {
    const origin = { file: aliasCacheFile, ...(cache.line !== undefined && { line: cache.line }) };
    return { kind: "broken", message: cache.problem, origin };
  }
  const partial = cache.kind === "unreadable" ? ({ partial: true } as const) : {};
  const cached = cache.kind === "aliases" ? cache.aliases.get(repository) : undefined;
  const alias = cached ?? config.aliases.get(repository);
  if (alias !== undefined && alias.target !== "") {
    const candidate = qualified(alias.target, reference);
    if (candidate !== undefined)
      return { kind: "candidates", candidates: [candidate], origin: alias.origin, ...partial };
  }
  const origin = config.searchOrigin;
  if (config.searchRegistries.length === 0) {
    const message = `${shown(repository)} names no registry, and no alias or search registry is configured`;
    return { kind: "refused", reason: "short-name-unresolved", message, origin, ...partial };
  }
  const candidates: ImageReference[] = [];
  for (const registry of config.searchRegistries) {
    const candidate = qualified(`${registry}/${repository}`, reference);
    if (candidate === undefined) {
      return { kind: "broken", message: `${registry}/${shown(repository)} is no valid name`, origin };
    }
    candidates.push(candidate);
  }
  if (mode === "enforcing" && candidates.length > 1) {
    const message = `${shown(repository)} names no registry, and ${config.searchRegistries.join(", ")} would all be searched`;
    return { kind: "refused", reason: "short-name-ambiguous", message, origin, ...partial };
  }
  return { kind: "candidates", candidates, origin, ...partial };
}

/** The same tag or digest of another repository. */
function qualified(repository: string, { written, tag, digest }: ImageReference): ImageReference | undefined {
  const parsed = parseReference(repository, "legacy");
  if (parsed.kind !== "reference") return undefined;
  const { domain, path } = parsed.reference;
  return { written, domain, path, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

function shown(name: string): string {
  return name.slice(0, 100);
}
