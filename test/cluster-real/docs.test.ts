import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { writeExamples } from "../docs/examples.js";
import { stepsIn } from "../docs/rules.js";
import { openShell, type Shell } from "../docs/shell.js";
import { blocksOf, commandsOf, shownCommands } from "../docs/shown.js";
import { findHelm } from "../support/chart/index.js";
import { eventually, findKubeAssets, type Kube, startKube } from "../support/kube/index.js";
import { type Outside, startOutside } from "../support/outside/index.js";
import { type ControlLoops, startControlLoops } from "./control-loops.js";
import { userOf } from "./world.js";

const page = "docs/getting-started.md";
const rewrites = process.env.PULLGUARD_WRITE_DOCS === "1";
const required = process.env.PULLGUARD_REQUIRE_REAL === "1";

describe("the docs on an empty cluster", function () {
  this.timeout(120_000);
  let kube: Kube | undefined;
  let outside: Outside | undefined;
  let loops: ControlLoops | undefined;
  let shell: Shell | undefined;
  const typing = (): Shell => {
    assert.ok(shell);
    return shell;
  };

  before(async function () {
    const assets = findKubeAssets();
    const helm = findHelm();
    const missing = [assets, helm].find((each) => typeof each === "string");
    if (typeof assets === "string" || typeof helm === "string" || assets.kubectl === undefined) {
      const reason = String(missing ?? "KUBEBUILDER_ASSETS has no kubectl");
      if (required) throw new Error(`PULLGUARD_REQUIRE_REAL is set, but ${reason}`);
      console.warn(`\n  SKIPPED, nobody followed the docs: ${reason}\n`);
      this.skip();
    }
    kube = await startKube(assets, [userOf({ namespace: "pullguard-system", name: "pullguard" })]);
    outside = await startOutside();
    loops = startControlLoops(kube, outside.env);
    const env = { ...outside.env, KUBECONFIG: kube.writeKubeconfig("reader", kube.adminAccess) };
    shell = openShell({ env, programs: { kubectl: assets.kubectl, helm: helm.program } });
  });
  after(async () => {
    await loops?.stop();
    shell?.remove();
    await outside?.stop();
    await kube?.stop();
  });

  describe(page, () => {
    const blocks = blocksOf(page);
    const told: string[] = [];

    for (const [index, block] of blocks.entries()) {
      const commands = commandsOf(block);
      const isForEngines = commands.every(({ text }) => text.startsWith("docker "));
      if (block.language !== "sh" || isForEngines) continue;
      it(`works from line ${block.line} on`, async () => {
        const shown = blocks[index + 1]?.language === "text" ? blocks[index + 1] : undefined;
        const printed: string[] = [];
        for (const { line, text } of commands) printed.push(await typed(text, `${page}:${line}`));
        const last = commands.at(-1)?.text ?? "";
        if (shown === undefined) return;
        // What is looked at may take a moment to be so.
        const seen = async () => (endsWith(printed.join(""), shown.lines) ? true : again(last, printed));
        await eventually("it prints what the page shows", seen, 60_000).catch(() => undefined);
        told.push(lastLines(printed.join(""), shown.lines.length).join("\n"));
        if (!rewrites) assert.deepEqual(lastLines(printed.join(""), shown.lines.length), shown.lines);
      });
    }

    /** What is on the terminal after a command that works, or that is denied. */
    async function typed(text: string, where: string): Promise<string> {
      const { code, stdout, stderr } = await typing().run(text);
      const isDenied = stderr.includes("denied the request");
      assert.ok(code === 0 || isDenied, `${where} ${text}\n${stdout}${stderr}\n${loops?.log().slice(-3000)}`);
      return stderr + stdout;
    }

    async function again(command: string, printed: string[]): Promise<undefined> {
      if (/^kubectl (-n \w+ )?get /.test(command)) printed.splice(-1, 1, await typed(command, page));
    }

    it("leaves nothing behind", async () => {
      const left = await typing().run(
        "kubectl get validatingwebhookconfigurations,crd,clusterroles -o name | grep pullguard",
      );
      assert.deepEqual(left, { code: 1, stdout: "", stderr: "" });
      if (!rewrites) return;
      const text = readFileSync(page, "utf8");
      writeFileSync(
        page,
        text.replaceAll(/^```text\n[\s\S]*?^```/gm, () => `\`\`\`text\n${told.shift()}\n\`\`\``),
      );
    });
  });

  describe("the commands of the other pages", () => {
    const steps = stepsIn("cluster", shownCommands());

    before(async () => {
      writeExamples(typing(), outside?.lab.caPem ?? "");
      for (const command of preparations) {
        const { code, stderr } = await typing().run(command);
        assert.equal(code, 0, `${command}: ${stderr}`);
      }
    });

    for (const { text, typed, rule } of steps) {
      it(text, async () => {
        if (rule.first !== undefined) assert.equal((await typing().run(rule.first)).code, 0, rule.first);
        const ended = await (rule.serves === true ? typing().serve(typed, ofAPod) : typing().run(typed));
        assert.equal(ended.code, rule.exit ?? 0, `${ended.stdout.slice(-3000)}${ended.stderr}`);
      });
    }
  });
});

/** Lines of a terminal, the last ones. */
function lastLines(printed: string, count: number): readonly string[] {
  return printed.trimEnd().split("\n").slice(-count);
}

function endsWith(printed: string, lines: readonly string[]): boolean {
  return lastLines(printed, lines.length).join("\n") === lines.join("\n");
}

/** Variables of a server beside others: free ports, and no patience when it is stopped. */
const ofAPod = {
  ...{ PULLGUARD_PORT: "0", PULLGUARD_METRICS_PORT: "0", PULLGUARD_SHUTDOWN_GRACE: "1" },
  POD_NAMESPACE: "pullguard-system",
};

/** What a reader's cluster has before they come to these pages. */
const preparations = [
  ...["kubectl create namespace shop", "kubectl create namespace sandbox"],
  ...["kubectl apply -n shop -f login.yaml", "kubectl apply -f login.yaml", "kubectl apply -n shop -f deploy.yaml"],
  "kubectl apply -f operator.yaml",
  "pullguard certs --service pullguard --namespace pullguard-system",
];
