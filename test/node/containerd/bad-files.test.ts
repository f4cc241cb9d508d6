import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { nodeFilesBelow } from "../../../src/cli/node-root.js";
import { type HostPlan, nodeFilesFromMap, parseRuntime, seenNodeProfile } from "../../../src/node/index.js";
import { parseReference } from "../../../src/reference/index.js";
import { configFile } from "./views.js";

const versions = ["1.6.20", "1.7.34", "2.2.7", "2.3.4"];
const hostsFile = "/etc/containerd/certs.d/r.test/hosts.toml";
const parsed = parseReference("r.test/team/app:v1", "current");
assert.ok(parsed.kind === "reference");
const { reference } = parsed;

/** What a file may be instead of what it should be. */
const spoils: Readonly<Record<string, (path: string) => void>> = {
  "broken TOML": (path) => writeFileSync(path, "[a\n= ]"),
  "binary garbage": (path) =>
    writeFileSync(path, Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 137) % 256))),
  "a folder": (path) => mkdirSync(path),
  "a link to itself": (path) => symlinkSync(path.slice(path.lastIndexOf("/") + 1), path),
  "a ring of links": (path) => {
    symlinkSync("ring", path);
    symlinkSync(path.slice(path.lastIndexOf("/") + 1), join(dirname(path), "ring"));
  },
  "100 MiB of nothing": (path) => {
    writeFileSync(path, "");
    truncateSync(path, 100 * 1024 * 1024);
  },
  "brackets without end": (path) => writeFileSync(path, `a = ${"[".repeat(200_000)}`),
  "tables in tables": (path) => writeFileSync(path, `${"a.".repeat(100_000)}a = 1`),
  "inline tables in one another": (path) => writeFileSync(path, `a = ${"{a=".repeat(100_000)}1${"}".repeat(100_000)}`),
  "a single quote": (path) => writeFileSync(path, `a = "${"x".repeat(500_000)}`),
};

describe("a containerd node with bad files", () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "pullguard-bad-"));
    mkdirSync(join(root, dirname(hostsFile)), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function planned(version: string): { readonly codes: readonly string[]; readonly plan: HostPlan } {
    const profile = seenNodeProfile({
      name: "bad",
      files: nodeFilesBelow(root),
      runtime: parseRuntime(`containerd://${version}`),
      identityKey: new Uint8Array(32),
    });
    const plan = profile.hostsFor(reference);
    return { codes: [...profile.issues, ...plan.issues].map(({ code }) => code), plan };
  }

  for (const [name, spoil] of Object.entries(spoils)) {
    it(`does not know what a config.toml says that is ${name}`, () => {
      spoil(join(root, configFile));
      for (const version of versions) {
        const { codes, plan } = planned(version);
        // Some of it is TOML, with nothing in it that anybody asked for.
        if (name === "tables in tables" && plan.kind === "hosts" && plan.unseenHosts === undefined) continue;
        assert.ok(
          codes.some((code) => code === "RuntimeConfigInvalid" || code === "RuntimeConfigUnreadable"),
          version,
        );
        assert.ok(plan.kind === "hosts" && plan.unseenHosts === true && plan.hosts.length === 1, version);
      }
    });

    it(`says so of a hosts.toml that is ${name}`, () => {
      spoil(join(root, hostsFile));
      for (const version of versions) {
        const { codes, plan } = planned(version);
        const told = codes.includes("HostsFileIgnored") || codes.includes("HostsFileUnreadable");
        // A folder in its place is the one thing for which containerd refuses the registry.
        if (name === "a folder") assert.equal(plan.kind, "broken");
        else assert.ok(told || name === "tables in tables", `${version}: ${codes}`);
        if (codes.includes("HostsFileUnreadable")) assert.ok(plan.kind === "hosts" && plan.unseenHosts === true);
      }
    });

    it(`goes on with certificates that are ${name}`, () => {
      for (const file of ["ca.crt", "client.cert"]) {
        spoil(join(root, dirname(hostsFile), file));
        rmSync(join(root, dirname(hostsFile), "ring"), { force: true });
      }
      for (const version of versions) assert.ok(planned(version).plan.kind.length > 0);
    });
  }

  it("takes a file in place of the registry's folder for what it is", () => {
    rmSync(join(root, dirname(hostsFile)), { recursive: true });
    writeFileSync(join(root, dirname(hostsFile)), "no folder");
    assert.equal(planned("1.7.34").plan.kind, "broken");
  });

  it("does not know what is behind a ring of links in place of the folder", () => {
    rmSync(join(root, dirname(hostsFile)), { recursive: true });
    symlinkSync("r.test", join(root, dirname(hostsFile)));
    const { plan, codes } = planned("1.7.34");
    assert.ok(plan.kind === "hosts" && plan.unseenHosts === true);
    assert.ok(codes.includes("HostsFileUnreadable"));
  });

  it("passes over what it does not know", () => {
    writeFileSync(
      join(root, configFile),
      'version = 2\ncolour = "red"\n[plugins."io.containerd.grpc.v1.cri"]\nshape = 3\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\nsize = { a = 1 }\n[plugins.own]\nx = 1\n',
    );
    writeFileSync(join(root, hostsFile), 'mood = "good"\n[host."https://r.test"]\nsize = 3\n');
    for (const version of ["2.2.7", "2.3.4"]) assert.deepEqual(planned(version).codes, [], version);
    // A short plugin name is what 1.x minds.
    assert.deepEqual(planned("1.7.34").codes.slice(0, 1), ["RuntimeConfigInvalid"]);
  });

  it("names no secret of a file that it cannot read", () => {
    const secret = "hunter2";
    writeFileSync(join(root, configFile), `version = 2\n[plugins.x]\npassword = "${secret}" oops\n`);
    assert.ok(!JSON.stringify(planned("1.7.34")).includes(secret));
  });

  it("survives any text", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc
        .array(
          fc.constantFrom(
            "[",
            "]",
            "=",
            "\n",
            '"',
            "plugins",
            ".",
            "{",
            "}",
            "registry",
            "true",
            "1",
            "imports",
            "host",
            ",",
          ),
        )
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, text, fc.constantFrom(...versions), (config, hosts, version) => {
        const profile = seenNodeProfile({
          name: "any",
          files: nodeFilesFromMap({ [configFile]: config, [hostsFile]: hosts }),
          runtime: parseRuntime(`containerd://${version}`),
          identityKey: new Uint8Array(32),
        });
        profile.hostsFor(reference);
      }),
      { numRuns: 2000 },
    );
  });
});
