import { type Document, LineCounter, parseAllDocuments, type YAMLError } from "yaml";
import { PullguardError } from "../core/index.js";
import type { InputText } from "./read-input.js";

/** One object of a manifest and where it stands: `deploy.yaml:12`. */
export interface ManifestObject {
  readonly object: Readonly<Record<string, unknown>>;
  readonly place: string;
}

// A manifest has a handful of aliases; a thousand small ones can unfold to more than memory holds.
const maxAliasCount = 100;
// The syntax tree takes some 200 times the text, and no object of a cluster is larger than 1.5 MiB; only Lists are.
const maxDocumentLength = 4 * 1024 * 1024;
// Lists of Lists exist; endless ones only as an attack.
const maxListDepth = 8;

/**
 * Every Kubernetes object of a YAML or JSON text, in order: several YAML documents, and the items of a `List`, of a
 * `PodList` and their like. Empty documents and those without `kind` are passed over.
 * @throws PullguardError `InputInvalid` with `file:line` for text that is neither
 */
export function parseManifest(input: InputText): readonly ManifestObject[] {
  return parseValues(input).flatMap(({ value, place }) => objectsOf(value, place));
}

/**
 * Every document of a YAML or JSON text as plain values.
 * @throws PullguardError `InputInvalid` with `file:line`
 */
export function parseValues(input: InputText): readonly { readonly value: unknown; readonly place: string }[] {
  const json = parseJson(input.text);
  if (json !== undefined) return [{ value: json, place: `${input.name}:1` }];
  return splitDocuments(input.text).flatMap((chunk) => parseChunk(input.name, chunk));
}

/** JSON goes the short way because a large `kubectl get -o json` takes the YAML parser many times longer. */
function parseJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Chunk {
  readonly text: string;
  readonly firstLine: number;
}

/**
 * Cuts at `---` lines, so that only one document at a time is held as a syntax tree. No YAML scalar can hold such a
 * line. Directives (`%YAML`) stand before the line they belong to, so a text with any stays whole.
 */
function splitDocuments(text: string): readonly Chunk[] {
  if (/^%/m.test(text)) return [{ text, firstLine: 1 }];
  const chunks: Chunk[] = [];
  let start = 0;
  let startLine = 1;
  let line = 1;
  for (let at = 0; at < text.length; line += 1) {
    if (at > start && /^---(\s|$)/.test(text.slice(at, at + 4))) {
      chunks.push({ text: text.slice(start, at), firstLine: startLine });
      start = at;
      startLine = line;
    }
    const end = text.indexOf("\n", at);
    at = end === -1 ? text.length : end + 1;
  }
  chunks.push({ text: text.slice(start), firstLine: startLine });
  return chunks;
}

function parseChunk(name: string, chunk: Chunk): readonly { readonly value: unknown; readonly place: string }[] {
  if (chunk.text.length > maxDocumentLength) {
    const advice = "a YAML document larger than 4 MiB; split it with --- or give it as JSON";
    throw new PullguardError("InputInvalid", `${name}:${chunk.firstLine}: ${advice}`);
  }
  const lineCounter = new LineCounter();
  const placeAt = (offset: number) => `${name}:${lineCounter.linePos(offset).line + chunk.firstLine - 1}`;
  try {
    const options = { lineCounter, merge: true, prettyErrors: false, logLevel: "silent" } as const;
    const documents: readonly Document.Parsed[] = parseAllDocuments(chunk.text, options);
    return documents.map((document) => {
      const [fault] = document.errors;
      if (fault !== undefined) throw yamlFault(placeAt(fault.pos[0]), fault);
      const value: unknown = document.toJS({ maxAliasCount });
      return { value, place: placeAt(document.contents?.range?.[0] ?? 0) };
    });
  } catch (error) {
    if (error instanceof PullguardError) throw error;
    throw new PullguardError("InputInvalid", `${name}:${chunk.firstLine}: ${conversionFault(error)}`, { cause: error });
  }
}

function yamlFault(place: string, fault: YAMLError): PullguardError {
  // Only the code's own words: some messages quote the source, and the source may be a Secret.
  const told: Readonly<Record<string, string>> = {
    BAD_INDENT: "wrong indentation",
    DUPLICATE_KEY: "a key is written twice",
    TAB_AS_INDENT: "a tab is used for indentation",
    BLOCK_AS_IMPLICIT_KEY: "a mapping starts where it cannot (two colons on one line, or wrong indentation?)",
    MULTILINE_IMPLICIT_KEY: "a key spans several lines (a missing colon?)",
    MISSING_CHAR: "a character is missing (an unclosed quote, bracket or brace?)",
    BAD_ALIAS: "an alias is malformed",
    RESOURCE_EXHAUSTION: "nested too deeply",
  };
  return new PullguardError("InputInvalid", `${place}: not valid YAML: ${told[fault.code] ?? fault.code}`);
}

function conversionFault(error: unknown): string {
  if (error instanceof RangeError) return "nested too deeply";
  if (error instanceof ReferenceError) return "aliases (*name) that are undefined or unfold to too much";
  return "cannot be read as YAML";
}

function objectsOf(value: unknown, place: string, depth = 0): readonly ManifestObject[] {
  if (depth > maxListDepth) return [];
  if (Array.isArray(value)) return value.flatMap((entry) => objectsOf(entry, place, depth + 1));
  if (!isRecord(value) || typeof value.kind !== "string") return [];
  if (!value.kind.endsWith("List") || !Array.isArray(value.items)) return [{ object: value, place }];
  const itemType = { apiVersion: value.apiVersion, kind: value.kind.slice(0, -"List".length) };
  // The items of a PodList, as the API server sends it, say neither kind nor apiVersion themselves.
  return value.items.flatMap((item) => {
    const isUntyped = isRecord(item) && item.kind === undefined && itemType.kind !== "";
    return objectsOf(isUntyped ? { ...itemType, ...item } : item, place, depth + 1);
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
