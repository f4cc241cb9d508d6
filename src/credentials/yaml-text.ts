import { Composer, type CST, type Document, isPair, isScalar, type LineCounter, Parser, visit } from "yaml";

/*
 * YAML of strangers. The library compares every key of a mapping with every other one, looks through the whole document for each
 * alias, and descends into a text as deep as that goes: the first two would let some hundred kilobytes hold the process up for
 * minutes, and at the end of the stack V8 may end the process where it ought to throw.
 */

/** Real files have a handful of aliases; each is looked for in the whole document. */
const maxAliases = 1000;
/** No object of Kubernetes nests half as deep. */
const maxDepth = 200;

/** How to read a text. */
export interface YamlOptions {
  /** Whether `<<` lays one mapping under another. */
  readonly merge?: boolean;
  /** Learns where lines begin. */
  readonly lineCounter?: LineCounter;
}

/**
 * The documents of a text, with their errors, in linear time; a flaw where one is nested deeper than any honest one. What YAML
 * forbids besides is the question of {@link flawOf}.
 */
export function yamlDocuments(text: string, options: YamlOptions = {}): readonly Document.Parsed[] | YamlFlaw {
  const parser = new Parser(options.lineCounter?.addNewLine);
  const tokens = [...parser.parse(text)];
  const deep = tokens.map(tooDeep).find((token) => token !== undefined);
  if (deep !== undefined) return { code: "RESOURCE_EXHAUSTION", offset: deep.offset };
  const { merge = false } = options;
  const composer = new Composer({ merge, uniqueKeys: false, prettyErrors: false, logLevel: "silent" });
  return [...composer.compose(tokens)] as Document.Parsed[];
}

type Item = CST.CollectionItem | CST.Document;

/** Looks at the tokens level by level, for there may be more levels than the stack has room for. */
function tooDeep(root: CST.Token): CST.Token | undefined {
  let level: CST.Token[] = [root];
  for (let depth = 0; depth < maxDepth && level.length > 0; depth += 1) {
    level = level.flatMap((token) => childrenOf(token));
  }
  return level[0];
}

function childrenOf(token: CST.Token): CST.Token[] {
  const items: readonly Item[] = token.type === "document" ? [token] : "items" in token ? token.items : [];
  return items.flatMap((item) => [("key" in item ? item.key : undefined) ?? [], item.value ?? []].flat());
}

/** A document that YAML forbids, or that costs too much: what, and the offset of the place. */
export interface YamlFlaw {
  readonly code: "DUPLICATE_KEY" | "TOO_MANY_ALIASES" | "RESOURCE_EXHAUSTION";
  readonly offset: number;
}

/** A key that is written twice in one mapping, or more aliases than any honest file has; undefined where there is neither. */
export function flawOf(document: Document.Parsed): YamlFlaw | undefined {
  let flaw: YamlFlaw | undefined;
  let aliases = 0;
  visit(document, {
    Alias(_key, node) {
      aliases += 1;
      if (aliases <= maxAliases) return undefined;
      flaw ??= { code: "TOO_MANY_ALIASES", offset: node.range?.[0] ?? 0 };
      return visit.BREAK;
    },
    Map(_key, node) {
      const seen = new Set<unknown>();
      for (const pair of node.items) {
        const key = isPair(pair) && isScalar(pair.key) ? pair.key : undefined;
        // Merge keys may stand there as often as one likes.
        if (key === undefined || key.value === "<<") continue;
        if (seen.has(key.value)) flaw ??= { code: "DUPLICATE_KEY", offset: key.range?.[0] ?? 0 };
        seen.add(key.value);
      }
      return flaw === undefined ? undefined : visit.BREAK;
    },
  });
  return flaw;
}

/**
 * The value of the first document of a YAML or JSON text; undefined for text that is no YAML. Faults are dropped: their messages
 * quote the text, which may hold keys.
 * @param maxAliasCount  how much aliases may unfold to, times their number
 */
export function readYaml(text: string, maxAliasCount: number): { readonly value: unknown } | undefined {
  try {
    const documents = yamlDocuments(text);
    if ("code" in documents) return undefined;
    const [document] = documents;
    if (document !== undefined && (document.errors.length > 0 || flawOf(document) !== undefined)) return undefined;
    return { value: document?.toJS({ maxAliasCount }) };
  } catch {
    return undefined;
  }
}
