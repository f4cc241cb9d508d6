import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runCli } from "../../src/cli/index.js";
import { parseRegistry, parseSubject } from "../../src/cli/node-subject.js";
import { createAuthority } from "../support/authority.js";
import { fakeIo } from "./fake-io.js";

describe("what a person asks a node about", () => {
  const subjects: readonly (readonly [string, string])[] = [
    ["reg.test", "registry reg.test"],
    ["reg.test:5000", "registry reg.test:5000"],
    ["registry:5000", "registry registry:5000"],
    ["localhost", "registry localhost"],
    ["10.0.0.1:5000", "registry 10.0.0.1:5000"],
    ["[fd00::1]:5000", "registry [fd00::1]:5000"],
    ["https://reg.test:5000/v2/", "registry reg.test:5000"],
    ["docker.io", "registry docker.io"],
    ["index.docker.io", "registry docker.io"],
    ["nginx", "image docker.io/library/nginx"],
    ["nginx:1.27", "image docker.io/library/nginx"],
    ["redis:7", "image docker.io/library/redis"],
    ["reg.test:5000/team/app:v1", "image reg.test:5000/team/app"],
  ];
  for (const [given, want] of subjects) {
    it(`${given} is ${want}`, () => {
      const { kind, reference } = parseSubject(given);
      const { domain, path } = reference;
      assert.equal(`${kind} ${kind === "registry" ? domain : `${domain}/${path}`}`, want);
    });
  }

  for (const given of ["", "a b", "reg.test/x", "-x", "reg.test:port", "reg.test:5000\n", "$(id).test"]) {
    it(`${JSON.stringify(given)} is no registry to connect to`, () => {
      assert.throws(() => parseRegistry(given), { code: "InputInvalid" });
    });
  }
});

describe("pullguard node", () => {
  let root: string;
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const run = async (...argv: readonly string[]) => {
    const io = fakeIo();
    const code = await runCli(["node", ...argv], io);
    return { code, out: io.out(), err: io.err() };
  };

  before(async () => {
    root = mkdtempSync(join(tmpdir(), "pullguard-node-"));
    const authority = await createAuthority("Corp Root");
    write("etc/containerd/certs.d/reg.test:5000/corp.pem", authority.certificatePem);
    write(
      "etc/containerd/certs.d/reg.test:5000/hosts.toml",
      [
        'server = "https://reg.test:5000"',
        '[host."https://mirror.test/hub"]',
        '  capabilities = ["pull", "resolve"]',
        '  ca = "corp.pem"',
        '[host."https://mirror.test/hub".header]',
        '  X-Token = "s3cret-token"',
        "",
      ].join("\n"),
    );
    write("etc/containerd/certs.d/broken.test/hosts.toml", '[host."https://broken.test"]\n  ca = "missing.crt"\n');
    write("etc/containerd/certs.d/odd.test/hosts.toml", "this is no TOML\n");
    write("etc/containerd/certs.d/server.test/hosts.toml", 'server = "http://server.test"\n');
    write("etc/ssl/certs/ca-certificates.crt", authority.certificatePem);
    write(
      "etc/systemd/system/containerd.service.d/proxy.conf",
      "[Service]\nEnvironment=HTTPS_PROXY=http://robot:s3cret-pass@proxy.test:3128 NO_PROXY=reg.test, x\n",
    );
    write(
      "var/lib/kubelet/config.json",
      JSON.stringify({ auths: { "reg.test:5000": { auth: Buffer.from("u:s3cret-auth").toString("base64") } } }),
    );
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  it("shows the hosts of a registry with where each fact comes from", async () => {
    const { code, out, err } = await run("--node-root", root, "--runtime", "containerd://1.7.13", "reg.test:5000");
    assert.equal(err, "");
    assert.equal(code, 0);
    const file = "/etc/containerd/certs.d/reg.test:5000";
    for (const part of [
      `Node in ${root}: containerd 1.7.13`,
      "1. https://mirror.test/hub/v2  (mirror of reg.test:5000)",
      `from       ${file}/hosts.toml:2`,
      "may        pull, resolve",
      "1 certificates of the system, and",
      `CN=Corp Root, SHA-256 `,
      `(${file}/corp.pem)`,
      "headers    X-Token",
      "proxy      http://proxy.test:3128, with credentials (/etc/systemd/system/containerd.service.d/proxy.conf:2)",
      "2. https://reg.test:5000/v2",
      "proxy      none",
      `key reg.test:5000 of /var/lib/kubelet/config.json`,
    ]) {
      assert.ok(out.includes(part), `${part}\n---\n${out}`);
    }
  });

  describe("a CA that lies in folders of several runtimes", () => {
    before(async () => {
      const { certificatePem } = await createAuthority("Twice Root");
      for (const folder of ["etc/containerd", "etc/docker", "etc/containers"]) {
        write(`${folder}/certs.d/twice.test/ca.crt`, certificatePem);
        write(`${folder}/certs.d/nearby.test/ca.crt`, certificatePem);
      }
      write("root/.config/containers/certs.d/home.test/ca.crt", certificatePem);
      write("etc/docker/daemon.json", '{"registry-mirrors": ["https://nearby.test"]}');
      write(
        "etc/containers/registries.conf",
        '[[registry]]\nlocation = "far.test"\n[[registry.mirror]]\nlocation = "nearby.test/far"\n',
      );
    });
    after(() => {
      for (const path of ["etc/docker", "etc/containers", "root/.config"]) {
        rmSync(join(root, path), { recursive: true, force: true });
      }
      for (const name of ["twice.test", "nearby.test"]) {
        rmSync(join(root, "etc/containerd/certs.d", name), { recursive: true, force: true });
      }
    });

    const questions: readonly (readonly [runtime: string, subject: string, file: string])[] = [
      ["containerd://1.7.13", "twice.test", "/etc/containerd/certs.d/twice.test/ca.crt"],
      ["docker://20.10.24", "twice.test", "/etc/docker/certs.d/twice.test/ca.crt"],
      ["docker://20.10.24", "docker.io", "/etc/docker/certs.d/nearby.test/ca.crt"],
      ["cri-o://1.30.0", "twice.test", "/etc/containers/certs.d/twice.test/ca.crt"],
      ["cri-o://1.30.0", "far.test", "/etc/containers/certs.d/nearby.test/ca.crt"],
      ["podman://4.3.1", "home.test", "/root/.config/containers/certs.d/home.test/ca.crt"],
    ];
    for (const [runtime, subject, file] of questions) {
      it(`is shown where ${runtime} takes it from for ${subject}`, async () => {
        const { out } = await run("--node-root", root, "--runtime", runtime, subject);
        const [shown] = out.split("\n").filter((line) => line.includes("CN=Twice Root"));
        assert.ok(shown?.endsWith(`(${file})`), out);
      });
    }
  });

  for (const format of ["text", "json"]) {
    it(`shows no secret (${format})`, async () => {
      for (const subject of [[], ["reg.test:5000"], ["reg.test:5000/team/app:v1"]]) {
        const { out } = await run("--node-root", root, "-o", format, ...subject);
        assert.doesNotMatch(out, /s3cret|BEGIN|dTpz/);
      }
    });
  }

  it("shows what the files say in general: registries, credentials by key, issues", async () => {
    const { code, out } = await run("--node-root", root);
    assert.equal(code, 0);
    assert.match(out, /is a guess \(\/etc\/containerd\/certs\.d exists\)/);
    assert.match(out, /^ {2}broken\.test\n {2}odd\.test\n {2}reg\.test:5000\n {2}server\.test$/m);
    assert.match(out, /Credentials of the node itself \(\/var\/lib\/kubelet\/config\.json\)\n {2}reg\.test:5000\n/);
    assert.match(out, /SettingIgnored at \/etc\/systemd\/system\/containerd\.service\.d\/proxy\.conf:2/);
  });

  it("exits with 1 where the node refuses the registry, and says where that is written", async () => {
    const { code, out } = await run("--node-root", root, "--runtime", "containerd", "broken.test");
    assert.equal(code, 1);
    assert.match(out, /refuses every pull: unable to read CA cert/);
    assert.match(out, /at \/etc\/containerd\/certs\.d\/broken\.test\/missing\.crt/);
  });

  it("tells of files that do nothing, and of versions that do otherwise", async () => {
    const odd = await run("--node-root", root, "odd.test");
    assert.equal(odd.code, 0);
    assert.match(odd.out, /Issues\n {2}HostsFileIgnored at \/etc\/containerd\/certs\.d\/odd\.test\/hosts\.toml/);
    const serverOnly = await run("--node-root", root, "server.test");
    assert.match(serverOnly.out, /Other versions do otherwise: containerd 1\.6\.39\./);
    const sure = await run("--node-root", root, "--runtime", "containerd://1.7.34", "server.test");
    assert.doesNotMatch(sure.out, /Other versions/);
  });

  it("says that nothing is known where no node was shown", async () => {
    const { code, out } = await run("reg.test");
    assert.equal(code, 0);
    assert.match(out, /Nothing is known of the nodes/);
    assert.match(out, /--node-root/);
    assert.match(out, /Not certain/);
  });

  it("is JSON of a stable kind", async () => {
    const { out } = await run("--node-root", root, "--runtime", "containerd://1.7.13", "reg.test:5000", "-o", "json");
    const report = JSON.parse(out);
    assert.deepEqual(
      [report.apiVersion, report.kind, report.plan.outcome],
      ["pullguard.dev/v1", "NodeReport", "hosts"],
    );
    assert.deepEqual(
      report.plan.hosts.map(({ url, headerNames }: { url: string; headerNames: string[] }) => [url, headerNames]),
      [
        ["https://mirror.test/hub/v2", ["X-Token"]],
        ["https://reg.test:5000/v2", []],
      ],
    );
  });

  for (const argv of [["--runtime", "rkt"], ["a b"], ["--node-root", "/nonexistent-node"], ["-o", "xml"]]) {
    it(`exits with 2 for ${argv.join(" ")}`, async () => {
      const { code, out, err } = await run(...argv);
      assert.equal(code, 2);
      assert.equal(out, "");
      assert.notEqual(err, "");
    });
  }
});
