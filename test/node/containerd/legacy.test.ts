import assert from "node:assert/strict";
import type { RegistryHost } from "../../../src/node/index.js";
import { createAuthority } from "../../support/authority.js";
import { hostsOf, lineUp } from "./plans.js";
import { configFile, issuesOf, node, planOn } from "./views.js";

const cri = (key: string) => `[plugins."io.containerd.grpc.v1.cri".registry${key}]`;
const config = (...lines: readonly string[]) => ({ [configFile]: `version = 2\n${lines.join("\n")}\n` });
const mirrors = (registry: string, ...endpoints: readonly string[]) =>
  `${cri(`.mirrors.${JSON.stringify(registry)}`)}\nendpoint = ${JSON.stringify(endpoints)}`;

describe("containerd's older registry settings", () => {
  describe("mirrors", () => {
    const cases: readonly (readonly [string, readonly string[], string, readonly string[]])[] = [
      [
        "endpoints come first, the registry last",
        [mirrors("r.test", "https://a.test", "http://b.test:5000")],
        "r.test",
        [
          "https a.test/v2 ns=r.test pull+resolve",
          "http b.test:5000/v2 ns=r.test pull+resolve",
          "https r.test/v2 pull+resolve",
        ],
      ],
      [
        "an endpoint that is the registry itself stands for it",
        [mirrors("r.test", "http://r.test")],
        "r.test",
        ["http r.test/v2 pull+resolve"],
      ],
      [
        "paths are taken as written",
        [mirrors("r.test", "https://a.test/proxy", "https://b.test/v2/", "https://c.test/")],
        "r.test",
        [
          "https a.test/proxy ns=r.test pull+resolve",
          "https b.test/v2 ns=r.test pull+resolve",
          "https c.test ns=r.test pull+resolve",
          "https r.test/v2 pull+resolve",
        ],
      ],
      [
        "* is for registries without an entry",
        [mirrors("*", "https://all.test"), mirrors("own.test")],
        "r.test",
        ["https all.test/v2 ns=r.test pull+resolve", "https r.test/v2 pull+resolve"],
      ],
      [
        "an empty list is an entry",
        [mirrors("*", "https://all.test"), mirrors("own.test")],
        "own.test",
        ["https own.test/v2 pull+resolve"],
      ],
      [
        "without a scheme it is https, http for localhost",
        [mirrors("r.test", "a.test:5000", "localhost:5000", "127.0.0.9/v2")],
        "r.test",
        [
          "https a.test:5000/v2 ns=r.test pull+resolve",
          "http localhost:5000/v2 ns=r.test pull+resolve",
          "http 127.0.0.9/v2 ns=r.test pull+resolve",
          "https r.test/v2 pull+resolve",
        ],
      ],
      [
        "Docker Hub is found under its other name",
        [mirrors("docker.io", "https://registry-1.docker.io", "https://a.test")],
        "docker.io",
        [
          "https registry-1.docker.io/v2 pull+resolve",
          "https a.test/v2 ns=docker.io pull+resolve",
          "https registry-1.docker.io/v2 pull+resolve",
        ],
      ],
      [
        "localhost is http, with its certificates unseen",
        [],
        "localhost:5000",
        ["http localhost:5000/v2 insecure pull+resolve"],
      ],
      ["so is any 127 without a port", [], "127.3.2.1", ["http 127.3.2.1/v2 insecure pull+resolve"]],
    ];
    for (const [name, lines, domain, want] of cases) {
      it(name, () => {
        for (const version of ["1.6.20", "1.7.34", "2.0.11", "2.1.8", "2.2.7"]) {
          // From 2.1 on without mirrors another engine pulls, which has other rules for localhost.
          if (lines.length === 0 && !version.startsWith("1.")) continue;
          const found = lineUp(planOn(version, config(...lines), domain));
          assert.deepEqual(
            found.map((line) => line.replace("+referrers", "")),
            want,
            version,
          );
        }
      });
    }

    it("an endpoint that Go takes for no URL refuses every pull of the registry", () => {
      const plan = planOn("1.7.34", config(mirrors("r.test", "https://a test")), "r.test");
      assert.equal(plan.kind, "broken");
    });

    it("no password in an endpoint is repeated", () => {
      for (const endpoint of ["https://u:hunter2@a test", "ftp://u:hunter2@a.test", "https://u:hunter2@a.test"]) {
        const files = config(mirrors("r.test", endpoint));
        assert.ok(!JSON.stringify(planOn("1.7.34", files, "r.test")).includes("hunter2"), endpoint);
      }
      const auths = config(`${cri('.auths."u:hunter2@127.0.0.1:5000"')}\nusername = "u"`);
      assert.ok(!JSON.stringify(planOn("1.7.34", auths, "r.test")).includes("hunter2"));
    });

    it("an endpoint without host or with another scheme is never reached", () => {
      const plan = planOn("1.7.34", config(mirrors("r.test", "ftp://a.test", "https://")), "r.test");
      assert.deepEqual(lineUp(plan), ["https r.test/v2 pull+resolve"]);
      assert.deepEqual(issuesOf(plan).slice(0, 2), [
        `SettingIgnored ${configFile}:2`,
        `SettingIgnored ${configFile}:2`,
      ]);
    });
  });

  describe("together with config_path", () => {
    const path = `${cri("")}\nconfig_path = "/etc/containerd/certs.d"`;
    const tls = `${cri('.configs."r.test".tls')}\ninsecure_skip_verify = true`;
    const cases: readonly (readonly [string, readonly string[], readonly string[], string, number])[] = [
      [
        "mirrors keep the plugin from loading",
        ["1.6.20", "1.7.34", "2.0.11", "2.2.7", "2.3.4"],
        [path, mirrors("r.test", "https://a.test")],
        "`mirrors` cannot be set",
        4,
      ],
      ["so does tls in 1.x", ["1.6.20", "1.7.34"], [path, tls], "`configs.tls` cannot be set", 4],
      [
        "so does an auths key that is no URL",
        ["1.7.34", "2.2.7"],
        [`${cri('.auths."127.0.0.1:5000"')}\nusername = "u"`],
        "is no URL",
        2,
      ],
      [
        "so does a timeout that is none",
        ["1.7.34", "2.2.7"],
        ['[plugins."io.containerd.grpc.v1.cri"]\nimage_pull_progress_timeout = "soon"'],
        "no duration",
        3,
      ],
      [
        "an empty timeout as well",
        ["1.7.34", "2.2.7"],
        ['[plugins."io.containerd.grpc.v1.cri"]\nimage_pull_progress_timeout = ""'],
        "no duration",
        3,
      ],
    ];
    for (const [name, versions, lines, message, line] of cases) {
      it(name, () => {
        for (const version of versions) {
          const plan = planOn(version, config(...lines), "any.test");
          assert.ok(plan.kind === "broken" && plan.everyImage === true, version);
          assert.ok(plan.message.includes(message), plan.message);
          assert.deepEqual(plan.origin, { file: configFile, line });
          assert.deepEqual(issuesOf(node(version, config(...lines))), [`RuntimeConfigInvalid ${configFile}:${line}`]);
        }
      });
    }

    it("a snapshotter that the transfer service does not unpack for keeps it from pulling", () => {
      const own = 'version = 3\n[plugins."io.containerd.cri.v1.images"]\nsnapshotter = "native"\n';
      const told = '[[plugins."io.containerd.transfer.v1.local".unpack_config]]\nsnapshotter = "native"\n';
      const local = own.replace("snapshotter", "use_local_image_pull = true\nsnapshotter");
      const kinds = [own, own + told, local].map((text) => planOn("2.2.7", { [configFile]: text }, "r.test").kind);
      assert.deepEqual(kinds, ["broken", "hosts", "hosts"]);
      const two = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\nsnapshotter = "native"\n';
      const runtimes = '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\n';
      assert.equal(planOn("2.2.7", { [configFile]: two }, "r.test").kind, "hosts", "not brought over");
      assert.equal(planOn("2.2.7", { [configFile]: two + runtimes }, "r.test").kind, "broken");
      assert.equal(planOn("2.0.11", { [configFile]: own }, "r.test").kind, "hosts");
    });

    it("tls is passed over by 2.x, and said where it would have counted", () => {
      const plan = planOn("2.2.7", config(path, tls), "r.test");
      assert.deepEqual(lineUp(plan), ["https r.test/v2"]);
      assert.deepEqual(issuesOf(plan), [`RegistryConfigNotUsed ${configFile}:4`]);
      assert.deepEqual(issuesOf(planOn("2.2.7", config(path, tls), "other.test")), []);
    });
  });

  describe("tls of 1.x", () => {
    let ca = "";
    let pair = "";
    before(async () => {
      const authority = await createAuthority("legacy");
      ca = authority.certificatePem;
      const issued = await authority.issue({ names: ["client"] });
      pair = `${issued.chainPem}${issued.keyPem}`;
    });
    const settings = (...lines: readonly string[]) => `${cri('.configs."r.test".tls')}\n${lines.join("\n")}`;
    const own = (files: Readonly<Record<string, string>>, ...lines: readonly string[]) =>
      planOn("1.7.34", { ...config(settings(...lines)), ...files }, "r.test");

    it("adds an authority, a client certificate, or switches verification off", () => {
      const tls = (...given: Parameters<typeof own>) => hostsOf(own(...given))[0]?.tls;
      assert.equal(tls({ "/x/ca.pem": ca }, 'ca_file = "/x/ca.pem"')?.extraCaPems.length, 1);
      assert.equal(tls({}, "insecure_skip_verify = true")?.verify, false);
      const both = tls({ "/x/pair.pem": pair }, 'cert_file = "/x/pair.pem"', 'key_file = "/x/pair.pem"');
      assert.equal(both?.clientCertificates.length, 1);
    });

    it("says nothing of a ca_file without certificates, unlike a hosts.toml", () => {
      const plan = own({ "/x/ca.pem": "nothing" }, 'ca_file = "/x/ca.pem"');
      assert.deepEqual(hostsOf(plan)[0]?.tls.extraCaPems, []);
    });

    it("refuses the registry for a file that is not there, and does not know of one that was not shown", () => {
      const missing = own({ "/x/other.pem": ca }, 'ca_file = "/x/ca.pem"');
      assert.ok(missing.kind === "broken" && missing.message.includes("failed to load CA file"));
      const unshown = own({}, 'ca_file = "/x/ca.pem"');
      assert.ok(unshown.kind === "hosts" && unshown.partial === true);
      assert.equal(own({}, 'cert_file = "/x/c.pem"').kind, "broken");
      assert.equal(own({}, 'key_file = "/x/c.pem"').kind, "broken");
    });

    it("is the endpoint's, by host and port", () => {
      const files = config(
        mirrors("r.test", "https://m.test:5000"),
        `${cri('.configs."m.test:5000".tls')}\ninsecure_skip_verify = true`,
      );
      assert.deepEqual(lineUp(planOn("1.6.20", files, "r.test")), [
        "https m.test:5000/v2 insecure ns=r.test pull+resolve",
        "https r.test/v2 pull+resolve",
      ]);
    });
  });

  describe("users and passwords", () => {
    const auth = (...lines: readonly string[]) => `${cri('.configs."r.test".auth')}\n${lines.join("\n")}`;
    const words = (hosts: readonly RegistryHost[]) =>
      hosts.map(({ credential }) =>
        credential === undefined ? undefined : `${credential.username}:${credential.password.reveal()}`,
      );
    const cases: readonly (readonly [string, readonly string[], readonly (string | undefined)[]])[] = [
      ["user and password", [auth('username = "u"', 'password = "p"')], ["u:p"]],
      ["base64 of both", [auth(`auth = "${Buffer.from("u:p:q\0").toString("base64")}"`)], ["u:p:q"]],
      ["the user before the base64", [auth('username = "u"', 'password = "p"', 'auth = "eDp5"')], ["u:p"]],
      ["auths, by URL", [`${cri('.auths."https://r.test/v1"')}\nusername = "u"\npassword = "p"`], ["u:p"]],
      [
        "another host's are not sent",
        [`${cri('.configs."other.test".auth')}\nusername = "u"\npassword = "p"`],
        [undefined],
      ],
      ["an empty auth is none", [auth('username = ""')], [undefined]],
    ];
    for (const [name, lines, want] of cases) {
      it(name, () => {
        for (const version of ["1.6.20", "2.2.7"]) {
          const plan = planOn(version, config(...lines), "r.test");
          assert.deepEqual(words(hostsOf(plan)), want, version);
          assert.ok(!JSON.stringify(plan).includes('"p"'), "no password in what may be printed");
        }
      });
    }

    it("what cannot be shown to a registry as a node would leaves every failure in doubt", () => {
      for (const line of ['identitytoken = "t"', 'auth = "%%%"', 'auth = "dXNlcg=="']) {
        const plan = planOn("2.2.7", config(auth(line)), "r.test");
        assert.ok(plan.kind === "hosts" && plan.unseenHosts === true, line);
      }
    });
  });

  it("headers go to every host, with the host's own", () => {
    const files = {
      ...config(`${cri("")}\nconfig_path = "/etc/containerd/certs.d"`, `${cri(".headers")}\nx-a = ["1"]`),
      "/etc/containerd/certs.d/r.test/hosts.toml": '[host."https://m.test".header]\nx-a = "2"\nx-b = "3"\n',
    };
    // Only a header that names the table itself lists it for the newer library.
    const found = hostsOf(planOn("1.7.34", files, "r.test")).map(({ headers }) => headers);
    assert.deepEqual(found, [{ "x-a": ["1", "2"], "x-b": ["3"] }, { "x-a": ["1"] }]);
  });
});

describe("how a containerd is told of registries", () => {
  const path = (value: string, plugin = "io.containerd.grpc.v1.cri") =>
    `[plugins."${plugin}".registry]\nconfig_path = "${value}"`;
  const cases: readonly (readonly [string, version: string, lines: readonly string[], want: string | undefined])[] = [
    ["config_path", "1.7.13", [path("/etc/containerd/certs.d")], undefined],
    ["mirrors", "1.7.13", [mirrors("r.test", "https://a.test")], "config-file"],
    ["configs alone", "1.6.20", [cri('.configs."r.test".tls'), "insecure_skip_verify = true"], "config-file"],
    ["neither", "1.7.13", [], "none"],
    ["an empty config_path", "1.7.13", [path("")], "none"],
    [
      "a list of folders that the transfer service takes for one",
      "2.1.0",
      [path("/a:/b", "io.containerd.cri.v1.images")],
      "none",
    ],
    ["a list of folders", "2.0.0", [path("/a:/b")], undefined],
    ["neither, where the transfer service pulls", "2.1.0", [], "none"],
  ];
  for (const [name, version, lines, want] of cases) {
    it(`${name} on ${version}: ${want ?? "folders"}`, () => {
      assert.equal(node(version, config(...lines)).registryStyle, want);
    });
  }

  it("is not said where a part of the configuration could not be read", () => {
    const files = { ...config('imports = ["/more.toml"]'), "/more.toml": { unreadable: "EACCES" } };
    assert.equal(node("1.7.13", files).registryStyle, undefined);
  });

  it("is by folders where nothing but certs.d was shown", () => {
    assert.equal(node("1.7.13", { "/etc/containerd/certs.d/r.test/hosts.toml": "" }).registryStyle, undefined);
  });
});
