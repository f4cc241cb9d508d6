import assert from "node:assert/strict";
import { parseProxy, readProxySettings } from "../../../src/node/environment/proxy-settings.js";
import type { RuntimeEnvironment } from "../../../src/node/environment/runtime-environment.js";
import { followSurroundings, readSurroundings } from "../../../src/node/environment/surroundings.js";
import { readSystemRoots } from "../../../src/node/environment/system-roots.js";
import { nodeFilesFromMap, seenNodeProfile } from "../../../src/node/index.js";
import { fakeClock } from "../../support/builders.js";

const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
const origin = { file: "/unit", line: 1 };

function environment(variables: Readonly<Record<string, string>>): RuntimeEnvironment {
  const entries = Object.entries(variables).map(([name, value]) => [name, { value, origin }] as const);
  return { variables: new Map(entries), issues: [], partial: false };
}

describe("the certificates that a node's runtime trusts", () => {
  const bundle = "/etc/ssl/certs/ca-certificates.crt";
  const cases: readonly {
    readonly name: string;
    readonly files: Readonly<Record<string, string | { readonly unreadable: string }>>;
    readonly env?: Readonly<Record<string, string>>;
    readonly want: readonly string[] | "unknown";
    readonly partial?: true;
  }[] = [
    {
      name: "are the first bundle and every file of both folders, each certificate once",
      files: {
        [bundle]: `# one\n${pem("AAAA")}${pem("BBBB")}`,
        "/etc/ssl/certs/own.pem": `${pem("BBBB").replaceAll("\n", "\r\n")}${pem("CCCC").trimEnd()}  `,
        "/etc/pki/tls/certs/red.crt": pem("EEEE"),
        "/etc/ssl/cert.pem": pem("DDDD"),
      },
      want: ["AAAA", "BBBB", "CCCC", "EEEE"],
    },
    ...[
      bundle,
      "/etc/pki/tls/certs/ca-bundle.crt",
      "/etc/ssl/ca-bundle.pem",
      "/etc/pki/tls/cacert.pem",
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
      "/etc/ssl/cert.pem",
    ].map((file) => ({ name: `may lie in ${file}`, files: { [file]: pem("AAAA") }, want: ["AAAA"] })),
    {
      name: "are those of the bundle that comes first in Go's list",
      files: { "/etc/ssl/cert.pem": pem("AAAA"), "/etc/ssl/ca-bundle.pem": pem("BBBB") },
      want: ["BBBB"],
    },
    { name: "are not known where no store was shown", files: { "/etc/ssl/certs/readme": "x" }, want: "unknown" },
    {
      name: "are not known where a bundle cannot be read, and nothing is certain then",
      files: { [bundle]: { unreadable: "larger than 1 MiB" } },
      want: "unknown",
      partial: true,
    },
    {
      name: "are SSL_CERT_FILE's in place of the bundles, and still the folders'",
      files: { "/ca.pem": pem("AAAA"), "/etc/ssl/cert.pem": pem("BBBB"), "/etc/pki/tls/certs/x.pem": pem("CCCC") },
      env: { SSL_CERT_FILE: "/ca.pem" },
      want: ["AAAA", "CCCC"],
    },
    {
      name: "are SSL_CERT_DIR's in place of the folders, and still the first bundle's",
      files: { "/a/1": pem("AAAA"), "/b/2": pem("BBBB"), [bundle]: pem("CCCC"), "/etc/ssl/certs/own": pem("DDDD") },
      env: { SSL_CERT_DIR: "/a:/b" },
      want: ["CCCC", "AAAA", "BBBB"],
    },
    {
      name: "may be none at all, where the variables say so",
      files: { "/empty": "", "/none/": "" },
      env: { SSL_CERT_FILE: "/empty", SSL_CERT_DIR: "/none" },
      want: [],
    },
    {
      name: "are not known where SSL_CERT_FILE was not shown",
      files: { [bundle]: pem("AAAA") },
      env: { SSL_CERT_FILE: "/elsewhere.pem" },
      want: "unknown",
      partial: true,
    },
    {
      name: "are not known where a folder of SSL_CERT_DIR was not shown",
      files: { [bundle]: pem("AAAA") },
      env: { SSL_CERT_DIR: "/elsewhere" },
      want: "unknown",
      partial: true,
    },
    {
      name: "are the usual ones where the variables are empty",
      files: { [bundle]: pem("AAAA") },
      env: { SSL_CERT_FILE: "", SSL_CERT_DIR: "" },
      want: ["AAAA"],
    },
  ];
  for (const { name, files, env = {}, want, partial = false } of cases) {
    it(name, () => {
      const read = readSystemRoots(nodeFilesFromMap(files), environment(env));
      assert.deepEqual(read.roots?.pems ?? "unknown", typeof want === "string" ? want : want.map(pem));
      assert.equal(read.partial, partial);
      assert.equal(read.issues.length > 0, partial);
    });
  }
});

describe("the proxies of a node's runtime", () => {
  const shown = (text: string) => {
    const proxy = parseProxy(text, origin);
    if (proxy === undefined) return undefined;
    const { scheme, address, credentials } = proxy;
    const who = typeof credentials === "string" ? "" : `${credentials.username}:${credentials.password.reveal()}@`;
    return `${scheme}://${who}${address}`;
  };
  // Source of the vectors: golang.org/x/net/http/httpproxy proxy_test.go, proxyForURLTests and parse rules.
  const addresses: readonly (readonly [string, string | undefined])[] = [
    ["127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["cache.corp.example.com:1234", "http://cache.corp.example.com:1234"],
    ["cache.corp.example.com", "http://cache.corp.example.com:80"],
    ["https://cache.corp.example.com", "https://cache.corp.example.com:443"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["https://127.0.0.1:8080", "https://127.0.0.1:8080"],
    ["socks5://127.0.0.1", "socks5://127.0.0.1:1080"],
    ["socks5h://proxy:9", "socks5://proxy:9"],
    ["http://u:p%40%3Aw@proxy:3128/", "http://u:p@:w@proxy:3128"],
    ["u:p@proxy:3128", "http://u:p@proxy:3128"],
    ["[fd00::1]:3128", "http://[fd00::1]:3128"],
    ["http://proxy:port", "http://http:80"],
    ["pro xy", undefined],
    ["ftp://proxy:21", undefined],
    ["http://bad%zz:x@proxy:1", undefined],
  ];
  for (const [given, want] of addresses) {
    it(`read ${given} as ${want ?? "no proxy"}`, () => assert.equal(shown(given), want));
  }

  const rules = (variables: Readonly<Record<string, string>>, overrides = {}) => {
    const read = readProxySettings(environment(variables), { origin: { file: "/daemon.json" }, ...overrides });
    const { https, http, noProxy } = read.rules ?? { noProxy: undefined };
    return [https?.address, http?.address, noProxy, read.issues.length];
  };
  it("take the upper-case name first, and the lower-case one where that is empty", () => {
    assert.deepEqual(rules({ HTTPS_PROXY: "a", https_proxy: "b", HTTP_PROXY: "", http_proxy: "c", no_proxy: "d" }), [
      "a:80",
      "c:80",
      "d",
      0,
    ]);
  });
  it("are none where no variable names one", () => {
    assert.deepEqual(rules({ NO_PROXY: "x" }), [undefined, undefined, undefined, 0]);
  });
  it("are none where the address cannot be read, which is said", () => {
    assert.deepEqual(rules({ HTTPS_PROXY: "a b" }), [undefined, undefined, undefined, 1]);
  });
  it("are those of the runtime's own configuration where it names some, one by one", () => {
    assert.deepEqual(rules({ HTTPS_PROXY: "a", HTTP_PROXY: "b", NO_PROXY: "c" }, { httpsProxy: "d", noProxy: "" }), [
      "d:80",
      "b:80",
      "c",
      0,
    ]);
  });
});

describe("a node's surroundings", () => {
  const files = {
    "/etc/ssl/certs/ca-certificates.crt": pem("AAAA"),
    "/etc/systemd/system/containerd.service.d/proxy.conf": "[Service]\nEnvironment=HTTPS_PROXY=http://u:s3cret@p:1\n",
  };

  it("are read again after a minute, and are the same object while the certificates are", () => {
    const clock = fakeClock();
    let reads = 0;
    let current: Readonly<Record<string, string>> = files;
    const follow = followSurroundings(() => {
      reads += 1;
      return readSurroundings(nodeFilesFromMap(current), "containerd");
    }, clock);
    const first = follow().systemRoots;
    clock.advance(59_000);
    follow();
    assert.equal(reads, 1);
    clock.advance(1000);
    assert.equal(follow().systemRoots, first);
    assert.equal(reads, 2);
    current = { ...files, "/etc/ssl/certs/ca-certificates.crt": pem("BBBB") };
    clock.advance(60_000);
    assert.deepEqual(follow().systemRoots?.pems, [pem("BBBB")]);
  });

  it("go with every host of every plan, and into no JSON", () => {
    const profile = seenNodeProfile({
      name: "worker",
      files: nodeFilesFromMap(files),
      runtime: { name: "containerd", major: 1, minor: 7, patch: 13 },
      identityKey: new Uint8Array(32),
    });
    const plan = profile.hostsFor({ written: "r.test/a", domain: "r.test", path: "a", tag: "v1" });
    assert.equal(plan.kind, "hosts");
    if (plan.kind !== "hosts") return;
    const [host] = plan.hosts;
    assert.deepEqual(host?.tls.systemRoots?.pems, [pem("AAAA")]);
    assert.equal(host?.proxy?.https?.address, "p:1");
    const text = JSON.stringify(plan);
    assert.doesNotMatch(text, /BEGIN CERTIFICATE|s3cret/);
    assert.match(text, new RegExp(host?.tls.systemRoots?.id ?? "no id"));
  });

  it("make a plan uncertain and explain why, where the store cannot be read", () => {
    const profile = seenNodeProfile({
      name: "worker",
      files: nodeFilesFromMap({ "/etc/ssl/certs/ca-certificates.crt": { unreadable: "permission denied" } }),
      runtime: { name: "containerd", major: 1, minor: 7, patch: 13 },
      identityKey: new Uint8Array(32),
    });
    const plan = profile.hostsFor({ written: "r.test/a", domain: "r.test", path: "a", tag: "v1" });
    assert.ok(plan.kind === "hosts" && plan.partial === true);
    assert.deepEqual(
      plan.issues.map(({ code }) => code),
      ["CertificateFileUnreadable"],
    );
    assert.equal(profile.trust, "known");
    assert.equal(profile.issues.filter(({ code }) => code === "CertificateFileUnreadable").length, 1);
  });
});
