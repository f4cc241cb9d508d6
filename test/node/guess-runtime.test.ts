import assert from "node:assert/strict";
import {
  candidateProfiles,
  configuredRegistries,
  guessRuntime,
  nodeFilesFromMap,
  type RuntimeName,
} from "../../src/node/index.js";

describe("the runtime that a node's files speak for", () => {
  const disabled = 'disabled_plugins = ["cri"]\n';
  const cases: readonly {
    readonly name: string;
    readonly files: Readonly<Record<string, string>>;
    readonly want: RuntimeName | undefined;
  }[] = [
    { name: "none", files: { "/etc/hostname": "x" }, want: undefined },
    { name: "containerd by its certs.d", files: { "/etc/containerd/certs.d/": "" }, want: "containerd" },
    {
      name: "containerd by its config.toml",
      files: { "/etc/containerd/config.toml": "version = 2\n" },
      want: "containerd",
    },
    { name: "Docker by its daemon.json", files: { "/etc/docker/daemon.json": "{}" }, want: "docker" },
    { name: "Docker by its certs.d", files: { "/etc/docker/certs.d/": "" }, want: "docker" },
    { name: "Docker by its images", files: { "/var/lib/docker/": "" }, want: "docker" },
    {
      name: "Docker, although docker-ce's containerd is there",
      files: { "/etc/containerd/config.toml": disabled, "/var/lib/docker/": "" },
      want: "docker",
    },
    {
      name: "containerd, although it looks into Docker's folder as well",
      files: { "/etc/containerd/certs.d/": "", "/etc/docker/certs.d/": "" },
      want: "containerd",
    },
    { name: "CRI-O by its folder", files: { "/etc/crio/crio.conf": "" }, want: "cri-o" },
    {
      name: "what kubeadm told the kubelet, whatever else is there",
      files: {
        "/var/lib/kubelet/kubeadm-flags.env":
          'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///var/run/cri-dockerd.sock --x=y"\n',
        "/etc/containerd/certs.d/": "",
      },
      want: "docker",
    },
    {
      name: "what the kubelet's configuration says",
      files: { "/var/lib/kubelet/config.yaml": "containerRuntimeEndpoint: unix:///var/run/crio/crio.sock\n" },
      want: "cri-o",
    },
    {
      name: "containerd, where the kubelet's configuration says so",
      files: {
        "/var/lib/kubelet/config.yaml": 'containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock"\n',
        "/etc/crio/crio.conf": "",
      },
      want: "containerd",
    },
  ];
  for (const { name, files, want } of cases) {
    it(`is ${name}`, () => assert.equal(guessRuntime(nodeFilesFromMap(files))?.name, want));
  }
});

describe("the runtimes that a node may have, where nobody says", () => {
  const registry = { "/etc/containers/registries.conf": "" };
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
    ["containerd's by its folder", { "/etc/containerd/certs.d/r/ca.crt": "" }, ["containerd"]],
    ["docker's by its files", { "/etc/docker/daemon.json": "{}", "/etc/docker/certs.d/r/ca.crt": "" }, ["docker"]],
    [
      "docker's, whose containerd serves no kubelet",
      {
        "/etc/docker/daemon.json": "{}",
        "/etc/containerd/config.toml": 'disabled_plugins = ["cri"]',
      },
      ["docker"],
    ],
    ["each that is configured", { "/etc/docker/daemon.json": "{}", ...registry }, ["docker", "cri-o"]],
    [
      "what the kubelet was told",
      {
        "/etc/docker/daemon.json": "{}",
        "/var/lib/kubelet/config.yaml": "containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n",
      },
      ["containerd"],
    ],
    ["containerd, where nothing speaks for any", { "/etc/hosts": "" }, ["containerd"]],
  ];
  for (const [name, files, want] of cases) {
    it(`are ${name}`, () => {
      const node = { name: "n", files: nodeFilesFromMap(files), identityKey: new Uint8Array(32) };
      const profiles = candidateProfiles({ node });
      assert.deepEqual([...new Set(profiles.map(({ runtime }) => runtime.name))], want);
      assert.ok(profiles.every(({ runtimeIsAssumed }) => runtimeIsAssumed === true));
    });
  }
});

describe("the registries that a node's files configure", () => {
  const version = { major: 1, minor: 7, patch: 13 };
  const cases: readonly {
    readonly name: RuntimeName;
    readonly hostsRoot: string;
    readonly files: Readonly<Record<string, string>>;
    readonly want: readonly string[];
  }[] = [
    {
      name: "containerd",
      hostsRoot: "/etc/containerd/certs.d",
      files: {
        "/etc/containerd/certs.d/b.test:5000/hosts.toml": "",
        "/etc/containerd/certs.d/a.test_443_/ca.crt": "",
        "/etc/containerd/certs.d/_default/": "",
      },
      want: ["_default", "a.test:443", "b.test:5000"],
    },
    {
      name: "docker",
      hostsRoot: "/etc/docker",
      files: {
        "/etc/docker/certs.d/a.test/ca.crt": "",
        "/etc/docker/daemon.json":
          '{"insecure-registries": ["b.test:5000", "10.0.0.0/8"], "registry-mirrors": ["https://m.test"]}',
      },
      want: ["a.test", "b.test:5000", "docker.io"],
    },
    { name: "docker", hostsRoot: "/etc/docker", files: { "/etc/docker/daemon.json": "{" }, want: [] },
    {
      name: "cri-o",
      hostsRoot: "/etc/containers",
      files: {
        "/etc/containers/registries.conf": '[[registry]]\nprefix = "a.test/team"\nlocation = "b.test"\n',
        "/etc/containers/registries.conf.d/x.conf": '[[registry]]\nlocation = "c.test:5000"\n',
        "/etc/containers/certs.d/d.test/ca.crt": "",
      },
      want: ["a.test", "b.test", "c.test:5000", "d.test"],
    },
  ];
  for (const { name, hostsRoot, files, want } of cases) {
    it(`are found for ${name}: ${want.join(", ") || "none"}`, () => {
      assert.deepEqual(
        configuredRegistries(nodeFilesFromMap(files), { runtime: { name, ...version }, hostsRoot }),
        want,
      );
    });
  }
});
