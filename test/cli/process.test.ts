import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { kubeconfigText } from "../cluster/api-server.js";

const program = fileURLToPath(new URL("../../src/bin/pullguard.js", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const pullguard = (...argv: readonly string[]): Promise<Ended> => run(program, ...argv);

function run(script: string, ...argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...argv], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

describe("the program", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pullguard-program-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    assert.deepEqual(await pullguard("--version"), { code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("knows itself as a plugin of kubectl, by its file's name", async () => {
    const plugin = join(folder, "kubectl-pullguard");
    symlinkSync(program, plugin);
    const { stdout } = await run(plugin, "check", "--help");
    assert.match(stdout, /^Usage: kubectl pullguard check /);
    assert.match((await pullguard("check", "--help")).stdout, /^Usage: pullguard check /);
    const { bin } = JSON.parse(readFileSync("package.json", "utf8"));
    assert.equal(bin["kubectl-pullguard"], bin.pullguard);
  });

  it("judges a name without asking anybody, and exits with the verdict", async () => {
    const { code, stdout } = await pullguard("check", "not a name", "--no-cluster", "-o", "json");
    assert.equal(code, 1);
    assert.equal(JSON.parse(stdout).images[0].cause, "InvalidImageName");
  });

  it("explains every cause that it lists", async () => {
    const listed = await pullguard("explain");
    const [first = ""] = listed.stdout.split("\n");
    const explained = await pullguard("explain", first);
    assert.equal(explained.code, 0);
    assert.ok(explained.stdout.includes(first));
  });

  it("makes certificates, the key for the owner's eyes only", async () => {
    const made = await pullguard("certs", "--dir", folder, "--name", "localhost");
    assert.equal(made.code, 0, made.stderr);
    const caPem = readFileSync(join(folder, "ca.crt"));
    assert.equal(made.stdout, `${caPem.toString("base64")}\n`);
    assert.equal(statSync(join(folder, "tls.key")).mode & 0o777, 0o600);
    assert.equal((await pullguard("certs", "--dir", folder, "--name", "localhost")).code, 2);
  });

  it("runs a node agent that goes on without an API server and ends on SIGTERM", async () => {
    const kubeconfig = join(folder, "kubeconfig");
    writeFileSync(kubeconfig, kubeconfigText("https://127.0.0.1:1"));
    const argv = ["node-agent", "--node-name", "a", "--host-root", folder, "--kubeconfig", kubeconfig, "--port", "0"];
    const child = spawn(process.execPath, [program, ...argv], { stdio: ["ignore", "pipe", "inherit"] });
    const exit = once(child, "exit");
    let log = "";
    for await (const chunk of child.stdout) {
      log += String(chunk);
      if (log.includes("cannot be published")) child.kill("SIGTERM");
    }
    assert.deepEqual(await exit, [0, null], log);
    assert.match(log, /the API server cannot be asked to get nodes \(ECONNREFUSED\)/);
  });

  const wrong = [
    {
      name: "a runtime that is none",
      argv: ["check", "x", "--no-cluster", "--runtime", "1.7"],
      want: /^error: runtime "1\.7"/,
    },
    {
      name: "a platform that is none",
      argv: ["check", "x", "--no-cluster", "--platform", "amd64"],
      want: /^error: platform "amd64"/,
    },
    {
      name: "a webhook without certificates",
      argv: ["serve", "--no-cluster", "--cert-dir", "$folder"],
      want: /^error: \S+tls\.crt /,
    },
    { name: "a webhook's wrong setting", argv: ["serve", "--no-cluster", "--port", "x"], want: /^error: .*--port/ },
    {
      name: "a kubeconfig that is not there",
      argv: ["check", "x", "--kubeconfig", "$folder/none"],
      want: /^error: \S+none /,
    },
  ];
  for (const { name, argv, want } of wrong) {
    it(`exits with 2 and one line for ${name}`, async () => {
      const { code, stdout, stderr } = await pullguard(...argv.map((part) => part.replace("$folder", folder)));
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, want);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    });
  }
});
