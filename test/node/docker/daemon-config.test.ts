import assert from "node:assert/strict";
import { parseDaemonConfig } from "../../../src/node/docker/daemon-config.js";

const v20 = { major: 20, minor: 10 };
const v28 = { major: 28, minor: 2 };

describe("parseDaemonConfig", () => {
  it("reads what decides a pull, with lines", () => {
    const text = `{
  "insecure-registries": ["a.test:5000", "10.0.0.0/8"],
  "registry-mirrors": ["https://m.test"],
  "max-concurrent-downloads": 6,
  "allow-nondistributable-artifacts": ["a.test"],
  "features": {"containerd-snapshotter": true},
  "proxies": {"http-proxy": "http://p.test:3128", "no-proxy": ".test"}
}`;
    assert.deepEqual(parseDaemonConfig(text, v28), {
      kind: "config",
      config: {
        insecureRegistries: ["a.test:5000", "10.0.0.0/8"],
        registryMirrors: ["https://m.test"],
        maxConcurrentDownloads: 6,
        allowNondistributableArtifacts: ["a.test"],
        containerdImageStore: true,
        proxies: {
          httpProxy: "http://p.test:3128",
          noProxy: ".test",
          origin: { file: "/etc/docker/daemon.json", line: 7 },
        },
        misspelt: [],
        lines: { "insecure-registries": 2, "registry-mirrors": 3, features: 6, proxies: 7 },
      },
    });
  });

  const refused: readonly (readonly [string, string, typeof v20, RegExp])[] = [
    ["broken JSON", '{"debug": true,}', v28, /no valid JSON/],
    ["a list", "[]", v28, /no JSON object/],
    ["an unknown key", '{"insecure": []}', v28, /knows no option "insecure"/],
    ["a key in capitals", '{"Debug": true}', v20, /knows no option "Debug"/],
    ["an unknown key within an object that is no option", '{"x": {"y": 1}}', v20, /knows no option "y"/],
    ["proxies before 23", '{"proxies": {"https-proxy": "http://p"}}', v20, /knows no option "https-proxy"/],
    ["an empty file before 23", " \n", v20, /no valid JSON/],
    ["a byte order mark before 23", "\uFEFF{}", v20, /no valid JSON/],
    ["a text for a list", '{"insecure-registries": "a"}', v20, /insecure-registries has the wrong type/],
    ["a negative number of downloads", '{"max-concurrent-downloads": -1}', v20, /invalid max concurrent downloads: -1/],
  ];
  for (const [name, text, version, problem] of refused) {
    it(`knows that dockerd ${version.major} does not start with ${name}`, () => {
      const reading = parseDaemonConfig(text, version);
      assert.ok(reading.kind === "refused" && problem.test(reading.problem), JSON.stringify(reading));
    });
  }

  const taken: readonly (readonly [string, string, typeof v20])[] = [
    ["an empty file from 23 on", " \n", v28],
    ["a byte order mark from 23 on", "\uFEFF{}", v28],
    ["null", "null", v20],
    ["known keys within an unknown one", '{"x": {"debug": true}}', v20],
    ["any key below log-opts", '{"log-opts": {"anything": "1"}}', v20],
    ["keys that a newer version may know", '{"firewall-backend": "nftables"}', { major: 29, minor: 0 }],
  ];
  for (const [name, text, version] of taken) {
    it(`takes ${name}`, () => assert.equal(parseDaemonConfig(text, version).kind, "config"));
  }

  it("sees the command line's name of a key, which dockerd passes over", () => {
    const reading = parseDaemonConfig('{\n"insecure-registry": ["a.test:5000"]}', v20);
    assert.ok(reading.kind === "config");
    assert.deepEqual(reading.config.insecureRegistries, []);
    assert.deepEqual(reading.config.misspelt, [
      { written: "insecure-registry", meant: "insecure-registries", line: 2 },
    ]);
  });
});
