import { normalisedReference, parseReference, repositoryName } from "../reference/index.js";

/** A pattern over images, ready to match. */
export interface ImagePattern {
  readonly text: string;
  readonly tokens: readonly Token[];
  /** The pattern speaks of tag or digest. */
  readonly hasVersion: boolean;
}

type Token = { readonly kind: "text"; readonly character: string } | { readonly kind: "one" | "many" | "any" };

const longestPattern = 512;
/** A host, a path, a tag and a digest as long as they may be. No registry has an image of a longer name, whatever a workload says. */
const longestImage = 1024;

/**
 * Reads a pattern: `*` stands for any characters but `/`, `**` for any at all, `?` for one but `/`. A pattern names the
 * registry as the normalised image does (`docker.io/library/nginx`); without tag or digest it is for every one of them.
 * @returns the pattern, or in words what is wrong with it
 */
export function parseImagePattern(text: string): ImagePattern | string {
  if (text === "") return "must not be empty";
  if (text.length > longestPattern) return `must be ${longestPattern} characters at most`;
  const foreign = /[^A-Za-z0-9._\-/:@*?[\]]/.exec(text)?.[0];
  if (foreign !== undefined) return `must not contain ${JSON.stringify(foreign)}`;
  const slash = text.indexOf("/");
  const registry = slash === -1 ? text : text.slice(0, slash);
  if (slash === -1 && !text.startsWith("**")) {
    return /[.:]/.test(text) && !/:[a-z]/i.test(text)
      ? `names a registry alone; write ${text}/** for all of its images`
      : `names no registry; write docker.io/library/${text}, or ** for every image`;
  }
  if (slash !== -1 && registry !== "localhost" && !/[.:*?]/.test(registry)) {
    return `names no registry; write docker.io/${text}`;
  }
  return { text, tokens: tokensOf(text), hasVersion: /[:@][^/]*$/.test(slash === -1 ? text : text.slice(slash)) };
}

/** Whether a pattern is about an image, given as a manifest has it. What no grammar accepts is compared as written. */
export function patternMatches(pattern: ImagePattern, image: string): boolean {
  const parsed = parseReference(image, "current");
  if (parsed.kind !== "reference") return globMatches(pattern.tokens, image);
  const { reference } = parsed;
  const name = repositoryName(reference);
  if (!pattern.hasVersion) return globMatches(pattern.tokens, name);
  const tagged = reference.tag === undefined ? [] : [`${name}:${reference.tag}`];
  const pinned = reference.digest === undefined ? [] : [`${name}@${reference.digest}`];
  return [...tagged, ...pinned, normalisedReference(reference)].some((text) => globMatches(pattern.tokens, text));
}

function tokensOf(text: string): readonly Token[] {
  const parts = text.match(/\*\*+|[\s\S]/g) ?? [];
  return parts.map((part): Token => {
    if (part.startsWith("**")) return { kind: "any" };
    if (part === "*") return { kind: "many" };
    return part === "?" ? { kind: "one" } : { kind: "text", character: part };
  });
}

/** Keeps every place in the pattern where the text so far may stand: no text makes that slow, as it may with a RegExp. */
function globMatches(tokens: readonly Token[], text: string): boolean {
  if (text.length > longestImage) return tokens.every(({ kind }) => kind === "any");
  let places = opened(tokens, new Set([0]));
  for (const character of text) {
    const next = [...places].flatMap((place) => step(tokens[place], place, character));
    places = opened(tokens, new Set(next));
  }
  return places.has(tokens.length);
}

function step(token: Token | undefined, place: number, character: string): readonly number[] {
  switch (token?.kind) {
    case undefined:
      return [];
    case "text":
      return token?.kind === "text" && token.character === character ? [place + 1] : [];
    case "one":
      return character === "/" ? [] : [place + 1];
    case "many":
      return character === "/" ? [] : [place];
    case "any":
      return [place];
  }
}

/** A star may stand for nothing. */
function opened(tokens: readonly Token[], places: Set<number>): Set<number> {
  for (const place of places) {
    const kind = tokens[place]?.kind;
    if (kind === "many" || kind === "any") places.add(place + 1);
  }
  return places;
}
