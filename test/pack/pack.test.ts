import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Lab, startLab } from "../support/lab/index.js";

const run = promisify(execFile);
interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** A command of the installed package; its exit code is part of the answer. */
async function command(folder: string, name: string, ...argv: readonly string[]) {
  const settings = { cwd: folder, env: { PATH: process.env.PATH, HOME: folder, NODE_ENV: "production" } };
  return await run(join(folder, "node_modules/.bin", name), argv, settings).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

describe("the packed npm package", function () {
  this.timeout(120_000);
  let folder: string;
  let packed: Packed;
  let lab: Lab;

  before(async function () {
    folder = mkdtempSync(join(tmpdir(), "pullguard-pack-"));
    const printed = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
      encoding: "utf8",
    });
    [packed] = JSON.parse(printed) as [Packed];
    lab = await startLab({
      ports: "ephemeral",
      registries: [{ host: "reg.test", port: 5000, transport: { kind: "http" } }],
    });
    writeFileSync(join(folder, "package.json"), '{"private":true}');
    if (!(await isInstalled(folder, packed))) {
      console.log("SKIPPED: neither npm's cache nor a registry has the packages that Pullguard needs");
      this.skip();
    }
  });
  after(async () => {
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("holds what runs and nothing else", () => {
    const paths = packed.files.map(({ path }) => path);
    const shown =
      /^(?:build\/src\/.*\.js|docs\/(?:findings\.md|[a-z-]+\.schema\.json)|package\.json|README\.md|LICENSE)$/;
    assert.deepEqual(
      paths.filter((path) => !shown.test(path)),
      [],
    );
    const leftover = (path: string): boolean =>
      path.endsWith(".js") && !existsSync(path.replace(/^build\//, "").replace(/\.js$/, ".ts"));
    // A folder that was built in before may hold what has no source any more; a fresh one never does.
    if (process.env.CI !== undefined) assert.deepEqual(paths.filter(leftover), []);
    for (const needed of ["build/src/bin/pullguard.js", "docs/findings.md", "LICENSE"])
      assert.ok(paths.includes(needed), needed);
    assert.ok(packed.unpackedSize < 5_000_000, `${packed.unpackedSize} bytes`);
  });

  it("tells its version, under both names", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    for (const name of ["pullguard", "kubectl-pullguard"]) {
      assert.equal((await command(folder, name, "--version")).stdout, `${version}\n`);
    }
    assert.match(
      (await command(folder, "kubectl-pullguard", "check", "--help")).stdout,
      /^Usage: kubectl pullguard check /,
    );
  });

  it("checks an image of a real registry", async () => {
    const port = lab.connectTo("reg.test", 5000)?.port;
    const check = (tag: string) =>
      command(
        folder,
        "pullguard",
        "check",
        `127.0.0.1:${port}/team/app:${tag}`,
        "--no-cluster",
        "--runtime",
        "containerd://1.7.13",
        "--platform",
        "linux/amd64",
        "-o",
        "json",
      );
    const found = await check("v1");
    assert.equal(found.code, 0, found.stdout + found.stderr);
    assert.equal(JSON.parse(found.stdout).images[0].verdict, "pullable");
    const missing = await check("none");
    assert.equal(missing.code, 1, missing.stdout + missing.stderr);
    assert.equal(JSON.parse(missing.stdout).images[0].cause, "TagNotFound");
  });

  it("explains causes and knows the webhook's flags", async () => {
    assert.match((await command(folder, "pullguard", "explain", "TagNotFound")).stdout, /TagNotFound/);
    const help = await command(folder, "pullguard", "serve", "--help");
    assert.equal(help.code, 0);
    assert.match(help.stdout, /--port/);
  });
});

/** From the cache where that has everything, else from the registry. */
async function isInstalled(folder: string, { filename }: Packed): Promise<boolean> {
  const args = [
    "install",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--omit=dev",
    "--prefer-offline",
    `./${filename}`,
  ];
  return await run("npm", args, { cwd: folder }).then(
    () => true,
    () => false,
  );
}
