import assert from "node:assert/strict";
import { nodeFilesFromMap, parseRuntime, planHosts } from "../../../src/node/index.js";
import { createAuthority } from "../../support/authority.js";
import { hostsOf, lineUp, plan, root } from "./plans.js";

const recorded = ["1.6.20", "1.7.13", "2.0.11", "2.1.9", "2.3.4"];
const early = ["1.6.20", "1.7.13"];
const late = ["2.0.11", "2.1.9", "2.3.4"];

describe("containerd host plan", () => {
  let ca = "";

  before(async () => {
    ca = (await createAuthority("host plan")).certificatePem;
  });

  describe("node configurations as recorded on real nodes", () => {
    const own = (name: string) =>
      `server = "https://${name}"\nca = "lab-ca.pem"\n[host."https://${name}"]\n  ca = "lab-ca.pem"\n`;
    const cases: readonly {
      domain: string;
      body?: string;
      want: readonly (readonly [readonly string[], readonly string[]])[];
    }[] = [
      {
        domain: "basic.test",
        body: own("basic.test"),
        want: [[recorded, ["https basic.test/v2 ca", "https basic.test/v2 ca"]]],
      },
      {
        domain: "basicport.test:8443",
        body: own("basicport.test:8443"),
        want: [[recorded, ["https basicport.test:8443/v2 ca", "https basicport.test:8443/v2 ca"]]],
      },
      {
        domain: "hostca.test",
        body: 'server = "https://hostca.test"\n[host."https://hostca.test"]\n  ca = "lab-ca.pem"\n',
        want: [[recorded, ["https hostca.test/v2 ca", "https hostca.test/v2"]]],
      },
      { domain: "http.test", want: [[recorded, ["https http.test/v2"]]] },
      { domain: "httpport.test:5000", want: [[recorded, ["https httpport.test:5000/v2"]]] },
      {
        domain: "httpserver.test:5000",
        body: 'server = "http://httpserver.test:5000"\n',
        want: [
          [early, ["https httpserver.test:5000/v2"]],
          [late, ["http httpserver.test:5000/v2"]],
        ],
      },
      {
        domain: "httpset.test:5000",
        body: 'server = "http://httpset.test:5000"\n[host."http://httpset.test:5000"]\n  capabilities = ["pull", "resolve"]\n',
        want: [[recorded, ["http httpset.test:5000/v2 pull+resolve", "http httpset.test:5000/v2"]]],
      },
      {
        domain: "mirrored.test",
        body: 'server = "https://mirrored.test"\nca = "lab-ca.pem"\n[host."https://ok.test"]\n  capabilities = ["pull", "resolve"]\n  ca = "lab-ca.pem"\n',
        want: [[recorded, ["https ok.test/v2 ca ns=mirrored.test pull+resolve", "https mirrored.test/v2 ca"]]],
      },
      {
        domain: "overridepath.test",
        body: 'server = "https://overridepath.test"\nca = "lab-ca.pem"\n[host."https://sub.test/proxy/v2"]\n  capabilities = ["pull", "resolve"]\n  override_path = true\n  ca = "lab-ca.pem"\n',
        want: [
          [recorded, ["https sub.test/proxy/v2 ca ns=overridepath.test pull+resolve", "https overridepath.test/v2 ca"]],
        ],
      },
      {
        domain: "docker.io",
        body: 'server = "https://hub.test"\nca = "lab-ca.pem"\n[host."https://hub.test"]\n  capabilities = ["pull", "resolve"]\n  ca = "lab-ca.pem"\n',
        want: [[recorded, ["https hub.test/v2 ca ns=docker.io pull+resolve", "https hub.test/v2 ca ns=docker.io"]]],
      },
    ];
    for (const { domain, body, want } of cases) {
      for (const [versions, lines] of want) {
        it(`${domain} (${versions.join(", ")})`, () => {
          const folder = `${root}/${domain}`;
          const files = body === undefined ? {} : { [`${folder}/hosts.toml`]: body, [`${folder}/lab-ca.pem`]: ca };
          for (const version of versions) assert.deepEqual(lineUp(plan(files, domain, version)), lines, version);
        });
      }
    }

    it("crtonly.test has a lone ca.crt", () => {
      const files = { [`${root}/crtonly.test/ca.crt`]: ca };
      for (const version of recorded) {
        assert.deepEqual(lineUp(plan(files, "crtonly.test", version)), ["https crtonly.test/v2 ca"]);
      }
    });

    it("1.x says why it ignores the file with a server alone", () => {
      const files = { [`${root}/h.test/hosts.toml`]: 'server = "http://h.test"\n' };
      const { issues } = plan(files, "h.test", "1.7.13");
      assert.deepEqual(
        issues.map(({ code, origin }) => [code, origin.file]),
        [["HostsFileIgnored", `${root}/h.test/hosts.toml`]],
      );
      assert.match(issues[0]?.message ?? "", /^containerd 1\.7\.13 ignores this file: there is no \[host/);
    });
  });

  describe("schemes", () => {
    const table: readonly { domain: string; want: Readonly<Record<string, string>> }[] = [
      {
        domain: "docker.io",
        want: { "1.6.20": "https registry-1.docker.io/v2", "2.3.4": "https registry-1.docker.io/v2" },
      },
      { domain: "registry-1.docker.io", want: { "2.3.4": "https registry-1.docker.io/v2" } },
      {
        domain: "localhost",
        want: {
          "1.6.8": "https localhost/v2",
          "1.6.20": "http localhost/v2 insecure",
          "1.6.39": "https localhost/v2 insecure",
          "1.7.7": "https localhost/v2 insecure plain-http",
          "1.7.13": "https localhost/v2 insecure",
          "2.3.4": "https localhost/v2 insecure",
        },
      },
      {
        domain: "localhost:443",
        want: { "1.6.20": "http localhost:443/v2 insecure", "2.3.4": "https localhost:443/v2 insecure" },
      },
      {
        domain: "localhost:80",
        want: {
          "1.6.20": "http localhost:80/v2 insecure",
          "1.7.13": "http localhost:80/v2",
          "2.3.4": "http localhost:80/v2",
        },
      },
      {
        domain: "127.0.0.1:5000",
        want: {
          "1.6.20": "http 127.0.0.1:5000/v2 insecure",
          "1.7.6": "http 127.0.0.1:5000/v2 insecure",
          "1.7.7": "https 127.0.0.1:5000/v2 insecure plain-http",
          "1.7.13": "https 127.0.0.1:5000/v2 insecure plain-http",
          "2.3.4": "https 127.0.0.1:5000/v2 insecure plain-http",
        },
      },
      { domain: "127.9.9.9:5000", want: { "2.3.4": "https 127.9.9.9:5000/v2 insecure plain-http" } },
      { domain: "[::1]:5000", want: { "2.3.4": "https [::1]:5000/v2 insecure plain-http" } },
      { domain: "[::1]", want: { "2.3.4": "https [::1]/v2" } },
      { domain: "LOCALHOST:5000", want: { "2.3.4": "https LOCALHOST:5000/v2" } },
      { domain: "10.0.0.1:5000", want: { "2.3.4": "https 10.0.0.1:5000/v2" } },
    ];
    for (const { domain, want } of table) {
      it(`${domain} without any file`, () => {
        for (const [version, line] of Object.entries(want)) {
          assert.deepEqual(lineUp(plan({}, domain, version)), [line], version);
        }
      });
    }

    const httpHosts: readonly { host: string; setting: string; want: Readonly<Record<string, string>> }[] = [
      { host: "http://m:5000", setting: "", want: { "1.6.20": "http", "1.7.13": "http", "2.3.4": "http" } },
      {
        host: "http://m:5000",
        setting: "skip_verify = true",
        want: {
          "1.6.24": "http insecure",
          "1.6.25": "https insecure plain-http",
          "1.7.6": "http insecure",
          "1.7.7": "https insecure plain-http",
          "2.3.4": "https insecure plain-http",
        },
      },
      {
        host: "http://m",
        setting: "skip_verify = true",
        want: {
          "1.7.7": "https insecure plain-http",
          "1.7.13": "http insecure",
          "1.7.23": "http insecure",
          "1.7.24": "https insecure plain-http-or-unreachable",
          "2.3.4": "https insecure plain-http-or-unreachable",
        },
      },
      {
        host: "http://m:80",
        setting: "skip_verify = true",
        want: { "1.7.13": "http insecure", "2.3.4": "http insecure" },
      },
      {
        host: "http://m:443",
        setting: "skip_verify = false",
        want: { "1.7.13": "https plain-http", "2.3.4": "https plain-http" },
      },
      { host: "http://m:5000", setting: "ca = []", want: { "1.7.13": "https plain-http" } },
      { host: "http://m:5000", setting: "client = []", want: { "1.7.13": "http" } },
      {
        host: "http://m:5000",
        setting: 'dial_timeout = "1s"',
        want: { "2.0.6": "http", "2.0.7": "https plain-http", "2.1.0": "http" },
      },
      {
        host: "https://m:5000",
        setting: "skip_verify = true",
        want: { "1.7.13": "https insecure", "2.3.4": "https insecure" },
      },
    ];
    for (const { host, setting, want } of httpHosts) {
      it(`${host} with ${setting === "" ? "no TLS setting" : setting}`, () => {
        const files = { [`${root}/r.test/hosts.toml`]: `[host."${host}"]\n${setting}\n` };
        for (const [version, words] of Object.entries(want)) {
          const [first] = hostsOf(plan(files, "r.test", version));
          const got = first && [
            first.scheme,
            ...(first.tls.verify ? [] : ["insecure"]),
            ...(first.httpFallback === "never" ? [] : [first.httpFallback]),
          ];
          assert.equal(got?.join(" "), words, version);
        }
      });
    }
  });

  describe("the registry itself as last host", () => {
    it("keeps TLS settings and headers of the top of the file, not its capabilities", () => {
      const body = 'capabilities = ["pull"]\nskip_verify = true\nheader = { A = "1" }\n[host."https://m"]\n';
      const hosts = hostsOf(plan({ [`${root}/r.test/hosts.toml`]: body }, "r.test", "2.1.9"));
      const last = hosts.at(-1);
      assert.deepEqual(
        [last?.address, last?.capabilities, last?.tls.verify, last?.headers],
        ["r.test", ["pull", "resolve", "push"], false, { A: ["1"] }],
      );
      assert.deepEqual(last?.origin, { file: `${root}/r.test/hosts.toml` });
    });

    it("is registry-1.docker.io for docker.io, without ?ns=, while a server is taken at its word", () => {
      const folder = `${root}/docker.io/hosts.toml`;
      assert.deepEqual(lineUp(plan({ [folder]: '[host."https://m"]\n' }, "docker.io", "1.7.13")), [
        "https m/v2 ns=docker.io",
        "https registry-1.docker.io/v2",
      ]);
      assert.deepEqual(lineUp(plan({ [folder]: 'server = "https://docker.io"\n[host]\n' }, "docker.io", "1.7.13")), [
        "https docker.io/v2",
      ]);
    });

    it("replaces a server that names no host, such as one that begins with http but has no scheme", () => {
      const files = { [`${root}/httpd.test/hosts.toml`]: 'server = "httpd.test:5000"\n[host]\n' };
      assert.deepEqual(lineUp(plan(files, "httpd.test", "1.7.13")), ["https httpd.test/v2"]);
    });

    it("a default host has no origin, a configured one has file and line", () => {
      const files = { [`${root}/r.test/hosts.toml`]: '\n[host."https://m"]\n' };
      assert.deepEqual(
        hostsOf(plan(files, "r.test", "2.3.4")).map(({ origin }) => origin),
        [{ file: `${root}/r.test/hosts.toml`, line: 2 }, undefined],
      );
    });
  });

  describe("timeouts and headers", () => {
    it("30 s to connect unless the file says otherwise and the version knows", () => {
      const timeouts = ["", 'dial_timeout = "5s"', 'dial_timeout = "0s"', 'dial_timeout = "-1s"'].map((setting) => {
        const files = { [`${root}/r.test/hosts.toml`]: `[host.m]\n${setting}\n` };
        return ["1.7.34", "2.0.7"].map((version) => hostsOf(plan(files, "r.test", version))[0]?.dialTimeoutMs);
      });
      assert.deepEqual(timeouts, [
        [30_000, 30_000],
        [30_000, 5_000],
        [30_000, 127_000],
        [30_000, 1],
      ]);
    });

    it("headers go with token requests from 2.1", () => {
      const files = { [`${root}/r.test/hosts.toml`]: '[host.m.header]\nA = "1"\n' };
      const got = ["2.0.11", "2.1.0"].map((version) => hostsOf(plan(files, "r.test", version))[0]);
      assert.deepEqual(
        got.map((host) => [host?.headers, host?.headersOnTokenRequests]),
        [
          [{ A: ["1"] }, false],
          [{ A: ["1"] }, true],
        ],
      );
    });
  });

  describe("which folder", () => {
    const folders = ["r.test_5000_", "r.test:5000", "_default"];
    for (const [skip, winner] of folders.entries()) {
      it(`${winner} is next in line`, () => {
        const files = Object.fromEntries(
          folders
            .slice(skip)
            .map((name) => [`${root}/${name}/hosts.toml`, `[host."https://${name.replace(/[:_]/g, "-")}.m"]\n`]),
        );
        assert.equal(hostsOf(plan(files, "r.test:5000", "1.7.13"))[0]?.address, `${winner.replace(/[:_]/g, "-")}.m`);
      });
    }

    it("the folder of the host without its port is another registry's", () => {
      assert.deepEqual(lineUp(plan({ [`${root}/r.test/hosts.toml`]: "[host.m]\n" }, "r.test:5000", "1.7.13")), [
        "https r.test:5000/v2",
      ]);
    });

    it("an empty folder is enough to hide _default", () => {
      const files = { [`${root}/r.test/`]: "", [`${root}/_default/hosts.toml`]: "[host.m]\n" };
      const got = plan(files, "r.test", "1.7.13");
      assert.deepEqual(lineUp(got), ["https r.test/v2"]);
      assert.deepEqual(
        got.issues.map(({ code, origin }) => [code, origin.file]),
        [["CertificatesShadowed", `${root}/_default/hosts.toml`]],
      );
    });

    it("a root is searched to its _default before the next root", () => {
      const files = nodeFilesFromMap({
        "/a/_default/hosts.toml": "[host.first]\n",
        "/b/r.test/hosts.toml": "[host.second]\n",
      });
      const got = planHosts(files, ["/a", "/b"], "r.test", parseRuntime("containerd://2.0.11"));
      assert.equal(hostsOf(got)[0]?.address, "first");
    });

    it("from 2.1 a list of roots is no root at all", () => {
      const files = nodeFilesFromMap({ "/a/r.test/hosts.toml": "[host.m]\n" });
      const got = planHosts(files, ["/a", "/b"], "r.test", parseRuntime("containerd://2.1.0"));
      assert.deepEqual(lineUp(got), ["https r.test/v2"]);
    });

    it("is split by the CRI plugin's own pull even then", () => {
      const files = nodeFilesFromMap({ "/b/r.test/hosts.toml": '[host."https://m"]\n' });
      const got = planHosts(files, ["/a", "/b"], "r.test", parseRuntime("containerd://2.1.0"), "local");
      assert.deepEqual(lineUp(got), ["https m/v2 ns=r.test", "https r.test/v2"]);
    });
  });
});
