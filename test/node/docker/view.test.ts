import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readDocker } from "../../../src/node/docker/view.js";
import {
  type HostPlan,
  type NodeFiles,
  nodeFilesFromMap,
  parseRuntime,
  type RegistryHost,
  seenNodeProfile,
} from "../../../src/node/index.js";
import { parseReference } from "../../../src/reference/index.js";
import { createAuthority } from "../../support/authority.js";

type Tree = Readonly<Record<string, string | { readonly unreadable: string }>>;

const daemon = "/etc/docker/daemon.json";
const certs = "/etc/docker/certs.d";

function planOf(files: Tree | NodeFiles, image: string, runtime = "docker://20.10.24"): HostPlan {
  const tree =
    "read" in files && typeof files.read === "function" ? (files as NodeFiles) : nodeFilesFromMap(files as Tree);
  const parsed = parseReference(image, "current");
  assert.ok(parsed.kind === "reference");
  return readDocker({ files: tree, runtime: parseRuntime(runtime) }).hostsFor(parsed.reference);
}

function hostsOf(plan: HostPlan): readonly RegistryHost[] {
  assert.ok(plan.kind === "hosts", JSON.stringify(plan));
  return plan.hosts;
}

function endpoints(plan: HostPlan): readonly string[] {
  return hostsOf(plan).map(
    ({ scheme, address, path, tls }) => `${scheme}://${address}${path}${tls.verify ? "" : " unverified"}`,
  );
}

describe("dockerd's endpoints", () => {
  const cases: readonly (readonly [string, Tree, string, readonly string[]])[] = [
    ["https alone for any registry", {}, "r.test:5000/a", ["https://r.test:5000/v2"]],
    [
      "https without verification, then http, for an insecure one",
      { [daemon]: '{"insecure-registries": ["r.test:5000"]}' },
      "r.test:5000/a",
      ["https://r.test:5000/v2 unverified", "http://r.test:5000/v2 unverified"],
    ],
    ["registry-1.docker.io for Docker Hub", {}, "nginx", ["https://registry-1.docker.io/v2"]],
    [
      "mirrors in front of it, each once",
      { [daemon]: '{"registry-mirrors": ["https://m.test", "http://n.test:5000/", "https://m.test/"]}' },
      "nginx",
      ["https://m.test/v2", "http://n.test:5000/v2", "https://registry-1.docker.io/v2"],
    ],
    [
      "no mirrors for others",
      { [daemon]: '{"registry-mirrors": ["https://m.test"]}' },
      "r.test/a",
      ["https://r.test/v2"],
    ],
    [
      "an insecure mirror without verification, but with its scheme only",
      { [daemon]: '{"registry-mirrors": ["https://m.test"], "insecure-registries": ["m.test"]}' },
      "nginx",
      ["https://m.test/v2 unverified", "https://registry-1.docker.io/v2"],
    ],
    [
      "Docker Hub is never insecure",
      { [daemon]: '{"insecure-registries": ["docker.io", "registry-1.docker.io"]}' },
      "nginx",
      ["https://registry-1.docker.io/v2"],
    ],
    [
      "loopback is insecure",
      {},
      "127.0.0.1:5000/a",
      ["https://127.0.0.1:5000/v2 unverified", "http://127.0.0.1:5000/v2 unverified"],
    ],
  ];
  for (const [name, files, image, want] of cases) {
    it(name, () => assert.deepEqual(endpoints(planOf(files, image)), want));
  }

  it("mirrors may have a path from 24 on, and stop dockerd from starting before", () => {
    const files = { [daemon]: '{"registry-mirrors": ["https://m.test/hub"]}' };
    assert.deepEqual(endpoints(planOf(files, "nginx", "docker://24.0.9")), [
      "https://m.test/hub/v2",
      "https://registry-1.docker.io/v2",
    ]);
    const before = planOf(files, "nginx", "docker://23.0.6");
    assert.ok(before.kind === "hosts" && before.partial === true);
    assert.equal(before.issues[0]?.code, "RuntimeConfigInvalid");
  });

  it("settings and the place of certificates are told", () => {
    const files = nodeFilesFromMap({ [daemon]: '{"max-concurrent-downloads": 6}' });
    const { hostsRoot, settings } = readDocker({ files, runtime: parseRuntime("docker://20.10.24") });
    assert.deepEqual([hostsRoot, settings], [certs, { maxConcurrentDownloads: 6 }]);
  });
});

describe("what dockerd depends on that is not known", () => {
  const depending: readonly (readonly [string, Tree, string, string])[] = [
    [
      "a network and the node's DNS",
      { [daemon]: '{"insecure-registries": ["10.0.0.0/8"]}' },
      "r.test/a",
      "DependsOnNode",
    ],
    [
      "an option on the command line",
      {
        "/etc/systemd/system/docker.service.d/x.conf":
          "[Service]\nExecStart=/usr/bin/dockerd --insecure-registry=r.test\n",
      },
      "r.test/a",
      "DependsOnNode",
    ],
    ["broken JSON", { [daemon]: '{"insecure-registries": [' }, "r.test/a", "RuntimeConfigInvalid"],
    ["an unknown key", { [daemon]: '{"insecure": []}' }, "r.test/a", "RuntimeConfigInvalid"],
    [
      "a file that cannot be read",
      { [daemon]: { unreadable: "permission denied" } },
      "r.test/a",
      "RuntimeConfigUnreadable",
    ],
    ["a file of 2 MiB", { [daemon]: " ".repeat(2 * 1024 * 1024) }, "r.test/a", "RuntimeConfigUnreadable"],
    [
      "the containerd image store",
      { [daemon]: '{"features": {"containerd-snapshotter": true}}' },
      "r.test/a",
      "DependsOnNode",
    ],
    [
      "a folder that is a ring of links",
      { [`${certs}/r.test`]: { unreadable: "too many levels of symbolic links" } },
      "r.test/a",
      "CertificateFileUnreadable",
    ],
    [
      "a CA that cannot be read",
      { [`${certs}/r.test/ca.crt`]: { unreadable: "too many links" } },
      "r.test/a",
      "CertificateFileUnreadable",
    ],
  ];
  for (const [name, files, image, code] of depending) {
    it(`${name} leaves failures in doubt`, () => {
      const plan = planOf(files, image);
      assert.ok(plan.kind === "hosts" && plan.partial === true, JSON.stringify(plan));
      assert.equal(plan.issues[0]?.code, code);
    });
  }

  const settled: readonly (readonly [string, Tree, string])[] = [
    [
      "the node's own hosts file",
      { [daemon]: '{"insecure-registries": ["10.0.0.0/8"]}', "/etc/hosts": "192.0.2.1 r.test\n" },
      "r.test/a",
    ],
    ["an address", { [daemon]: '{"insecure-registries": ["10.0.0.0/8"]}' }, "192.0.2.1:5000/a"],
    [
      "a comment on the command line",
      { "/etc/default/docker": "#DOCKER_OPTS=--insecure-registry=r.test\n" },
      "r.test/a",
    ],
    [
      "an option for another registry",
      { "/etc/default/docker": "DOCKER_OPTS=--insecure-registry=o.test\n" },
      "r.test/a",
    ],
  ];
  for (const [name, files, image] of settled) {
    it(`${name} settles it`, () => {
      const plan = planOf(files, image);
      assert.ok(plan.kind === "hosts" && plan.partial === undefined, JSON.stringify(plan));
    });
  }

  it("the containerd image store is the default from 29 on, and may be switched off", () => {
    assert.ok((planOf({}, "r.test/a", "docker://29.0.0") as { partial?: true }).partial);
    const off = planOf({ [daemon]: '{"features": {"containerd-snapshotter": false}}' }, "r.test/a", "docker://29.0.0");
    assert.equal((off as { partial?: true }).partial, undefined);
  });

  it("the command line's key in daemon.json is an issue, and makes nothing insecure", () => {
    const plan = planOf({ [daemon]: '{"insecure-registry": ["r.test"]}' }, "r.test/a");
    assert.deepEqual(endpoints(plan), ["https://r.test/v2"]);
    assert.match(plan.issues[0]?.message ?? "", /the key is "insecure-registries"/);
  });
});

describe("dockerd's certs.d", () => {
  let pem: string;
  let pair: { readonly certificatePem: string; readonly keyPem: string };
  const folder = `${certs}/r.test:5000`;
  const image = "r.test:5000/a";

  before(async () => {
    const authority = await createAuthority("Folder Authority");
    pem = authority.certificatePem;
    pair = await authority.issue({ names: ["node.test"] });
  });

  it("takes every .crt as an authority and pairs as client certificates", () => {
    const files = {
      [`${folder}/any.crt`]: pem,
      [`${folder}/c.cert`]: pair.certificatePem,
      [`${folder}/c.key`]: pair.keyPem,
    };
    const [host] = hostsOf(planOf(files, image));
    assert.equal(host?.tls.extraCaPems.length, 1);
    assert.equal(host?.tls.clientCertificates.length, 1);
    assert.deepEqual(host?.origin, { file: folder });
  });

  it("takes a file without a certificate for nothing, as dockerd does in silence", () => {
    const plan = planOf({ [`${folder}/ca.crt`]: "nothing\n" }, image);
    assert.equal(hostsOf(plan)[0]?.tls.extraCaPems.length, 0);
    assert.deepEqual(
      plan.issues.map(({ code }) => code),
      ["SettingIgnored"],
    );
  });

  const broken: readonly (readonly [string, () => Tree, RegExp, RegExp])[] = [
    [
      "a CA named .cert",
      () => ({ [`${folder}/ca.cert`]: pem }),
      /^missing key ca.key for client certificate ca.cert. Note that CA certificates should use the extension .crt$/,
      /Rename .*ca.cert to ca.crt/,
    ],
    [
      "a key alone",
      () => ({ [`${folder}/c.key`]: pair.keyPem }),
      /^Missing client certificate c.cert for key c.key$/,
      /Remove .*c.key/,
    ],
    [
      "a pair of nonsense",
      () => ({ [`${folder}/c.cert`]: "x", [`${folder}/c.key`]: "x" }),
      /failed to find any PEM data in certificate input/,
      /Put a client certificate/,
    ],
    ["a file in the folder's place", () => ({ [folder]: "x" }), /not a directory/, /Make .* a folder/],
  ];
  for (const [name, files, message, fix] of broken) {
    it(`${name} fails every pull`, () => {
      const plan = planOf(files(), image);
      assert.ok(plan.kind === "broken", JSON.stringify(plan));
      assert.match(plan.message, message);
      assert.match(plan.fix ?? "", fix);
    });
  }

  it("words the missing key as 23 and later do", () => {
    const plan = planOf({ [`${folder}/ca.cert`]: pem }, image, "docker://25.0.6");
    assert.ok(plan.kind === "broken");
    assert.match(plan.message, /CA certificates must use the extension .crt$/);
  });

  it("breaks nothing while it is not known whether the registry is insecure", () => {
    for (const json of ["{broken", '{"insecure-registries": ["10.0.0.0/8"]}']) {
      const plan = planOf({ [daemon]: json, [`${folder}/ca.cert`]: pem }, image);
      assert.ok(plan.kind === "hosts" && plan.partial === true, JSON.stringify(plan));
    }
  });

  it("is not read for an insecure registry, whatever is in it", () => {
    const files = { [daemon]: '{"insecure-registries": ["r.test:5000"]}', [`${folder}/ca.cert`]: pem };
    assert.equal(hostsOf(planOf(files, image)).length, 2);
  });

  it("of a mirror breaks Docker Hub, that of docker.io does not", () => {
    const mirrors = '{"registry-mirrors": ["http://m.test"]}';
    assert.equal(planOf({ [daemon]: mirrors, [`${certs}/m.test/ca.cert`]: pem }, "nginx").kind, "broken");
    const plan = planOf({ [`${certs}/docker.io/ca.cert`]: pem }, "nginx");
    assert.deepEqual(
      plan.issues.map(({ message }) => message),
      ["not used: dockerd reads no certificates for Docker Hub"],
    );
  });

  const ignored: readonly (readonly [string, string, RegExp])[] = [
    ["a .pem", `${folder}/ca.pem`, /rename it to ca.crt/],
    ["hosts.toml", `${folder}/hosts.toml`, /does not read hosts.toml/],
    ["a folder without the port", `${certs}/r.test/ca.crt`, /with the port exactly as in the image/],
  ];
  for (const [name, path, message] of ignored) {
    it(`says that ${name} does not count`, () => {
      const plan = planOf({ [path]: pem }, image);
      assert.equal(hostsOf(plan)[0]?.tls.extraCaPems.length, 0);
      assert.match(plan.issues[0]?.message ?? "", message);
    });
  }

  it("has no _default", () => {
    assert.equal(hostsOf(planOf({ [`${certs}/_default/ca.crt`]: pem }, image))[0]?.tls.extraCaPems.length, 0);
  });
});

describe("dockerd's proxies", () => {
  const unit = "/etc/systemd/system/docker.service.d/proxy.conf";
  const proxyOn = (runtime: string, daemonJson: string) => {
    const files = nodeFilesFromMap({
      [daemon]: daemonJson,
      [unit]: "[Service]\nEnvironment=HTTPS_PROXY=http://unit.test:1 NO_PROXY=unit\n",
    });
    const identityKey = new Uint8Array(32);
    const profile = seenNodeProfile({ name: "node", files, runtime: parseRuntime(runtime), identityKey });
    const parsed = parseReference("r.test/a", "current");
    assert.ok(parsed.kind === "reference");
    const { proxy } = hostsOf(profile.hostsFor(parsed.reference))[0] ?? {};
    return { address: proxy?.https?.address, noProxy: proxy?.noProxy, origin: proxy?.https?.origin };
  };

  it("are those of daemon.json, each in the place of its variable", () => {
    const text = '{\n"proxies": {"https-proxy": "http://json.test:3128"}}';
    assert.deepEqual(proxyOn("docker://23.0.6", text), {
      address: "json.test:3128",
      noProxy: "unit",
      origin: { file: daemon, line: 2 },
    });
  });

  it("are those of its unit where daemon.json names none, or dockerd would not start with it", () => {
    for (const [runtime, text] of [
      ["docker://23.0.6", "{}"],
      ["docker://20.10.24", '{"proxies": {"https-proxy": "http://json.test:3128"}}'],
    ] as const) {
      const { address, origin } = proxyOn(runtime, text);
      assert.equal(address, "unit.test:1");
      assert.equal(origin?.file, unit);
    }
  });
});

describe("the recorded dockerd node", () => {
  it("has the settings that its recording says", () => {
    const recorded = JSON.parse(readFileSync("test/fixtures/docker-node.json", "utf8")) as { "daemon.json": unknown };
    const files = { [daemon]: JSON.stringify(recorded["daemon.json"]) };
    assert.equal(hostsOf(planOf(files, "httpset.test:5000/a")).length, 2);
    assert.equal(hostsOf(planOf(files, "httpport.test:5000/a")).length, 1);
  });
});
