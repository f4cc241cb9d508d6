import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../src/bin/pullguard.js", import.meta.url));

/** Names every module that is resolved on standard error, behind a word that nothing else begins with. */
const hooks = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from "node:fs";
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    writeSync(2, "loaded " + found.url + "\\n");
    return found;
  }`)}`;
const registration = `data:text/javascript,${encodeURIComponent(
  `import { register } from "node:module"; register(${JSON.stringify(hooks)});`,
)}`;

interface Loaded {
  readonly status: number | null;
  /** Names of packages, without what they load themselves in the old way. */
  readonly packages: readonly string[];
  /** Folders below src/. */
  readonly folders: readonly string[];
}

function loadedBy(...args: readonly string[]): Loaded {
  const { status, stderr } = spawnSync(process.execPath, ["--import", registration, script, ...args], {
    encoding: "utf8",
    timeout: 60_000,
  });
  const urls = stderr.split("\n").flatMap((line) => (line.startsWith("loaded file:") ? [line.slice(7)] : []));
  const found = (pattern: RegExp): readonly string[] =>
    [...new Set(urls.flatMap((url) => pattern.exec(url)?.slice(1, 2) ?? []))].sort();
  return {
    status,
    packages: found(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/),
    folders: found(/\/build\/src\/([^/]+)\//),
  };
}

describe("what a command loads", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "pullguard-loaded-"));
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web" } };
    const container = { name: "web", image: "registry.test/app:v1", imagePullPolicy: "Never" };
    writeFileSync(join(folder, "pod.json"), JSON.stringify({ ...pod, spec: { containers: [container] } }));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const flag of ["--version", "--help"]) {
    it(`${flag} waits for the command line alone`, () => {
      assert.deepEqual(loadedBy(flag), { status: 0, packages: ["commander"], folders: ["bin", "cli", "core"] });
    });
  }

  it("explain adds the catalogue, and nothing of cluster or webhook", () => {
    const { status, packages } = loadedBy("explain", "TagNotFound");
    assert.equal(status, 0);
    assert.deepEqual(
      packages.filter((name) => ["@kubernetes/client-node", "express", "pino"].includes(name)),
      [],
    );
  });

  it("a check without a cluster loads neither the cluster's client nor anything of the webhook", () => {
    const { status, packages, folders } = loadedBy("check", "--no-cluster", "-f", folder);
    assert.equal(status, 0);
    const foreign = ["@kubernetes/client-node", "express", "pino", "prom-client", "selfsigned", "@opentelemetry/api"];
    assert.deepEqual(
      packages.filter((name) => foreign.includes(name)),
      [],
    );
    assert.deepEqual(
      folders.filter((name) => ["cluster", "server", "admission", "telemetry", "certs", "agent"].includes(name)),
      [],
    );
  });
});
