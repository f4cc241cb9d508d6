import assert from "node:assert/strict";
import type { Finding } from "../../src/findings/index.js";
import { createEngine } from "../support/engine.js";
import { type Lab, labUser, type RegistrySpec, secure, startLab } from "../support/lab/index.js";

const certs = "/etc/containerd/certs.d";
const config = "/etc/containerd/config.toml";
const images = '[plugins."io.containerd.cri.v1.images".registry]';
const cri = '[plugins."io.containerd.grpc.v1.cri".registry]';

const registries: readonly RegistrySpec[] = [
  { host: "plain.test", port: 5000, transport: { kind: "http" } },
  { host: "ca.test", port: 443, transport: { kind: "trusted" } },
  { host: "gone.test", port: 443, transport: { kind: "nothing-listens" } },
  { ...secure("locked.test", [], "basic") },
];

describe("a node whose registry configuration is not used", () => {
  let lab: Lab;
  before(async () => {
    lab = await startLab({ ports: "ephemeral", registries });
  });
  after(() => lab.stop());

  async function finding(runtime: string, image: string, files: Readonly<Record<string, string>>): Promise<Finding> {
    const engine = createEngine({ lab, runtime: `containerd://${runtime}`, platform: "linux/amd64", nodeFiles: files });
    try {
      return await engine.checkImage(image, { deadlineMs: 10_000 });
    } finally {
      await engine.close();
    }
  }
  const plain = { [`${certs}/plain.test:5000/hosts.toml`]: '[host."http://plain.test:5000"]\n' };
  const trusted = () => ({ [`${certs}/ca.test/ca.crt`]: lab.caPem });

  const cases: readonly {
    readonly name: string;
    readonly runtime: string;
    readonly image: string;
    readonly files: () => Readonly<Record<string, string>>;
    readonly message: RegExp;
    readonly fix: RegExp;
  }[] = [
    {
      name: "the default of 2.2 is a list that its transfer service takes for one folder",
      runtime: "2.2.7",
      image: "plain.test:5000/team/app:v1",
      files: () => ({ ...plain, [config]: "version = 3\n" }),
      message:
        /speaks plain HTTP.*plain\.test:5000\/hosts\.toml: not used: containerd 2\.2\.7 takes its default config_path/,
      fix: /^Set config_path = "\/etc\/containerd\/certs\.d" in \[plugins\."io\.containerd\.cri\.v1\.images"\.registry\] of \/etc\/containerd\/config\.toml/,
    },
    {
      name: "config_path is not set",
      runtime: "1.7.34",
      image: "ca.test/team/app:v1",
      files: () => ({ ...trusted(), [config]: "version = 2\n" }),
      message: /do not trust.*ca\.crt: not used: \/etc\/containerd\/config\.toml sets no config_path/,
      fix: /\[plugins\."io\.containerd\.grpc\.v1\.cri"\.registry\]/,
    },
    {
      name: "config_path names another folder",
      runtime: "2.1.8",
      image: "ca.test/team/app:v1",
      files: () => ({ ...trusted(), [config]: `version = 3\n${images}\nconfig_path = "/etc/containerd/certs"\n` }),
      message: /not used: config_path is "\/etc\/containerd\/certs" \(\/etc\/containerd\/config\.toml:3\)/,
      fix: /^Set config_path/,
    },
    {
      name: "config_path stands in a section that the version does not read",
      runtime: "2.2.7",
      image: "ca.test/team/app:v1",
      files: () => ({ ...trusted(), [config]: `version = 3\n${cri}\nconfig_path = "${certs}"\n` }),
      message:
        /does not read config_path in the section io\.containerd\.grpc\.v1\.cri \(\/etc\/containerd\/config\.toml:3\)/,
      fix: /cri\.v1\.images/,
    },
    {
      name: "older mirrors stand in the way",
      runtime: "1.7.34",
      image: "ca.test/team/app:v1",
      files: () => ({
        ...trusted(),
        [config]: `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."x"]\n`,
      }),
      message: /not used: \/etc\/containerd\/config\.toml sets no config_path/,
      fix: /^Move registry\.mirrors and registry\.configs .* into hosts\.toml files, set config_path/,
    },
    {
      name: "the file is broken",
      runtime: "1.7.34",
      image: "plain.test:5000/team/app:v1",
      files: () => ({ [`${certs}/plain.test:5000/hosts.toml`]: "[host\n" }),
      message: /hosts\.toml: containerd 1\.7\.34 ignores this file: not valid TOML/,
      fix: /^Correct \/etc\/containerd\/certs\.d\/plain\.test:5000\/hosts\.toml:1 on every node\.$/,
    },
    {
      name: "the file has no host table, which old versions insist on",
      runtime: "1.6.20",
      image: "plain.test:5000/team/app:v1",
      files: () => ({ [`${certs}/plain.test:5000/hosts.toml`]: 'server = "http://plain.test:5000"\n' }),
      message: /ignores this file: there is no \[host/,
      fix: /^Correct /,
    },
    {
      name: "2.x passes over the tls of 1.x",
      runtime: "2.2.7",
      image: "ca.test/team/app:v1",
      files: () => ({
        [config]: `version = 2\n${cri.replace("registry]", 'registry.configs."ca.test".tls]')}\ninsecure_skip_verify = true\n`,
      }),
      message: /passes over the tls of registry\.configs/,
      fix: /into a hosts\.toml instead/,
    },
  ];
  for (const { name, runtime, image, files, message, fix } of cases) {
    it(`fails because ${name}`, async () => {
      const found = await finding(runtime, image, files());
      assert.deepEqual(
        [found.verdict, found.cause, found.kubelet.reason],
        ["unpullable", "RegistryConfigNotUsed", "ErrImagePull"],
      );
      assert.match(found.message, message);
      assert.match(found.fix ?? "", fix);
      assert.equal(found.advisories, undefined);
    });
  }

  it("fails because a mirror is not asked, but no more certainly than without it", async () => {
    const hosts = { [`${certs}/gone.test/hosts.toml`]: '[host."https://m.test"]\n' };
    const found = await finding("2.2.7", "gone.test/team/app:v1", { ...hosts, [config]: "version = 3\n" });
    assert.deepEqual([found.verdict, found.cause], ["unknown", "RegistryConfigNotUsed"]);
  });

  it("is only advised where the pull succeeds or fails for another reason", async () => {
    const configured = {
      "/etc/containerd/used/ca.test/ca.crt": lab.caPem,
      [`${certs}/ca.test/hosts.toml`]: '[host."https://m.test"]\n',
    };
    const one = { ...configured, [config]: `version = 3\n${images}\nconfig_path = "/etc/containerd/used"\n` };
    // What is used speaks for itself.
    assert.equal((await finding("2.2.7", "ca.test/team/app:v1", one)).advisories, undefined);

    const other = {
      [config]: `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.configs."ca.test".tls]\ninsecure_skip_verify = true\n`,
      [`${certs}/ca.test/hosts.toml`]: '[host."https://ca.test"]\n',
    };
    const pulled = await finding("1.7.34", "ca.test/team/app:v1", other);
    assert.equal(pulled.verdict, "pullable");
    assert.deepEqual(
      pulled.advisories?.map(({ cause }) => cause),
      ["RegistryConfigNotUsed"],
    );
    const missing = await finding("1.7.34", "ca.test/team/app:nope", other);
    assert.deepEqual([missing.verdict, missing.cause], ["unpullable", "TagNotFound"]);
    assert.deepEqual(
      missing.advisories?.map(({ cause }) => cause),
      ["RegistryConfigNotUsed"],
    );
  });

  it("says that a folder yet to be made would not be looked into either", async () => {
    const found = await finding("2.2.7", "ca.test/team/app:v1", { [config]: "version = 3\n" });
    assert.equal(found.cause, "CertificateUntrusted");
    assert.match(found.fix ?? "", /^Set config_path = .* restart containerd\. Put the authority's certificate/);
  });

  it("is certain of nothing where config.toml or hosts.toml cannot be made out", async () => {
    const broken = await finding("1.7.34", "ca.test/team/app:nope", { ...trusted(), [config]: "[oops" });
    assert.deepEqual([broken.verdict, broken.cause], ["unknown", "TagNotFound"]);
    assert.match(broken.message, /containerd 1\.7\.34 does not start with it/);
    assert.deepEqual(
      broken.advisories?.map(({ cause }) => cause),
      ["RuntimeConfigBroken"],
    );
    assert.equal(
      (await finding("1.7.34", "ca.test/team/app:v1", { ...trusted(), [config]: "[oops" })).verdict,
      "pullable",
    );
  });

  it("refuses every image where the plugin does not load", async () => {
    const both = `version = 2\n${cri}\nconfig_path = "${certs}"\n${cri.replace("registry]", 'registry.mirrors."x"]')}\nendpoint = []\n`;
    const found = await finding("1.7.34", "ca.test/team/app:v1", { [config]: both });
    assert.deepEqual([found.verdict, found.cause], ["unpullable", "RuntimeConfigBroken"]);
    assert.match(found.message, /`mirrors` cannot be set when `config_path` is provided/);
  });

  describe("with users of containerd's own", () => {
    const own = (password: string) => ({
      ...Object.fromEntries(Object.entries(lab.nodeFiles)),
      [config]: `version = 2\n${cri}\nconfig_path = "${certs}"\n${cri.replace("registry]", 'registry.configs."locked.test".auth]')}\nusername = "${labUser.username}"\npassword = "${password}"\n`,
    });

    it("sends them where the kubelet has none", async () => {
      for (const runtime of ["1.6.20", "2.2.7"]) {
        assert.equal((await finding(runtime, "locked.test/team/app:v1", own(labUser.password))).verdict, "pullable");
      }
    });

    it("says whose they are where they are rejected", async () => {
      const found = await finding("1.7.34", "locked.test/team/app:v1", own("wrong"));
      assert.deepEqual([found.verdict, found.cause], ["unpullable", "CredentialsRejected"]);
      assert.match(found.message, /the node's \/etc\/containerd\/config\.toml \(key locked\.test\)/);
    });
  });
});
