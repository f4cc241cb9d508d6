import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { type Outside, startOutside } from "../support/outside/index.js";
import { npmScripts, writeExamples } from "./examples.js";
import { ruleFor, rules, stepsIn } from "./rules.js";
import { openShell, type Shell } from "./shell.js";
import { blocksOf, commandsOf, mentionsOf, type ShownCommand, shownCommands } from "./shown.js";

describe("commands that the pages show", () => {
  const shown = shownCommands();
  let outside: Outside;
  let shell: Shell;

  before(async () => {
    outside = await startOutside();
    shell = openShell({ env: outside.env });
    writeExamples(shell, outside.lab.caPem);
  });
  after(async () => {
    shell?.remove();
    await outside?.stop();
  });

  it("are each run by a test, or not for a reason that is told", () => {
    assert.ok(shown.length > 100, `${shown.length} commands`);
    const strange = shown.filter(({ file, text }) => !steps.has(file) && ruleFor(text) === undefined);
    assert.deepEqual(
      strange.map(({ file, line, text }) => `${file}:${line} ${text}`),
      [],
    );
  });

  it("are there for every rule", () => {
    const used = new Set(shown.map(({ text }) => ruleFor(text)));
    assert.deepEqual(
      rules.filter((rule) => !used.has(rule)).map(({ match }) => String(match)),
      [],
    );
  });

  for (const { text, typed, rule } of stepsIn("clone", shown)) {
    it(text, async () => {
      const { code, stdout, stderr } = await shell.run(typed);
      assert.equal(code, rule.exit ?? 0, stdout + stderr);
    });
  }

  it("name scripts of the package that there are", () => {
    const scripts = npmScripts();
    const named = shown.flatMap(({ text }) =>
      [...text.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, name]) => name ?? ""),
    );
    assert.ok(named.length > 10);
    assert.deepEqual(
      named.filter((name) => !Object.hasOwn(scripts, name)),
      [],
    );
  });

  it("name commands and flags of pullguard that there are", () => {
    assert.deepEqual(shown.flatMap(misnamed), []);
  });
});

const helps = new Map<string, string>();

function help(...words: readonly string[]): string {
  const key = words.join(" ");
  const argv = ["build/src/bin/pullguard.js", ...words, "--help"];
  const text = helps.get(key) ?? execFileSync(process.execPath, argv, { encoding: "utf8" });
  helps.set(key, text);
  return text;
}

/** Commands and flags in it that the program does not know. */
function misnamed({ file, line, text }: ShownCommand): readonly string[] {
  const calls = text.matchAll(/(?:^|\| |npx |bin\/)pullguard(?:\.js)? ([a-z-]+)([^|]*)/g);
  return [...calls].flatMap(([, command = "", rest = ""]) => {
    const where = `${file}:${line} ${command}`;
    if (!new RegExp(`^ {2}${command} `, "m").test(help())) return [where];
    const about = rest.startsWith(" secret") ? help(command, "secret") : help(command);
    const flags = [...rest.matchAll(/--[a-z-]+/g)].map(([flag]) => flag);
    return flags.filter((flag) => !new RegExp(`${flag}\\b`).test(about)).map((flag) => `${where} ${flag}`);
  });
}

/** Pages whose commands are run one after the other, whatever they are. */
const steps = new Set(["docs/getting-started.md"]);

describe("the reading of pages", () => {
  const page = [
    "Try `kubectl get",
    "nodes`, not `kubectl`.",
    "```sh",
    "# first",
    "a --b \\",
    "  --c   # why",
    "",
    "cat > x <<'END'",
    "# kept",
    "END",
    "```",
    "```console",
    "$ d",
    "output",
    "```",
    "",
  ].join("\n");

  it("finds commands in blocks, with their lines", () => {
    const commands = blocksOf("x.md", page).flatMap(commandsOf);
    assert.deepEqual(
      commands.map(({ line, text }) => [line, text]),
      [
        [5, "a --b --c"],
        [8, "cat > x <<'END'\n# kept\nEND"],
        [13, "d"],
      ],
    );
  });

  it("finds commands in sentences, over the end of a line too", () => {
    assert.deepEqual(mentionsOf("x.md", page), [{ file: "x.md", line: 1, text: "kubectl get nodes" }]);
  });
});
