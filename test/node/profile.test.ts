import assert from "node:assert/strict";
import { PullguardError } from "../../src/core/index.js";
import {
  assumedRuntimes,
  candidateProfiles,
  nodeFilesFromMap,
  parseRuntime,
  renderRuntime,
  seenNodeProfile,
  unseenNodeProfile,
} from "../../src/node/index.js";
import type { ImageReference } from "../../src/reference/index.js";

const identityKey = new Uint8Array(32);
const runtime = parseRuntime("containerd://1.7.13");

describe("parseRuntime", () => {
  const readable: readonly (readonly [string, string])[] = [
    ["containerd://1.7.13", "1.7.13"],
    ["containerd://1.6.20~ds1", "1.6.20"],
    ["containerd://v1.7.2", "1.7.2"],
    ["containerd://2.1.0-rc.1", "2.1.0"],
    ["containerd://2.0.4-k3s1", "2.0.4"],
    ["containerd://1.6.20+bottlerocket", "1.6.20"],
    [" containerd://1.7.24-0ubuntu1~22.04.2\n", "1.7.24"],
  ];
  for (const [text, want] of readable) {
    it(`${JSON.stringify(text)} is ${want}`, () =>
      assert.equal(renderRuntime(parseRuntime(text)), `containerd ${want}`));
  }

  for (const [text, want] of [
    ["docker://20.10.24", "docker 20.10.24"],
    ["docker://20.10.24+dfsg1", "docker 20.10.24"],
    ["docker://28.2.2", "docker 28.2.2"],
    ["cri-o://1.30.2", "cri-o 1.30.2"],
    ["podman://4.3.1", "podman 4.3.1"],
  ] as const) {
    it(`${text} is ${want}`, () => assert.equal(renderRuntime(parseRuntime(text)), want));
  }

  const refused: readonly (readonly [string, RegExp])[] = [
    ["rkt://1.30.0", /rkt is not supported yet/],
    ["containerd", /must look like containerd:\/\//],
    ["", /must look like/],
    ["containerd://", /three numbers/],
    ["containerd://1.7", /three numbers/],
    ["containerd://Unknown", /three numbers/],
    ["containerd://1.7.999999", /three numbers/],
  ];
  for (const [text, message] of refused) {
    it(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(
        () => parseRuntime(text),
        (error) => error instanceof PullguardError && error.code === "InputInvalid" && message.test(error.message),
      );
    });
  }
});

describe("node profiles", () => {
  it("of a node that was shown know its trust, its hosts and its credentials", () => {
    const files = nodeFilesFromMap({
      "/etc/containerd/certs.d/r.test/hosts.toml": '[host."https://m"]\n',
      "/var/lib/kubelet/config.json": JSON.stringify({ auths: { "r.test": { username: "robot", password: "p" } } }),
    });
    const profile = seenNodeProfile({
      name: "worker",
      files,
      runtime,
      platform: { os: "linux", architecture: "amd64" },
      identityKey,
    });
    assert.deepEqual(
      [profile.name, profile.trust, profile.hostsRoot, profile.platform?.architecture],
      ["worker", "known", "/etc/containerd/certs.d", "amd64"],
    );
    const plan = profile.hostsFor(imageOf("r.test"));
    assert.deepEqual(plan.kind === "hosts" && plan.hosts.map(({ address }) => address), ["m", "r.test"]);
    assert.ok(profile.credentials.kind === "known");
    assert.deepEqual(profile.credentials.files, ["/var/lib/kubelet/config.json"]);
    assert.deepEqual(
      profile.credentials.lookup("r.test/a").map(({ username }) => username),
      ["robot"],
    );
    assert.deepEqual(profile.credentials.lookup("other.test/a"), []);
  });

  it("of a node without credential files know that there are none", () => {
    const { credentials } = seenNodeProfile({
      name: "worker",
      files: nodeFilesFromMap({}),
      runtime,
      identityKey,
    });
    assert.ok(credentials.kind === "known");
    assert.deepEqual([credentials.files, credentials.lookup("r.test/a")], [[], []]);
  });

  it("know no credentials where a credential file cannot be read", () => {
    const files = nodeFilesFromMap({ "/var/lib/kubelet/config.json": { unreadable: "permission denied" } });
    assert.equal(seenNodeProfile({ name: "worker", files, runtime, identityKey }).credentials.kind, "unknown");
  });

  it("take the configuration root that they are told", () => {
    const files = nodeFilesFromMap({ "/opt/certs/r.test/hosts.toml": '[host."https://m"]\n' });
    const profile = seenNodeProfile({ name: "worker", files, runtime, identityKey, hostsRoots: ["/opt/certs"] });
    const plan = profile.hostsFor(imageOf("r.test"));
    assert.deepEqual([profile.hostsRoot, plan.kind === "hosts" && plan.hosts.length], ["/opt/certs", 2]);
  });

  it("of nodes that nobody showed know neither trust nor credentials, and each registry at its own address", () => {
    const profile = unseenNodeProfile({ runtime });
    assert.deepEqual(
      [profile.trust, profile.credentials, profile.platform],
      ["unknown", { kind: "unknown" }, undefined],
    );
    const plan = profile.hostsFor(imageOf("docker.io"));
    assert.deepEqual(plan.kind === "hosts" && plan.hosts.map(({ address }) => address), ["registry-1.docker.io"]);
  });

  it("are one where the runtime is known and one for each assumed runtime where it is not", () => {
    assert.deepEqual(
      candidateProfiles({ runtime }).map((profile) => profile.runtime),
      [runtime],
    );
    assert.deepEqual(
      candidateProfiles({}).map((profile) => profile.runtime),
      assumedRuntimes,
    );
    const node = { name: "worker", files: nodeFilesFromMap({}), identityKey };
    assert.deepEqual(
      candidateProfiles({ runtime, node }).map(({ name }) => name),
      ["worker"],
    );
    assert.deepEqual(
      candidateProfiles({ node }).map(({ name, trust }) => [name, trust]),
      assumedRuntimes.map((assumed) => [`worker (${renderRuntime(assumed)})`, "known"]),
    );
  });
});

/** Some image of a registry. */
function imageOf(domain: string): ImageReference {
  return { written: `${domain}/a:v1`, domain, path: "a", tag: "v1" };
}

describe("nodeFilesFromMap", () => {
  const files = nodeFilesFromMap({ "/a/b/c.txt": "x", "/a/b/a.txt": "", "/a/d/": "", "/e": { unreadable: "no" } });

  it("reads by clean absolute path", () => {
    assert.deepEqual(
      ["/a/b/c.txt", "/a/./b/../b/c.txt", "/a/b/none", "/e", "/a/b"].map((path) => files.read(path).kind),
      ["text", "text", "missing", "unreadable", "missing"],
    );
  });

  it("lists plain files only, and folders that are empty", () => {
    assert.deepEqual(
      ["/a/b", "/a", "/a/d/", "/a/x", "/e"].map((path) => files.list(path)),
      [["a.txt", "c.txt"], [], [], undefined, undefined],
    );
  });

  it("knows what exists", () => {
    assert.deepEqual(
      ["/", "/a", "/a/d", "/e", "/a/b/c.txt", "/f"].map((path) => files.exists(path)),
      [true, true, true, true, true, false],
    );
  });
});
