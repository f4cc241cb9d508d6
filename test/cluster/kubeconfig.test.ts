import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCluster } from "../../src/cluster/index.js";
import { kubeconfigText } from "./api-server.js";

describe("kubeconfig", () => {
  let folder: string;
  let before: Readonly<Record<string, string | undefined>>;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pullguard-kubeconfig-"));
    before = { KUBECONFIG: process.env.KUBECONFIG, HOME: process.env.HOME };
    delete process.env.KUBECONFIG;
    process.env.HOME = folder;
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  it("names the server and context of the file", () => {
    const path = join(folder, "config");
    writeFileSync(path, kubeconfigText("https://user:pw@api.example.com:6443/base"));
    const access = loadCluster({ kind: "file", path });
    assert.deepEqual([access?.server, access?.context], ["https://api.example.com:6443", "test"]);
  });

  it("is none where nothing is configured", () => {
    assert.equal(loadCluster({ kind: "default" }), undefined);
  });

  it("is none where the default names no cluster", () => {
    process.env.KUBECONFIG = join(folder, "empty");
    writeFileSync(process.env.KUBECONFIG, 'apiVersion: v1\nkind: Config\nclusters: null\ncurrent-context: ""\n');
    assert.equal(loadCluster({ kind: "default" }), undefined);
  });

  it("is the one of KUBECONFIG", () => {
    process.env.KUBECONFIG = join(folder, "config");
    writeFileSync(process.env.KUBECONFIG, kubeconfigText("https://api.example.com"));
    assert.equal(loadCluster({ kind: "default" })?.server, "https://api.example.com");
  });

  it("is that of another context where one is named", () => {
    const path = join(folder, "config");
    const two = JSON.parse(kubeconfigText("https://api.example.com")) as { contexts: object[]; clusters: object[] };
    two.contexts.push({ name: "far", context: { cluster: "far", user: "test", namespace: "shop" } });
    two.clusters.push({ name: "far", cluster: { server: "https://far.example.com" } });
    writeFileSync(path, JSON.stringify(two));
    const access = loadCluster({ kind: "file", path }, "far");
    assert.deepEqual([access?.server, access?.context, access?.namespace], ["https://far.example.com", "far", "shop"]);
    assert.equal(loadCluster({ kind: "file", path })?.context, "test");
    assert.throws(() => loadCluster({ kind: "file", path }, "fra"), {
      code: "InputInvalid",
      message: `${path} has no context "fra"; it has "test", "far"`,
    });
  });

  const wrong = [
    { name: "a missing file", want: /^\S+config cannot be used: it cannot be read \(ENOENT\)$/ },
    {
      name: "no YAML",
      text: "users:\n- token: hunter2\n -x: [\n",
      want: /cannot be used: it is not valid YAML \(line \d\)$/,
    },
    { name: "no mapping", text: "", want: /cannot be used: / },
    { name: "no clusters", text: "kind: Config\n", want: /its current-context names no cluster$/ },
    {
      name: "no current context",
      text: kubeconfigText("https://x").replace('"test"', '"other"'),
      want: /names no cluster$/,
    },
    { name: "no http server", text: kubeconfigText("ftp://x"), want: /no http\(s\) address$/ },
  ];
  for (const { name, text, want } of wrong) {
    it(`is refused if it holds ${name}, without a word of its content`, () => {
      const path = join(folder, "config");
      if (text !== undefined) writeFileSync(path, text);
      assert.throws(
        () => loadCluster({ kind: "file", path }),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, "InputInvalid");
          assert.match(error.message, want);
          assert.ok(!`${error.stack} ${error.cause}`.includes("hunter2"));
          return true;
        },
      );
    });
  }
});
