import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type YAMLMap } from "yaml";

/** A place in a text; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where images are written, by path from the document's root: `items[0].spec.containers[0].image`. */
export type ImagePositions = ReadonlyMap<string, Position>;

/** A handful of aliases can unfold to more nodes than memory holds; nobody needs places in such a document. */
const maxNodes = 200_000;
const maxDepth = 100;

/**
 * Finds every `image` and `reference` of a YAML document. What stands behind an alias is at its anchor, where it is
 * written; an image that itself is an alias is where the alias stands, for that is what the container says.
 * @param lineOffset  lines before the text that `lines` counts
 */
export function yamlPositions(document: Document.Parsed, lines: LineCounter, lineOffset: number): ImagePositions {
  const found = new Map<string, Position>();
  let budget = maxNodes;

  const visit = (node: unknown, path: string, depth: number): void => {
    budget -= 1;
    if (budget < 0 || depth > maxDepth) return;
    if (isAlias(node)) visit(node.resolve(document), path, depth + 1);
    if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) visit(item, `${path}[${index}]`, depth + 1);
    }
    if (isMap(node)) visitMap(node, path, depth);
  };

  const visitMap = (map: YAMLMap, path: string, depth: number): void => {
    const { own, merged } = partsOf(map);
    // Of several merged maps the first wins, and the map's own keys before all.
    for (const { name, value } of own) visitMember(name, value, path, depth);
    for (const other of merged) visit(other, path, depth + 1);
  };

  const visitMember = (name: string, value: unknown, path: string, depth: number): void => {
    const at = path === "" ? name : `${path}.${name}`;
    if (found.has(at)) return;
    if (isImageName(name) && (isScalar(value) || isAlias(value))) note(at, value);
    visit(value, at, depth + 1);
  };

  const note = (at: string, node: Node): void => {
    const offset = node.range?.[0];
    if (offset === undefined) return;
    const { line, col } = lines.linePos(offset);
    found.set(at, { line: line + lineOffset, column: col });
  };

  visit(document.contents, "", 0);
  return found;
}

function partsOf({ items }: YAMLMap) {
  const named = items.flatMap(({ key, value }) => (isScalar(key) ? [{ name: nameOf(key.value), value }] : []));
  return {
    own: named.filter(({ name }) => name !== "<<"),
    merged: named.filter(({ name }) => name === "<<").flatMap(({ value }) => (isSeq(value) ? value.items : [value])),
  };
}

/** The parser makes a symbol of the merge key. */
function nameOf(key: unknown): string {
  return typeof key === "symbol" ? (key.description ?? "") : String(key);
}

/** The same for a text that JSON.parse has accepted. */
export function jsonPositions(text: string): ImagePositions {
  const found = new Map<string, Position>();
  const place = placeFinder(text);
  const stack: { key: string | undefined; index: number; readonly isList: boolean }[] = [];
  const token = /[{}[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}[\],:"]+/g;
  let isKey = false;
  for (const match of text.matchAll(token)) {
    const [word] = match;
    const top = stack.at(-1);
    switch (word) {
      case "{":
      case "[":
        stack.push({ key: undefined, index: 0, isList: word === "[" });
        isKey = word === "{";
        break;
      case "}":
      case "]":
        stack.pop();
        isKey = false;
        break;
      case ",":
        if (top !== undefined) top.index += 1;
        isKey = top?.isList === false;
        break;
      case ":":
        isKey = false;
        break;
      default:
        if (!word.startsWith('"') || top === undefined) break;
        if (isKey) top.key = keyText(word);
        else if (top.key !== undefined && isImageName(top.key)) found.set(pathOf(stack), place(match.index));
    }
  }
  return found;
}

function keyText(word: string): string {
  const text: unknown = JSON.parse(word);
  return typeof text === "string" ? text : "";
}

function pathOf(
  stack: readonly { readonly key: string | undefined; readonly index: number; readonly isList: boolean }[],
) {
  return stack.reduce((path, { key, index, isList }) => {
    if (isList) return `${path}[${index}]`;
    return path === "" ? (key ?? "") : `${path}.${key}`;
  }, "");
}

/** Offsets are asked for in ascending order, so each line is counted once. */
function placeFinder(text: string): (offset: number) => Position {
  let line = 1;
  let start = 0;
  return (offset) => {
    for (let end = text.indexOf("\n", start); end !== -1 && end < offset; end = text.indexOf("\n", start)) {
      line += 1;
      start = end + 1;
    }
    return { line, column: offset - start + 1 };
  };
}

/** `image` of a container, `reference` of an image volume. */
function isImageName(name: string): boolean {
  return name === "image" || name === "reference";
}
