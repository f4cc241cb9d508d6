import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CertsFlags, type NodeAgentFlags, runCli, type ServeFlags } from "../../src/cli/index.js";
import { fakeIo } from "./fake-io.js";

describe("pullguard", () => {
  it("prints its version", async () => {
    const io = fakeIo();
    assert.equal(await runCli(["--version"], io), 0);
    assert.equal(io.out(), "1.2.3\n");
  });

  it("prints help that names every command and shows examples", async () => {
    const io = fakeIo();
    assert.equal(await runCli(["--help"], io), 0);
    for (const part of ["check", "explain", "node", "trust", "certs", "serve", "node-agent", "Examples:"])
      assert.ok(io.out().includes(part), part);
    assert.equal(io.err(), "");
  });

  for (const command of ["check", "explain", "node", "trust", "certs", "serve", "node-agent"]) {
    it(`prints help for ${command} that fits into 100 columns`, async () => {
      const io = fakeIo();
      assert.equal(await runCli([command, "--help"], io), 0);
      assert.ok(io.out().startsWith(`Usage: pullguard ${command} `));
      assert.deepEqual(
        io
          .out()
          .split("\n")
          .filter((line) => line.length > 100),
        [],
      );
    });
  }

  it("documents the exit codes with the check", async () => {
    const io = fakeIo();
    await runCli(["help", "check"], io);
    assert.match(io.out(), /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 /);
  });

  for (const argv of [[], ["strange"], ["explain", "a", "b"]]) {
    it(`exits with 2 for ${JSON.stringify(argv)}`, async () => {
      const io = fakeIo();
      assert.equal(await runCli(argv, io), 2);
      assert.notEqual(io.err(), "");
      assert.equal(io.out(), "");
    });
  }
});

describe("pullguard explain", () => {
  it("prints the entry of a code, however its case", async () => {
    const io = fakeIo();
    assert.equal(await runCli(["explain", "tagnotfound"], io), 0);
    assert.equal(io.out(), "TagNotFound\nThe tag does not exist.\n");
  });

  it("lists every code", async () => {
    const io = fakeIo();
    assert.equal(await runCli(["explain"], io), 0);
    assert.equal(io.out(), "TagNotFound\nDigestNotFound\n");
  });

  it("exits with 2 for a code that does not exist", async () => {
    const io = fakeIo();
    assert.equal(await runCli(["explain", "Nothing"], io), 2);
    assert.match(io.err(), /^error: there is no cause "Nothing"/);
  });
});

describe("pullguard certs", () => {
  async function run(argv: readonly string[]) {
    const asked: CertsFlags[] = [];
    const makeCertificates = async (flags: CertsFlags) => {
      asked.push(flags);
      return { caBundle: "Q0E=", files: ["certs/tls.crt"] };
    };
    const io = fakeIo({ deps: { makeCertificates } });
    return { code: await runCli(["certs", ...argv], io), io, asked };
  }

  it("makes a certificate for a Service's names and prints nothing but the caBundle to stdout", async () => {
    const { code, io, asked } = await run(["--service", "guard", "--namespace", "ops"]);
    assert.equal(code, 0);
    assert.equal(io.out(), "Q0E=\n");
    assert.ok(io.err().includes("wrote certs/tls.crt\n"));
    const names = ["guard.ops.svc", "guard.ops.svc.cluster.local", "guard.ops", "guard"];
    assert.deepEqual(asked, [{ dir: "certs", names, days: 365, force: false }]);
  });

  it("takes names, folder, days and force", async () => {
    const { asked } = await run([
      "--name",
      "a.example",
      "--name",
      "127.0.0.1",
      "--dir",
      "x",
      "--days",
      "30",
      "--force",
    ]);
    assert.deepEqual(asked, [{ dir: "x", names: ["a.example", "127.0.0.1"], days: 30, force: true }]);
  });

  for (const argv of [
    [],
    ["--service", "a"],
    ["--namespace", "a"],
    ["--name", "a", "--days", "0"],
    ["--name", "a", "--days", "x"],
  ]) {
    it(`exits with 2 for ${JSON.stringify(argv)}`, async () => {
      const { code, io, asked } = await run(argv);
      assert.equal(code, 2);
      assert.match(io.err(), /^error: /);
      assert.deepEqual(asked, []);
    });
  }
});

describe("pullguard serve", () => {
  async function run(argv: readonly string[]) {
    const asked: ServeFlags[] = [];
    const serve = async (flags: ServeFlags) => {
      asked.push(flags);
      return 5;
    };
    const code = await runCli(["serve", ...argv], fakeIo({ deps: { serve } }));
    assert.equal(code, 5);
    assert.ok(asked[0] !== undefined);
    return asked[0];
  }

  it("hands on only what was given", async () => {
    assert.deepEqual((await run([])).flags, {});
  });

  it("hands on flags by the names of the configuration", async () => {
    const argv = [
      "--port",
      "1",
      "--metrics-port",
      "2",
      "--cert-dir",
      "c",
      "--no-cluster",
      "--mode",
      "deny",
      "--config",
      "f",
    ];
    const { flags } = await run([
      ...argv,
      "--node-root",
      "r",
      "--runtime",
      "t",
      "--platform",
      "p",
      "--log-level",
      "debug",
    ]);
    assert.deepEqual(flags, {
      port: "1",
      metricsPort: "2",
      certDir: "c",
      noCluster: true,
      mode: "deny",
      config: "f",
      nodeRoot: "r",
      runtime: "t",
      platform: "p",
      logLevel: "debug",
    });
  });

  it("gives a way to read the configuration file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pullguard-config-"));
    try {
      const path = join(folder, "c.yaml");
      writeFileSync(path, "mode: deny\nport: 1\n");
      const { readFile } = await run([]);
      assert.deepEqual(readFile(path), { mode: "deny", port: 1 });
      assert.throws(() => readFile(join(folder, "nowhere")), { code: "InputInvalid", message: "no such file" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("pullguard node-agent", () => {
  async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const given: NodeAgentFlags[] = [];
    const nodeAgent = async (flags: NodeAgentFlags) => {
      given.push(flags);
      return 0;
    };
    const io = fakeIo({ env: () => env, deps: { nodeAgent } });
    return { code: await runCli(["node-agent", ...argv], io), flags: given[0], err: io.err() };
  }
  const defaults = {
    ...{ hostRoot: "/host", namespace: "pullguard-node-agent", logLevel: "info" },
    ...{ intervalMs: 5_000, heartbeatMs: 60_000, port: 8080 },
  };

  it("runs for the node that a flag or the environment names", async () => {
    assert.deepEqual((await run(["--node-name", "a"], { NODE_NAME: "b" })).flags, { ...defaults, nodeName: "a" });
    assert.deepEqual((await run([], { NODE_NAME: "b" })).flags, { ...defaults, nodeName: "b" });
    const others = ["--interval", "1s", "--heartbeat", "10s", "--port", "0", "--kubeconfig", "k", "--host-root", "/x"];
    const { flags } = await run(["--node-name", "a", ...others]);
    const want = { intervalMs: 1_000, heartbeatMs: 10_000, port: 0, kubeconfig: "k", hostRoot: "/x" };
    assert.deepEqual(flags, { ...defaults, nodeName: "a", ...want });
  });

  it("refuses what it cannot run with", async () => {
    const wrong = [
      [[], /^error: name the node: --node-name NAME/],
      [["--node-name", "a", "--interval", "soon"], /--interval "soon" is no duration/],
      [["--node-name", "a", "--heartbeat", "10ms"], /--heartbeat: at least 1s/],
      [["--node-name", "a", "--port", "70000"], /--port "70000" is no port/],
      [["--node-name", "a", "--log-level", "loud"], /--log-level/],
    ] as const;
    for (const [argv, want] of wrong) {
      const { code, flags, err } = await run(argv);
      assert.deepEqual([code, flags], [2, undefined], argv.join(" "));
      assert.match(err, want);
    }
  });
});
