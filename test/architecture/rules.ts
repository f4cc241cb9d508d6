import { codeOf, folderOf, type Import, importsOf, type SourceTree } from "./source-tree.js";

/** What may be imported by whom. Folders are those right under src. */
export interface Constitution {
  /** A folder imports only from folders with a lower number. */
  readonly ranks: Readonly<Record<string, number>>;
  /** From those folders only types, whatever their rank. */
  readonly typesOnly: Readonly<Record<string, readonly string[]>>;
  /** The folders that may import a package of the registry. A package that is not named may be used by nobody. */
  readonly packages: Readonly<Record<string, readonly string[] | "anywhere">>;
  /** The same for modules of Node.js; those not named may be used anywhere. */
  readonly builtins: Readonly<Record<string, readonly string[]>>;
  /** The same for expressions found in the code. */
  readonly expressions: readonly { readonly pattern: RegExp; readonly folders: readonly string[] }[];
  readonly maxLines: number;
  /** Words that must not be part of a file's or folder's name. */
  readonly barredWords: readonly string[];
}

/** Every breach of the rules, one line each, sorted; empty for a sound tree. */
export function breachesOf(tree: SourceTree, rules: Constitution): readonly string[] {
  const breaches: string[] = [];
  for (const [path, text] of tree) {
    breaches.push(...sizeAndName(path, text, rules), ...syntax(path, text));
    const folder = folderOf(path);
    if (folder === undefined) continue;
    const rank = rules.ranks[folder];
    if (rank === undefined) breaches.push(`${path}: the folder ${folder} has no rank`);
    breaches.push(...face(path, text), ...ambient(path, folder, text, rules));
    for (const found of importsOf(path, text)) breaches.push(...importBreaches(path, folder, found, rules, tree));
  }
  return [...breaches, ...cycles(tree)].sort();
}

function sizeAndName(path: string, text: string, rules: Constitution): string[] {
  const breaches: string[] = [];
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  if (lines > rules.maxLines) breaches.push(`${path}: ${lines} lines, at most ${rules.maxLines}`);
  for (const part of path.replace(/(\.property)?(\.test|\.d)?\.ts$/, "").split("/")) {
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part)) breaches.push(`${path}: "${part}" is not in kebab case`);
    const barred = part.split("-").find((word) => rules.barredWords.includes(word));
    if (barred !== undefined) breaches.push(`${path}: "${barred}" says nothing about what is inside`);
  }
  return breaches;
}

function syntax(path: string, text: string): string[] {
  const code = codeOf(text);
  const breaches: string[] = [];
  if (/^export\s+default\b|\bas\s+default\b/m.test(code)) breaches.push(`${path}: default export`);
  if (/^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s+\w/m.test(code)) breaches.push(`${path}: enum`);
  return breaches;
}

/** The file through which other folders see this one holds no logic. */
function face(path: string, text: string): string[] {
  if (!/^src\/[^/]+\/index\.ts$/.test(path)) return [];
  const rest = codeOf(text).replace(/^export\s+(type\s+)?(\{[^}]*\}|\*)\s+from\s+"[^"]+";/gm, "");
  return rest.trim() === "" ? [] : [`${path}: holds more than re-exports`];
}

function ambient(path: string, folder: string, text: string, rules: Constitution): string[] {
  const code = codeOf(text);
  return rules.expressions
    .filter(({ pattern, folders }) => !folders.includes(folder) && pattern.test(code))
    .map(({ pattern, folders }) => `${path}: ${pattern.source} belongs to ${folders.join(", ")}`);
}

function importBreaches(path: string, folder: string, found: Import, rules: Constitution, tree: SourceTree): string[] {
  if (found.target === undefined) return packageBreaches(path, folder, found, rules);
  if (!tree.has(found.target)) return [`${path}: ${found.specifier} is no file of this project`];
  const other = folderOf(found.target);
  if (other === undefined) return [`${path}: ${found.specifier} is outside src`];
  if (other === folder) return [];
  const breaches: string[] = [];
  if (found.target !== `src/${other}/index.ts`)
    breaches.push(`${path}: ${found.specifier} goes past ${other}/index.ts`);
  if (rules.typesOnly[folder]?.includes(other)) {
    if (!found.typesOnly) breaches.push(`${path}: only types may come from ${other}`);
  } else if ((rules.ranks[folder] ?? 0) <= (rules.ranks[other] ?? 0)) {
    breaches.push(`${path}: ${folder} (${rules.ranks[folder]}) must not know ${other} (${rules.ranks[other]})`);
  }
  return breaches;
}

function packageBreaches(path: string, folder: string, { specifier }: Import, rules: Constitution): string[] {
  if (specifier.startsWith("node:")) {
    const folders = rules.builtins[specifier] ?? [folder];
    return folders.includes(folder) ? [] : [`${path}: ${specifier} belongs to ${folders.join(", ")}`];
  }
  const name = packageName(specifier);
  const folders = rules.packages[name] ?? [];
  if (folders === "anywhere" || folders.includes(folder)) return [];
  return [`${path}: ${name} belongs to ${folders.join(", ") || "nobody"}`];
}

/** `@scope/name` or `name`, without the path inside the package. */
function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Files that import each other, types included: such a ring has no beginning to read from. Each ring shows once. */
function cycles(tree: SourceTree): string[] {
  const rings = new Set<string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      rings.add(ringText(trail.slice(start)));
      return;
    }
    if (done.has(path)) return;
    for (const { target } of importsOf(path, tree.get(path) ?? "")) {
      if (target !== undefined) visit(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of tree.keys()) visit(path, []);
  return [...rings];
}

/** The same text wherever the walk entered the ring. */
function ringText(ring: readonly string[]): string {
  const first = ring.indexOf([...ring].sort()[0] ?? "");
  const turned = [...ring.slice(first), ...ring.slice(0, first)];
  return `${turned[0]}: imports itself by way of ${[...turned.slice(1), turned[0]].join(" > ")}`;
}
