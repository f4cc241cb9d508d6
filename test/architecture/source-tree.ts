import { readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";

/** Texts of source files by path from the project's root, with forward slashes: `src/core/error.ts`. */
export type SourceTree = ReadonlyMap<string, string>;

/** One `import` or `export … from` of a file, static or dynamic. */
export interface Import {
  readonly specifier: string;
  /** `import type` or `export type`: gone when compiled. A `type` inside the braces does not count. */
  readonly typesOnly: boolean;
  /** The file of the tree that a relative specifier means; undefined for packages. */
  readonly target?: string;
}

// Statements start a line here (the formatter sees to that), so text in comments and strings is never taken for one.
const fromStatement = /^(?:import|export)\s+(type\s+)?[\w*{][^;"']*?\s*from\s*["']([^"']+)["']/gm;
const bareStatement = /^import\s*["']([^"']+)["']/gm;
const dynamicImport = /\bimport\(\s*["']([^"']+)["']\s*\)/g;

/** Everything that a file imports, in the order of the three forms. */
export function importsOf(path: string, text: string): readonly Import[] {
  const found = (specifier: string, typesOnly: boolean): Import =>
    specifier.startsWith(".")
      ? { specifier, typesOnly, target: resolveRelative(path, specifier) }
      : { specifier, typesOnly };
  return [
    ...[...text.matchAll(fromStatement)].map(([, type, specifier]) => found(specifier ?? "", type !== undefined)),
    ...[...text.matchAll(bareStatement)].map(([, specifier]) => found(specifier ?? "", false)),
    ...[...text.matchAll(dynamicImport)].map(([, specifier]) => found(specifier ?? "", false)),
  ];
}

/** Compiled names are written (`.js`), sources are meant. */
function resolveRelative(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts");
}

/** Every TypeScript file under some folders of the project. */
export function loadTree(folders: readonly string[]): SourceTree {
  const tree = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      const path = join(folder, entry);
      if (path.endsWith(".ts")) tree.set(path.split(sep).join("/"), readFileSync(path, "utf8"));
    }
  }
  return tree;
}

/** The text without whole-line comments, which may name what code must not use. */
export function codeOf(text: string): string {
  return text
    .replace(/^\s*\/\*[\s\S]*?\*\//gm, "")
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("//"))
    .join("\n");
}

/** `prediction` for `src/prediction/dialects/dialect.ts`; undefined outside src. */
export function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}
