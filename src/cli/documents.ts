import { LineCounter, type YAMLError } from "yaml";
import { PullguardError } from "../core/index.js";
import { flawOf, type YamlFlaw, yamlDocuments } from "../credentials/index.js";
import { type ImagePositions, jsonPositions, type Position, yamlPositions } from "./positions.js";
import { type InputText, stdinName } from "./read-input.js";

/** One object of a manifest and where it stands: `deploy.yaml:12`. */
export interface ManifestObject {
  readonly object: Readonly<Record<string, unknown>>;
  readonly place: string;
  readonly origin: Origin;
}

/** Where an object was written. */
export interface Origin {
  /** As it was given; undefined for standard input. */
  readonly file: string | undefined;
  /** The file that a generator says it made this document from: Helm's `# Source:`, kustomize's origin annotation. */
  readonly source: string | undefined;
  /** Where the image at a field path is written, the path from the object's root; undefined where that is not known. */
  position(fieldPath: string): Position | undefined;
}

/** One document of a text: its value, `file:line`, and where its images are. */
interface ParsedDocument {
  readonly value: unknown;
  readonly place: string;
  readonly source: string | undefined;
  readonly positions: () => ImagePositions;
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
  return parseDocuments(input).flatMap((document) => {
    const place = (object: Fields, path: string): ManifestObject => ({
      object,
      place: document.place,
      origin: {
        file: input.name === stdinName ? undefined : input.name,
        source: input.name === stdinName ? (document.source ?? originAnnotation(object)) : undefined,
        position: (fieldPath) => document.positions().get(path === "" ? fieldPath : `${path}.${fieldPath}`),
      },
    });
    return objectsOf(document.value, "", place);
  });
}

/**
 * Every document of a YAML or JSON text as plain values.
 * @throws PullguardError `InputInvalid` with `file:line`
 */
export function parseValues(input: InputText): readonly { readonly value: unknown; readonly place: string }[] {
  return parseDocuments(input);
}

function parseDocuments(input: InputText): readonly ParsedDocument[] {
  const json = parseJson(input.text);
  if (json !== undefined) {
    let positions: ImagePositions | undefined;
    const find = (): ImagePositions => {
      positions ??= jsonPositions(input.text);
      return positions;
    };
    return [{ value: json, place: `${input.name}:1`, source: undefined, positions: find }];
  }
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

function parseChunk(name: string, chunk: Chunk): readonly ParsedDocument[] {
  if (chunk.text.length > maxDocumentLength) {
    const advice = "a YAML document larger than 4 MiB; split it with --- or give it as JSON";
    throw new PullguardError("InputInvalid", `${name}:${chunk.firstLine}: ${advice}`);
  }
  const lineCounter = new LineCounter();
  const placeAt = (offset: number) => `${name}:${lineCounter.linePos(offset).line + chunk.firstLine - 1}`;
  try {
    const documents = yamlDocuments(chunk.text, { lineCounter, merge: true });
    if ("code" in documents) throw yamlFault(placeAt(documents.offset), documents);
    return documents.map((document) => {
      const [fault] = document.errors;
      if (fault !== undefined) throw yamlFault(placeAt(fault.pos[0]), fault);
      const flaw = flawOf(document);
      if (flaw !== undefined) throw yamlFault(placeAt(flaw.offset), flaw);
      const value: unknown = document.toJS({ maxAliasCount });
      // Found at once, for the syntax tree is given up with this document.
      const positions = yamlPositions(document, lineCounter, chunk.firstLine - 1);
      return {
        value,
        place: placeAt(document.contents?.range?.[0] ?? 0),
        source: helmSource(document.commentBefore ?? document.contents?.commentBefore),
        positions: () => positions,
      };
    });
  } catch (error) {
    if (error instanceof PullguardError) throw error;
    throw new PullguardError("InputInvalid", `${name}:${chunk.firstLine}: ${conversionFault(error)}`, { cause: error });
  }
}

function yamlFault(place: string, fault: Pick<YAMLError, "code"> | YamlFlaw): PullguardError {
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
    TOO_MANY_ALIASES: "more aliases (*name) than Pullguard unfolds",
  };
  return new PullguardError("InputInvalid", `${place}: not valid YAML: ${told[fault.code] ?? fault.code}`);
}

function conversionFault(error: unknown): string {
  if (error instanceof RangeError) return "nested too deeply";
  if (error instanceof ReferenceError) return "aliases (*name) that are undefined or unfold to too much";
  return "cannot be read as YAML";
}

type Fields = Readonly<Record<string, unknown>>;

function objectsOf(
  value: unknown,
  path: string,
  place: (object: Fields, path: string) => ManifestObject,
  depth = 0,
): readonly ManifestObject[] {
  if (depth > maxListDepth) return [];
  if (Array.isArray(value))
    return value.flatMap((entry, index) => objectsOf(entry, `${path}[${index}]`, place, depth + 1));
  if (!isRecord(value) || typeof value.kind !== "string") return [];
  if (!value.kind.endsWith("List") || !Array.isArray(value.items)) return [place(value, path)];
  const itemType = { apiVersion: value.apiVersion, kind: value.kind.slice(0, -"List".length) };
  // The items of a PodList, as the API server sends it, say neither kind nor apiVersion themselves.
  return value.items.flatMap((item, index) => {
    const isUntyped = isRecord(item) && item.kind === undefined && itemType.kind !== "";
    const at = `${path}${path === "" ? "" : "."}items[${index}]`;
    return objectsOf(isUntyped ? { ...itemType, ...item } : item, at, place, depth + 1);
  });
}

/** `# Source: chart/templates/web.yaml`, which `helm template` writes before each document. */
function helmSource(comment: string | null | undefined): string | undefined {
  return sourcePath(/^ ?Source: (\S+)\s*$/m.exec(comment ?? "")?.[1]);
}

/** What kustomize writes with `buildMetadata: [originAnnotations]`; only for files that are at hand. */
function originAnnotation(object: Fields): string | undefined {
  const { metadata } = object;
  const annotations = isRecord(metadata) && isRecord(metadata.annotations) ? metadata.annotations : {};
  const origin = annotations["config.kubernetes.io/origin"];
  if (typeof origin !== "string" || /^repo: /m.test(origin)) return undefined;
  return sourcePath(/^path: (\S+)\s*$/m.exec(origin)?.[1]);
}

function sourcePath(path: string | undefined): string | undefined {
  return path === undefined || path.length > 500 || /[^\x21-\x7e]/.test(path) ? undefined : path;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
