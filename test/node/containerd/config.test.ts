import assert from "node:assert/strict";
import type { NodeProfile } from "../../../src/node/index.js";
import { hostsOf, lineUp } from "./plans.js";
import { configFile, issuesOf, node, planOn } from "./views.js";

const hub = "/etc/containerd/certs.d/r.test/hosts.toml";
const mirrored = { [hub]: '[host."https://m.test"]\n' };
const throughMirror = ["https m.test/v2 ns=r.test", "https r.test/v2"];
const direct = ["https r.test/v2"];
const legacyDirect = ["https r.test/v2 pull+resolve"];

const cri = '[plugins."io.containerd.grpc.v1.cri".registry]';
const images = '[plugins."io.containerd.cri.v1.images".registry]';
const path = 'config_path = "/etc/containerd/certs.d"';

describe("containerd config.toml", () => {
  describe("which folders are looked into", () => {
    const cases: readonly {
      readonly name: string;
      readonly config: string;
      readonly want: readonly (readonly [readonly string[], readonly string[]])[];
    }[] = [
      {
        name: "version 2 names the section of the CRI plugin",
        config: `version = 2\n${cri}\n${path}\n`,
        want: [[["1.6.20", "1.7.34", "2.0.11", "2.1.8", "2.2.7", "2.3.4"], throughMirror]],
      },
      {
        name: "version 3 names the section of its images half",
        config: `version = 3\n${images}\n${path}\n`,
        want: [
          [["2.0.11", "2.1.8", "2.2.7", "2.3.4"], throughMirror],
          [["1.6.20"], legacyDirect],
        ],
      },
      {
        name: "the old section in version 3 is read from 2.3 on, which moves it",
        config: `version = 3\n${cri}\n${path}\n`,
        want: [
          [["2.0.11"], legacyDirect],
          [["2.1.8", "2.2.7"], direct],
          [["2.3.4"], throughMirror],
        ],
      },
      {
        name: "without a version plugins have short names",
        config: `[plugins.cri.registry]\n${path}\n`,
        want: [
          [["1.6.20", "1.7.34", "2.3.4"], throughMirror],
          // The names are brought up to date, the sections are not.
          [["2.0.11"], legacyDirect],
          [["2.1.8", "2.2.7"], direct],
        ],
      },
      {
        name: "without a version 1.x does not know the long name",
        config: `${cri}\n${path}\n`,
        want: [
          [["1.6.20", "1.7.34"], legacyDirect],
          [["2.2.7"], direct],
        ],
      },
      {
        name: "no config_path: none, and from 2.2 on a list that the transfer service takes for one folder",
        config: "version = 2\n",
        want: [
          [["1.6.20", "1.7.34", "2.0.11"], legacyDirect],
          [["2.1.8", "2.2.7", "2.3.4"], direct],
        ],
      },
      {
        name: "the default list counts where the plugin pulls by itself",
        config: `version = 3\n[plugins."io.containerd.cri.v1.images"]\nuse_local_image_pull = true\n`,
        want: [
          [["2.1.8"], legacyDirect],
          [["2.2.7", "2.3.4"], throughMirror],
        ],
      },
      {
        name: "an empty config_path is no config_path",
        config: `version = 3\n[plugins."io.containerd.cri.v1.images"]\nmax_concurrent_downloads = 5\n${images}\nconfig_path = ""\n`,
        want: [
          [["2.1.8"], legacyDirect],
          [["2.2.7"], throughMirror],
        ],
      },
      {
        name: "another folder",
        config: `version = 2\n${cri}\nconfig_path = "/etc/containerd/certs"\n`,
        want: [[["1.6.20", "2.2.7"], direct]],
      },
      {
        name: "a list, Docker's folder first",
        config: `version = 2\n${cri}\nconfig_path = "/etc/docker/certs.d:/etc/containerd/certs.d"\n`,
        want: [
          [["1.6.20", "1.7.34", "2.0.11"], throughMirror],
          [["2.1.8", "2.2.7"], direct],
        ],
      },
      {
        name: "keys in any case, as the newer library takes them",
        config: `version = 3\n${images}\nConfig_Path = "/etc/containerd/certs.d"\n`,
        want: [[["2.2.7"], throughMirror]],
      },
    ];
    for (const { name, config, want } of cases) {
      it(name, () => {
        for (const [versions, lines] of want) {
          for (const version of versions) {
            const plan = planOn(version, { ...mirrored, [configFile]: config }, "r.test");
            const found = lineUp(plan).map((line) => line.replace("+referrers", ""));
            assert.deepEqual(found, lines, version);
          }
        }
      });
    }

    it("is the one of k3s where Docker's containerd has /etc/containerd", () => {
      const files = {
        [configFile]: 'disabled_plugins = ["cri"]\n',
        "/var/lib/rancher/k3s/agent/etc/containerd/config.toml": `version = 3\n${images}\nconfig_path = "/var/lib/rancher/k3s/agent/etc/containerd/certs.d"\n`,
        "/var/lib/rancher/k3s/agent/etc/containerd/certs.d/r.test/hosts.toml": '[host."https://m.test"]\n',
      };
      assert.deepEqual(lineUp(planOn("2.2.7", files, "r.test")), throughMirror);
      assert.equal(node("2.2.7", files).hostsRoot, "/var/lib/rancher/k3s/agent/etc/containerd/certs.d");
    });
  });

  describe("where it is not shown", () => {
    it("certs.d is taken for the config_path, which from 2.2 on is said", () => {
      for (const [version, said] of [
        ["1.6.20", []],
        ["2.1.8", []],
        ["2.2.7", [`RuntimeConfigUnreadable ${configFile}`]],
      ] as const) {
        const plan = planOn(version, mirrored, "r.test");
        assert.deepEqual(lineUp(plan), throughMirror, version);
        assert.deepEqual(issuesOf(plan), said, version);
        assert.deepEqual(issuesOf(planOn(version, mirrored, "other.test")), []);
        assert.deepEqual(issuesOf(node(version, mirrored)), [`RuntimeConfigUnreadable ${configFile}`]);
      }
    });

    it("but the node as a whole, the defaults hold", () => {
      const whole = { ...mirrored, "/etc/os-release": "ID=debian\n" };
      assert.deepEqual(lineUp(planOn("1.7.34", whole, "r.test")), legacyDirect);
      assert.deepEqual(lineUp(planOn("2.2.7", whole, "r.test")), direct);
    });
  });

  describe("what pulls, and how", () => {
    const section = (line: string) => `version = 3\n[plugins."io.containerd.cri.v1.images"]\n${line}\n`;
    const cases: readonly (readonly [string, string, NodeProfile["settings"]])[] = [
      ["2.2.7", section(""), {}],
      ["2.2.7", section("max_concurrent_downloads = 3"), {}],
      ["2.2.7", section("max_concurrent_downloads = 10"), { engine: "local", maxConcurrentDownloads: 10 }],
      ["2.2.7", section("discard_unpacked_layers = true"), { engine: "local" }],
      ["2.2.7", section("disable_snapshot_annotations = false"), { engine: "local" }],
      ["2.2.7", section("image_pull_with_sync_fs = true"), { engine: "local" }],
      ["2.2.7", section("use_local_image_pull = true"), { engine: "local" }],
      ["2.0.11", section("use_local_image_pull = true"), {}],
      ["2.2.7", section('image_pull_progress_timeout = "90s"'), { pullProgressTimeoutMs: 90_000 }],
      ["2.2.7", section('image_pull_progress_timeout = "0s"'), { pullProgressTimeoutMs: 0 }],
      [
        "2.2.7",
        'version = 3\n[plugins."io.containerd.transfer.v1.local"]\nmax_concurrent_downloads = 7\n',
        { maxConcurrentDownloads: 7 },
      ],
      [
        "1.7.34",
        'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nmax_concurrent_downloads = 7\nimage_pull_progress_timeout = "1m"\n',
        { maxConcurrentDownloads: 7, pullProgressTimeoutMs: 60_000 },
      ],
      // Unknown to 1.6, whatever it says.
      ["1.6.20", 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nimage_pull_progress_timeout = "soon"\n', {}],
      // Moved to the images plugin only where there is a table of runtimes.
      ["2.2.7", 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\ndiscard_unpacked_layers = true\n', {}],
      [
        "2.2.7",
        'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\ndiscard_unpacked_layers = true\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\n',
        { engine: "local" },
      ],
      ["2.2.7", `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.configs."x".auth]\n`, { engine: "local" }],
    ];
    for (const [version, config, want] of cases) {
      it(`${version}: ${
        config
          .split("\n")
          .filter((line) => line.includes("="))
          .slice(1)
          .join(", ") || "nothing"
      }`, () => {
        assert.deepEqual(node(version, { [configFile]: config }).settings, want);
      });
    }
  });

  describe("imports", () => {
    const dropIn = (name: string, folder: string) => ({
      [`/etc/containerd/conf.d/${name}.toml`]: `version = 2\n${cri}\nconfig_path = ${JSON.stringify(folder)}\n`,
    });
    const main = (imports: readonly string[], rest = "") =>
      `version = 2\nimports = ${JSON.stringify(imports)}\n${rest}`;

    it("the last file has the last word, key by key from 2.0 on", () => {
      const files = {
        ...mirrored,
        [configFile]: main(
          ["/etc/containerd/conf.d/*.toml"],
          `${cri}\nconfig_path = "/nowhere"\n[plugins."io.containerd.grpc.v1.cri".registry.headers]\nx-a = ["1"]\n`,
        ),
        ...dropIn("10", "/nowhere/else"),
        ...dropIn("20", "/etc/containerd/certs.d"),
      };
      const headers = (version: string) => hostsOf(planOn(version, files, "r.test")).map((host) => host.headers);
      assert.deepEqual(lineUp(planOn("1.7.34", files, "r.test")), throughMirror);
      assert.deepEqual(headers("1.7.34"), [{}, {}]);
      assert.deepEqual(lineUp(planOn("2.2.7", files, "r.test")), throughMirror);
      assert.deepEqual(headers("2.2.7"), [{ "x-a": ["1"] }, { "x-a": ["1"] }]);
    });

    it("a relative pattern starts from the file only in later releases", () => {
      const files = { ...mirrored, [configFile]: main(["conf.d/*.toml"]), ...dropIn("a", "/etc/containerd/certs.d") };
      for (const [version, want] of [
        ["1.6.20", legacyDirect],
        ["1.6.30", throughMirror],
        ["1.7.15", legacyDirect],
        ["1.7.16", throughMirror],
        ["2.0.0", throughMirror],
      ] as const) {
        assert.deepEqual(lineUp(planOn(version, files, "r.test")), want, version);
      }
    });

    it("rings end", () => {
      const files = { ...mirrored, [configFile]: main([configFile, "./config.toml"], `${cri}\n${path}\n`) };
      assert.deepEqual(lineUp(planOn("2.2.7", files, "r.test")), throughMirror);
    });

    it("a missing file keeps containerd from starting, where its folder was shown", () => {
      const shown = planOn("2.2.7", { ...mirrored, [configFile]: main(["/etc/containerd/x.toml"]) }, "r.test");
      assert.match(shown.issues[0]?.message ?? "", /does not start with it: open .*x\.toml/);
      const unshown = planOn("2.2.7", { ...mirrored, [configFile]: main(["/opt/containerd/x.toml"]) }, "r.test");
      assert.equal(unshown.issues[0]?.code, "RuntimeConfigUnreadable");
      for (const plan of [shown, unshown]) assert.ok(plan.kind === "hosts" && plan.unseenHosts === true);
    });

    it("a pattern without matches is nothing", () => {
      const plan = planOn(
        "2.2.7",
        { ...mirrored, [configFile]: main(["/etc/containerd/conf.d/*.toml"], `${cri}\n${path}\n`) },
        "r.test",
      );
      assert.deepEqual([lineUp(plan), plan.issues], [throughMirror, []]);
    });

    it("the highest version counts, which 2.3 does not take from a file that is imported", () => {
      const files = {
        ...mirrored,
        [configFile]: `version = 2\nimports = ["b.toml"]\n${cri}\n${path}\n`,
        "/etc/containerd/b.toml": "version = 3\n",
      };
      // The whole then counts as version 3, and nothing of version 2 is brought up to date.
      assert.deepEqual(lineUp(planOn("2.2.7", files, "r.test")), direct);
      assert.match(planOn("2.3.4", files, "r.test").issues[0]?.message ?? "", /higher version than 2/);
    });
  });
});
