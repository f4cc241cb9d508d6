import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nodeFilesBelow } from "../../src/cli/node-root.js";
import { type HostPlan, parseRuntime, seenNodeProfile } from "../../src/node/index.js";
import { createAuthority } from "../support/authority.js";

const reference = { written: "r.test/a:v1", domain: "r.test", path: "a", tag: "v1" };

/** Links of a copied node by what they are called; their targets stayed behind. */
const cases: readonly {
  readonly name: string;
  readonly runtime: string;
  readonly link: string;
  readonly files?: Readonly<Record<string, string>>;
}[] = [
  { name: "containerd, a CA", runtime: "containerd://1.7.13", link: "/etc/containerd/certs.d/r.test/ca.crt" },
  { name: "containerd, hosts.toml", runtime: "containerd://1.7.13", link: "/etc/containerd/certs.d/r.test/hosts.toml" },
  {
    name: "containerd, a CA that hosts.toml names",
    runtime: "containerd://2.1.4",
    link: "/etc/containerd/certs.d/r.test/own.pem",
    files: { "/etc/containerd/certs.d/r.test/hosts.toml": 'ca = "own.pem"\n' },
  },
  { name: "containerd, the registry's folder", runtime: "containerd://1.7.13", link: "/etc/containerd/certs.d/r.test" },
  {
    name: "containerd, the key of a client certificate",
    runtime: "containerd://1.7.13",
    link: "/etc/containerd/certs.d/r.test/client.key",
    files: { "/etc/containerd/certs.d/r.test/client.cert": "$certificate" },
  },
  { name: "dockerd, a CA", runtime: "docker://20.10.24", link: "/etc/docker/certs.d/r.test/ca.crt" },
  { name: "dockerd, the registry's folder", runtime: "docker://20.10.24", link: "/etc/docker/certs.d/r.test" },
  {
    name: "dockerd, the key of a client certificate",
    runtime: "docker://20.10.24",
    link: "/etc/docker/certs.d/r.test/client.key",
    files: { "/etc/docker/certs.d/r.test/client.cert": "$certificate" },
  },
  { name: "podman, a CA", runtime: "podman://4.3.1", link: "/etc/containers/certs.d/r.test/ca.crt" },
  { name: "podman, the registry's folder", runtime: "podman://4.3.1", link: "/etc/containers/certs.d/r.test" },
  {
    name: "CRI-O, a folder that comes before one that is there",
    runtime: "cri-o://1.24.0",
    link: "/etc/containers/certs.d/r.test",
    files: { "/etc/docker/certs.d/r.test/ca.crt": "$certificate" },
  },
];

const config = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n';

function planBelow(root: string, runtime: string): HostPlan {
  const files = nodeFilesBelow(root);
  const profile = seenNodeProfile({
    name: "n",
    files,
    runtime: parseRuntime(runtime),
    identityKey: new Uint8Array(32),
  });
  return profile.hostsFor(reference);
}

describe("links of a copied node that lead out of the copy", () => {
  let root: string;
  let certificate: string;

  before(async () => {
    certificate = (await createAuthority("links")).certificatePem;
  });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "pullguard-links-"));
    write("/etc/containerd/config.toml", config);
    write("/etc/containers/registries.conf", "");
    write("/etc/docker/daemon.json", "{}");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  for (const { name, runtime, link, files = {} } of cases) {
    it(`leave open what the node trusts: ${name}`, () => {
      for (const [path, text] of Object.entries(files)) write(path, text.replace("$certificate", certificate));
      mkdirSync(dirname(join(root, link)), { recursive: true });
      symlinkSync("/opt/secrets/left-behind", join(root, link));
      const plan = planBelow(root, runtime);
      assert.equal(plan.kind, "hosts", JSON.stringify(plan));
      assert.equal(plan.kind === "hosts" && plan.partial, true);
    });
  }

  it("leave the certificates of the system what they are beside their bundle", () => {
    write("/etc/ssl/certs/ca-certificates.crt", certificate);
    symlinkSync("/usr/share/ca-certificates/mozilla/A.crt", join(root, "etc/ssl/certs/A.pem"));
    const plan = planBelow(root, "containerd://1.7.13");
    assert.equal(plan.kind === "hosts" && plan.partial, undefined);
    assert.deepEqual(plan.issues, []);
  });
});
