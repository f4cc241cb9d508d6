import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A command that some page shows. */
export interface ShownCommand {
  readonly file: string;
  /** Of its first line, from 1. */
  readonly line: number;
  /** As bash takes it: continued lines joined, a here-document with its lines, no comment. */
  readonly text: string;
}

/** A fenced block: its language (empty where none is given) and its lines. */
export interface Block {
  readonly file: string;
  /** Of its first line within the fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly lines: readonly string[];
}

const shells = new Set(["sh", "bash", "shell"]);

/** Every page that people read: the README and its neighbours, all of docs/, and those beside what they tell of. */
export function pages(): readonly string[] {
  const found = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "manifests/chart/README.md"];
  for (const folder of ["docs", "docs/decisions", "certs", "fuzz"]) {
    found.push(...readdirSync(folder).map((name) => join(folder, name)));
  }
  return found.filter((name) => name.endsWith(".md"));
}

/** The fenced blocks of a page, in order. */
export function blocksOf(file: string, text = readFileSync(file, "utf8")): readonly Block[] {
  const blocks: Block[] = [];
  let open: { line: number; language: string; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^ *```(\w*) *$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { line: index + 2, language: fence[1] ?? "", lines: [] };
    else {
      blocks.push({ file, ...open });
      open = undefined;
    }
  }
  return blocks;
}

/** The commands of a block: all of a shell's, what stands behind a prompt of any other. */
export function commandsOf({ file, line, language, lines }: Block): readonly ShownCommand[] {
  const isShell = shells.has(language);
  const commands: ShownCommand[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const first = line + index;
    let text = lines[index] ?? "";
    if (!isShell && !text.startsWith("$ ")) continue;
    text = isShell ? text : text.slice(2);
    while (text.endsWith("\\")) text = `${text.slice(0, -1)}${(lines[++index] ?? "").trimStart()}`;
    text = text.replace(/(^|\s)#.*$/, "").trimEnd();
    const end = /<<'?(\w+)'?$/.exec(text)?.[1];
    if (end !== undefined) {
      do text += `\n${lines[++index] ?? end}`;
      while (lines[index] !== end && index < lines.length);
    }
    if (text.trim() !== "") commands.push({ file, line: first, text });
  }
  return commands;
}

/** Programs whose commands are commands in the running text too, between backticks. */
const programs = "npx|pullguard|kubectl|helm|kustomize|docker|podman|kind|npm|node|jq|\\.ci/[\\w-]+";

/** Whole commands within sentences. One word after the program, such as `kubectl apply`, is only its name. */
export function mentionsOf(file: string, text = readFileSync(file, "utf8")): readonly ShownCommand[] {
  const blank = (block: string): string => block.replaceAll(/[^\n]/g, " ");
  const prose = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, blank);
  return [...prose.matchAll(/`([^`]+)`/g)].flatMap((match) => {
    const said = (match[1] ?? "").replaceAll(/\s+/g, " ");
    if (!new RegExp(`^(?:${programs}) `).test(said)) return [];
    return [{ file, line: prose.slice(0, match.index).split("\n").length, text: said }];
  });
}

/** Every command of every page. */
export function shownCommands(): readonly ShownCommand[] {
  return pages().flatMap((file) => [...blocksOf(file).flatMap(commandsOf), ...mentionsOf(file)]);
}
