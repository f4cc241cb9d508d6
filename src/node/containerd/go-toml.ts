import { parse, TomlError, type TomlTable } from "smol-toml";
import { FileProblem } from "./host-entry.js";
import { type OutlineQuirks, readTomlOutline, type TomlOutline } from "./toml-outline.js";
import type { HostTraits } from "./traits.js";

/** A document that one of containerd's TOML libraries accepts, with the order and lines that the value does not keep. */
export interface TomlDocument {
  readonly root: TomlTable;
  readonly outline: TomlOutline;
}

/**
 * Parses TOML as strictly as the library of a containerd version. Never throws; a problem quotes nothing of the document,
 * which may hold passwords.
 */
export function parseGoToml(text: string, traits: Pick<HostTraits, "toml">): TomlDocument | FileProblem {
  const root = parseToml(text);
  if (root instanceof FileProblem) return root;
  const outline = readTomlOutline(text);
  return refusedSpelling(outline.quirks, traits) ?? { root, outline };
}

function parseToml(text: string): TomlTable | FileProblem {
  try {
    return parse(text, { integersAsBigInt: "asNeeded" });
  } catch (error) {
    if (error instanceof TomlError) {
      // The rest of the message quotes the document, which may hold an Authorization header.
      return new FileProblem(`not valid TOML: ${error.message.split("\n")[0]}`, error.line);
    }
    return new FileProblem("not valid TOML");
  }
}

function refusedSpelling(quirks: OutlineQuirks, traits: Pick<HostTraits, "toml">): FileProblem | undefined {
  const oldLibrary = traits.toml === "go-toml-1";
  const refusals: readonly (readonly [number | undefined, string])[] = [
    [quirks.trailingCommaInInlineTable, "an inline table ends in a comma"],
    [quirks.escapeX, "\\x is no escape sequence"],
    [oldLibrary ? quirks.escapeE : undefined, "\\e is no escape sequence"],
    [oldLibrary ? quirks.bracketInTableName : undefined, "a table name contains ]"],
    [oldLibrary ? undefined : quirks.byteOrderMark, "it begins with a byte order mark"],
    [oldLibrary ? undefined : quirks.newlineInInlineTable, "an inline table spans several lines"],
  ];
  for (const [line, problem] of refusals) {
    if (line !== undefined) return new FileProblem(`not valid TOML for this version: ${problem}`, line);
  }
  return undefined;
}
