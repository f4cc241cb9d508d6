import assert from "node:assert/strict";
import fc from "fast-check";
import { nodeFilesFromMap, parseRuntime, seenNodeProfile } from "../../../src/node/index.js";
import { createAuthority, type IssuedCertificate } from "../../support/authority.js";
import { comparable, type FileMap, gather, identityKey, planFor, rebuild, usesCertsFolder } from "./nodes.js";

const certs = "/etc/containerd/certs.d";
const runtimes = ["containerd://1.6.20", "containerd://1.7.13", "containerd://1.7.34", "containerd://2.2.7"];
const domains = ["reg.test", "reg.test:5000", "docker.io", "localhost:5000", "other.test"];

describe("a node that was published and put together again", () => {
  let ca = "";
  let issued: IssuedCertificate;
  before(async () => {
    const authority = await createAuthority("Node Authority");
    ca = authority.certificatePem;
    issued = await authority.issue({ names: ["client"], commonName: "client" });
  });

  function direct(files: FileMap, runtime: string) {
    return seenNodeProfile({
      name: "node",
      files: nodeFilesFromMap({ ...usesCertsFolder, ...files }),
      runtime: parseRuntime(runtime),
      identityKey,
    });
  }

  const same: readonly { readonly name: string; readonly files: () => FileMap }[] = [
    { name: "nothing at all", files: () => ({ "/etc/": "" }) },
    {
      name: "an empty folder for a registry",
      files: () => ({ [`${certs}/reg.test/`]: "", [`${certs}/_default/ca.crt`]: ca }),
    },
    { name: "a file in a folder's place", files: () => ({ [`${certs}/reg.test`]: "x" }) },
    { name: "certificates by name", files: () => ({ [`${certs}/reg.test:5000/ca.crt`]: `comment\n${ca}` }) },
    { name: "the port's other spelling", files: () => ({ [`${certs}/reg.test_5000_/ca.crt`]: ca }) },
    { name: "a CA that is none", files: () => ({ [`${certs}/reg.test/ca.crt`]: "no certificate" }) },
    {
      name: "a CA elsewhere",
      files: () => ({ [`${certs}/reg.test/hosts.toml`]: 'ca = "/etc/x/own"\n[host]', "/etc/x/own": ca }),
    },
    {
      name: "a CA that is missing",
      files: () => ({ [`${certs}/reg.test/hosts.toml`]: 'ca = "/etc/x/gone.crt"\n[host]', "/etc/x/": "" }),
    },
    {
      name: "a CA in a folder that nobody has shown",
      files: () => ({ [`${certs}/reg.test/hosts.toml`]: 'ca = "/opt/x.crt"\n[host]' }),
    },
    {
      name: "a file that cannot be read",
      files: () => ({ [`${certs}/reg.test/hosts.toml`]: { unreadable: "permission denied" } }),
    },
    { name: "an empty hosts.toml", files: () => ({ [`${certs}/reg.test/hosts.toml`]: "" }) },
    {
      name: "mirrors with comments, users and lines in between",
      files: () => ({
        [`${certs}/docker.io/hosts.toml`]: [
          '# password: hunter2\nserver = "https://docker.io" # and here',
          '[host."https://user:hunter2@mirror.test:5000/v2?token=hunter2"]',
          '  capabilities = ["pull"]\n  override_path = true\n\n[host."http://plain.test"]',
          "  ca = '''\n/etc/x'''\n  skip_verify = true",
        ].join("\n"),
      }),
    },
  ];
  for (const { name, files } of same) {
    for (const runtime of runtimes) {
      it(`plans as before: ${name}, ${runtime}`, () => {
        const spec = gather(files(), runtime);
        assert.ok(!JSON.stringify(spec).includes("hunter2"));
        for (const domain of domains) {
          const want = comparable(planFor(direct(files(), runtime), domain));
          assert.deepEqual(comparable(planFor(rebuild(spec), domain)), want, domain);
        }
      });
    }
  }

  it("knows on which line a text is no TOML, without the text", () => {
    const files = { [`${certs}/reg.test/hosts.toml`]: 'server = "https://a"\n[host\nx = "hunter2"' };
    const spec = gather(files);
    assert.ok(!JSON.stringify(spec).includes("hunter2"));
    for (const profile of [rebuild(spec), direct(files, "containerd://1.7.34")]) {
      const { kind, issues } = planFor(profile, "reg.test");
      assert.equal(kind, "hosts");
      assert.deepEqual(
        issues.map(({ code, origin }) => [code, origin.line]),
        [["HostsFileIgnored", 2]],
      );
    }
  });

  const withheld: readonly { readonly name: string; readonly files: () => FileMap }[] = [
    {
      name: "a client's key",
      files: () => ({
        [`${certs}/reg.test/client.cert`]: issued.chainPem,
        [`${certs}/reg.test/client.key`]: issued.keyPem,
      }),
    },
    {
      name: "a key beside its certificate",
      files: () => ({ [`${certs}/reg.test/both.cert`]: issued.chainPem + issued.keyPem }),
    },
    {
      name: "a header",
      files: () => ({
        [`${certs}/reg.test/hosts.toml`]: '[host."https://m.test".header]\nAuthorization = "Basic hunter2"',
      }),
    },
    {
      name: "headers inline",
      files: () => ({
        [`${certs}/reg.test/hosts.toml`]: 'server = "https://reg.test"\nheader = { x-key = ["hunter2", "b"] }\n[host]',
      }),
    },
  ];
  const logins = ['{ username = "robot", password = "hunter2" }', '{ auth = "cm9ib3Q6aHVudGVyMg==" }'];
  for (const login of logins) {
    it(`knows that containerd has a login of its own, and not which: ${login.slice(2, 10)}`, () => {
      const registry = '[plugins."io.containerd.grpc.v1.cri".registry]';
      const config = `version = 2\n${registry}\n[plugins."io.containerd.grpc.v1.cri".registry.configs."reg.test"]\nauth = ${login}\n`;
      const spec = gather({ "/etc/containerd/config.toml": config }, "containerd://1.7.13");
      assert.doesNotMatch(JSON.stringify(spec), /hunter2|robot|cm9ib3Q6/);
      const plan = planFor(rebuild(spec), "reg.test");
      assert.ok(plan.kind === "hosts" && (plan.partial === true || plan.unseenHosts === true));
      assert.deepEqual(
        plan.hosts.map(({ credential }) => credential),
        [undefined],
      );
    });
  }

  for (const { name, files } of withheld) {
    it(`knows that something is missing: ${name}`, () => {
      const spec = gather(files());
      const plan = planFor(rebuild(spec), "reg.test");
      assert.equal(plan.kind, "hosts");
      assert.equal(plan.kind === "hosts" && plan.partial, true);
      if (plan.kind === "hosts") for (const { headers } of plan.hosts) assert.deepEqual(headers, {});
      const text = JSON.stringify(spec);
      for (const secret of ["hunter2", "PRIVATE KEY", issued.keyPem.split("\n")[1] ?? "-"])
        assert.ok(!text.includes(secret));
    });
  }

  it("plans as before, or knows that something is missing, whatever is in hosts.toml", () => {
    const value = fc.constantFrom(
      '"https://m.test"',
      '"http://m.test:5000/x"',
      "'m.test'",
      '"u:hunter2@m.test"',
      '"""\\\nhttps://l.test"""',
    );
    const line = fc.oneof(
      value.map((each) => `server = ${each}`),
      value.map((each) => `[host.${each.startsWith('"""') ? '"https://l.test"' : each}]`),
      fc.constantFrom('capabilities = ["pull", "resolve"]', "capabilities = []", 'capabilities = ["pul"]'),
      fc.constantFrom("skip_verify = true", 'skip_verify = "yes"', "override_path = true", 'dial_timeout = "5s"'),
      fc.constantFrom('ca = "ca.crt"', 'ca = ["/etc/x/own.crt"]', 'ca = "gone.crt"', "ca = 1"),
      fc.constantFrom('header = { a = "hunter2" }', "header = { a = 12345 }", "[header]", 'x-secret = "hunter2"'),
      fc.constantFrom("# hunter2", "", 'unknown = "hunter2"', "[host]", "host = 1", "\ufeff", "not toml hunter2"),
    );
    const text = fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, fc.constantFrom(...runtimes), (hosts, runtime) => {
        const files = {
          [`${certs}/reg.test/hosts.toml`]: hosts,
          [`${certs}/reg.test/ca.crt`]: ca,
          "/etc/x/own.crt": ca,
        };
        const spec = gather(files, runtime);
        assert.ok(!JSON.stringify(spec).includes("hunter2"), JSON.stringify(spec));
        const plan = planFor(rebuild(spec), "reg.test");
        if (plan.kind === "hosts" && plan.partial === true) return;
        const want = planFor(direct(files, runtime), "reg.test");
        // What is quoted of a broken file is not what was written.
        const bare = (each: typeof plan) =>
          each.kind === "hosts"
            ? { ...(comparable(each) as object), issues: each.issues.map(({ code }) => code) }
            : each.kind;
        assert.deepEqual(bare(plan), bare(want));
      }),
      { numRuns: 200 },
    );
  });

  it("says the same of equal nodes, and something else of others", () => {
    const files = { [`${certs}/reg.test/ca.crt`]: ca, "/etc/a/": "" };
    const reordered = { "/etc/a/": "", [`${certs}/reg.test/ca.crt`]: ca };
    assert.deepEqual(gather(files), gather(reordered));
    assert.notDeepEqual(gather(files), gather({ ...files, [`${certs}/other.test/`]: "" }));
  });
});
