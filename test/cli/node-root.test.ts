import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeFilesBelow } from "../../src/cli/node-root.js";

describe("a node's files below a folder", () => {
  let outside: string;
  let root: string;

  beforeEach(() => {
    outside = mkdtempSync(join(tmpdir(), "pullguard-node-"));
    root = join(outside, "root");
    mkdirSync(join(root, "etc/containerd/certs.d/reg.io"), { recursive: true });
    writeFileSync(join(outside, "secret"), "outside");
    writeFileSync(join(root, "etc/hosts.toml"), "inside");
    writeFileSync(join(root, "secret"), "inside too");
    mkdirSync(join(root, "etc/pki"));
    writeFileSync(join(root, "etc/pki/other"), "");
  });
  afterEach(() => rmSync(outside, { recursive: true }));

  const inside = { kind: "text", text: "inside" };
  const unshown = { kind: "unreadable", reason: "a link to a file that was not shown" };
  const table = [
    { name: "a plain file", path: "/etc/hosts.toml", want: inside },
    { name: "a missing file", path: "/etc/nothing", want: { kind: "missing" } },
    { name: "a path through a file", path: "/etc/hosts.toml/x", want: { kind: "missing" } },
    { name: "a folder", path: "/etc", want: { kind: "unreadable", reason: "is no plain file" } },
    { name: "an absolute link", link: "/etc/hosts.toml", want: inside },
    { name: "a relative link", link: "../etc/hosts.toml", want: inside },
    { name: "an absolute link that means the machine's own file", link: "$outside/secret", want: unshown },
    { name: "a link into a folder that was not shown", link: "/opt/ca.crt", want: unshown },
    { name: "a link into a folder made for what lies deeper", link: "/etc/containerd/ca.crt", want: unshown },
    { name: "a dangling link into a folder with files", link: "/etc/pki/ca.crt", want: { kind: "missing" } },
    { name: "a link that climbs out", link: "../../../../secret", want: { kind: "text", text: "inside too" } },
    { name: "a path that climbs out", path: "/../secret", want: { kind: "text", text: "inside too" } },
    { name: "a dangling link", link: "/etc/nothing", want: { kind: "missing" } },
    {
      name: "a link to itself",
      link: "/etc/link",
      want: { kind: "unreadable", reason: "too many levels of symbolic links" },
    },
  ];
  for (const { name, path = "/etc/link", link, want } of table) {
    it(`reads ${name}`, () => {
      if (link !== undefined) symlinkSync(link.replace("$outside", outside), join(root, "etc/link"));
      const files = nodeFilesBelow(root);
      assert.deepEqual(files.read(path), want);
      assert.equal(files.exists(path), want.kind === "text" || name === "a folder");
    });
  }

  it("follows a link to a folder inside the root", () => {
    symlinkSync("/etc/containerd", join(root, "link"));
    writeFileSync(join(root, "etc/containerd/certs.d/reg.io/ca.crt"), "pem");
    assert.deepEqual(nodeFilesBelow(root).read("/link/certs.d/reg.io/ca.crt"), { kind: "text", text: "pem" });
  });

  it("takes a link that leads nowhere for what it is where the whole node was shown", () => {
    writeFileSync(join(root, "etc/passwd"), "");
    symlinkSync("/opt/ca.crt", join(root, "etc/link"));
    assert.deepEqual(nodeFilesBelow(root).read("/etc/link"), { kind: "missing" });
  });

  it("takes a link beside its target's name for what it is, but not a longer way", () => {
    const folder = join(root, "etc/containerd/certs.d/reg.io");
    symlinkSync("gone.crt", join(folder, "near.crt"));
    symlinkSync("../../pki/gone.crt", join(folder, "far.crt"));
    const files = nodeFilesBelow(root);
    assert.deepEqual(files.read("/etc/containerd/certs.d/reg.io/near.crt"), { kind: "missing" });
    assert.deepEqual(files.list("/etc/containerd/certs.d/reg.io"), ["far.crt"]);
  });

  it("reads a file of 1 MiB and none that is larger", () => {
    writeFileSync(join(root, "fits"), "x".repeat(1024 * 1024));
    writeFileSync(join(root, "large"), "x".repeat(1024 * 1024 + 1));
    assert.equal(nodeFilesBelow(root).read("/fits").kind, "text");
    assert.deepEqual(nodeFilesBelow(root).read("/large"), { kind: "unreadable", reason: "larger than 1 MiB" });
  });

  it("lists plain files by name, links to them included, and no folders", () => {
    const folder = join(root, "etc/containerd/certs.d/reg.io");
    for (const name of ["b.crt", "a.crt"]) writeFileSync(join(folder, name), "");
    mkdirSync(join(folder, "folder"));
    symlinkSync("/etc/hosts.toml", join(folder, "hosts.toml"));
    symlinkSync("/etc/nothing", join(folder, "dangling"));
    const files = nodeFilesBelow(root);
    assert.deepEqual(files.list("/etc/containerd/certs.d/reg.io"), ["a.crt", "b.crt", "hosts.toml"]);
    assert.equal(files.list("/etc/nothing"), undefined);
    assert.equal(files.list("/etc/hosts.toml"), undefined);
  });

  for (const wrong of ["nothing", "secret"]) {
    it(`refuses a root that is ${wrong === "nothing" ? "not there" : "a file"}`, () => {
      assert.throws(() => nodeFilesBelow(join(outside, wrong)), { code: "InputInvalid", message: /^--node-root / });
    });
  }
});
