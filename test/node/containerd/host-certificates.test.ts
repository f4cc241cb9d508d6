import assert from "node:assert/strict";
import { nodeFilesFromMap, parseRuntime, planHosts } from "../../../src/node/index.js";
import { createAuthority } from "../../support/authority.js";
import { hostsOf, lineUp, plan, root } from "./plans.js";

const versions = ["1.6.20", "1.7.13", "2.0.11", "2.1.9", "2.3.4"];
let ca = "";
let key = "";
let clientCertificate = "";
let otherKey = "";

describe("containerd host plan, certificates", () => {
  before(async () => {
    const authority = await createAuthority("host plan");
    ca = authority.certificatePem;
    const [client, other] = await Promise.all([authority.issue({ names: ["c"] }), authority.issue({ names: ["o"] })]);
    clientCertificate = client.certificatePem;
    key = client.keyPem;
    otherKey = other.keyPem;
  });

  describe("certificate files", () => {
    it("apply when hosts.toml is missing, empty or void", () => {
      for (const body of [undefined, "", "junk", "[host.a]\nca = 1\n"]) {
        const files = {
          [`${root}/r.test/ca.crt`]: ca,
          ...(body !== undefined && { [`${root}/r.test/hosts.toml`]: body }),
        };
        assert.deepEqual(lineUp(plan(files, "r.test", "1.7.13")), ["https r.test/v2 ca"], body);
      }
    });

    it("are *.crt alone: a .pem beside them does not count", () => {
      assert.deepEqual(lineUp(plan({ [`${root}/r.test/ca.pem`]: ca }, "r.test", "1.7.13")), ["https r.test/v2"]);
    });

    it("a .cert finds its key in the .key of the same name or in itself", () => {
      const apart = { [`${root}/r.test/a.cert`]: clientCertificate, [`${root}/r.test/a.key`]: key };
      const together = { [`${root}/r.test/a.cert`]: `${clientCertificate}${key}` };
      for (const files of [apart, together]) {
        const [pair] = hostsOf(plan(files, "r.test", "1.7.13"))[0]?.tls.clientCertificates ?? [];
        assert.equal(pair?.certificatePem.trim(), clientCertificate.trim());
        assert.equal(pair?.keyPem.reveal().trim(), key.trim());
      }
    });

    it("are named as unused beside a valid hosts.toml that does not name them", () => {
      const files = {
        [`${root}/r.test/ca.crt`]: ca,
        [`${root}/r.test/used.crt`]: ca,
        [`${root}/r.test/hosts.toml`]: '[host.m]\nca = "used.crt"\n',
      };
      assert.deepEqual(
        plan(files, "r.test", "1.7.13").issues.map(({ code, origin }) => [code, origin.file]),
        [["HostsFileShadowsCertificates", `${root}/r.test/ca.crt`]],
      );
    });

    it("are named as unused in a folder that comes too late", () => {
      const files = { [`${root}/r.test_5000_/hosts.toml`]: "[host.m]\n", [`${root}/r.test:5000/ca.crt`]: ca };
      assert.deepEqual(
        plan(files, "r.test:5000", "1.7.13").issues.map(({ code, origin }) => [code, origin.file]),
        [["CertificatesShadowed", `${root}/r.test:5000/ca.crt`]],
      );
    });
  });

  describe("files that break every pull", () => {
    const folder = `${root}/r.test`;
    const cases: readonly {
      name: string;
      files: () => Readonly<Record<string, string>>;
      message: RegExp;
      file: string;
    }[] = [
      {
        name: "a CA file that is not there",
        files: () => ({ [`${folder}/hosts.toml`]: '[host.m]\nca = "no.pem"\n' }),
        message:
          /^unable to read CA cert "\/etc\/containerd\/certs\.d\/r\.test\/no\.pem": open \/etc\/containerd\/certs\.d\/r\.test\/no\.pem: no such file or directory$/,
        file: `${folder}/no.pem`,
      },
      {
        name: "an empty CA name, which is the folder",
        files: () => ({ [`${folder}/hosts.toml`]: '[host.m]\nca = ""\n' }),
        message:
          /^unable to read CA cert "\/etc\/containerd\/certs\.d\/r\.test\/?": read \/etc\/containerd\/certs\.d\/r\.test\/?: is a directory$/,
        file: folder,
      },
      {
        name: "a CA file without a certificate",
        files: () => ({ [`${folder}/hosts.toml`]: '[host.m]\nca = "k.pem"\n', [`${folder}/k.pem`]: key }),
        message: /^unable to load CA cert "\/etc\/containerd\/certs\.d\/r\.test\/k\.pem"$/,
        file: `${folder}/k.pem`,
      },
      {
        name: "a ca.crt without a certificate",
        files: () => ({ [`${folder}/ca.crt`]: "junk" }),
        message: /^unable to load CA cert/,
        file: `${folder}/ca.crt`,
      },
      {
        name: "a client certificate that is not there",
        files: () => ({ [`${folder}/hosts.toml`]: '[host.m]\nclient = "no.pem"\n' }),
        message: /^unable to read CERT file "\/etc\/containerd\/certs\.d\/r\.test\/no\.pem": open /,
        file: `${folder}/no.pem`,
      },
      {
        name: "a client key that belongs to another certificate",
        files: () => ({ [`${folder}/a.cert`]: clientCertificate, [`${folder}/a.key`]: otherKey }),
        message: /^failed to load X509 key pair: tls: private key does not match public key$/,
        file: `${folder}/a.cert`,
      },
      {
        name: "a client certificate without its key",
        files: () => ({ [`${folder}/a.cert`]: clientCertificate }),
        message: /^failed to load X509 key pair: tls: found a certificate rather than a key/,
        file: `${folder}/a.cert`,
      },
      {
        name: "a client key that cannot be parsed",
        files: () => ({
          [`${folder}/a.cert`]: clientCertificate,
          [`${folder}/a.key`]: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        }),
        message: /^failed to load X509 key pair: tls: failed to parse private key$/,
        file: `${folder}/a.cert`,
      },
      {
        name: "certificate and key exchanged",
        files: () => ({ [`${folder}/a.cert`]: key, [`${folder}/a.key`]: clientCertificate }),
        message: /PEM inputs may have been switched$/,
        file: `${folder}/a.cert`,
      },
      {
        name: "hosts.toml is a folder",
        files: () => ({ [`${folder}/hosts.toml/`]: "" }),
        message: /^read \/etc\/containerd\/certs\.d\/r\.test\/hosts\.toml: is a directory$/,
        file: `${folder}/hosts.toml`,
      },
      {
        name: "a plain file in the folder's place",
        files: () => ({ [folder]: "" }),
        message: /^open \/etc\/containerd\/certs\.d\/r\.test\/hosts\.toml: not a directory$/,
        file: folder,
      },
    ];
    for (const { name, files, message, file } of cases) {
      it(name, () => {
        for (const version of versions) {
          const got = plan(files(), "r.test", version);
          assert.ok(got.kind === "broken", version);
          assert.match(got.message, message);
          assert.equal(got.origin.file.replace(/\/$/, ""), file);
        }
      });
    }

    it("a certificate block with PEM headers is passed over", () => {
      const text = ca.replace("-----\n", "-----\nX-Note: 1\n\n");
      const got = plan({ [`${folder}/ca.crt`]: text }, "r.test", "1.7.13");
      assert.equal(got.kind, "broken");
    });

    it("one sound certificate makes a CA file good, whatever else it holds", () => {
      const files = {
        [`${folder}/ca.crt`]: `text\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${ca.replaceAll("\n", "\r\n")}${key}`,
      };
      const [host] = hostsOf(plan(files, "r.test", "1.7.13"));
      assert.deepEqual(
        host?.tls.extraCaPems.map((pem) => pem.trim()),
        [ca.trim()],
      );
    });
  });

  describe("what Pullguard cannot read", () => {
    const folder = `${root}/r.test`;
    it("an unreadable hosts.toml leaves a partial plan", () => {
      const got = planHosts(
        nodeFilesFromMap({ [`${folder}/hosts.toml`]: { unreadable: "permission denied" } }),
        [root],
        "r.test",
        parseRuntime("containerd://1.7.13"),
      );
      assert.deepEqual(lineUp(got), ["https r.test/v2"]);
      assert.deepEqual([got.issues[0]?.code, got.kind === "hosts" && got.partial], ["HostsFileUnreadable", true]);
    });

    it("so does one of 10 MB", () => {
      const got = plan({ [`${folder}/hosts.toml`]: `[host.m]\n${"# x\n".repeat(2_500_000)}` }, "r.test", "1.7.13");
      assert.deepEqual([got.issues[0]?.code, got.kind === "hosts" && got.partial], ["HostsFileUnreadable", true]);
    });

    it("so does a CA that cannot be read", () => {
      const files = nodeFilesFromMap({
        [`${folder}/hosts.toml`]: '[host.m]\nca = "ca.pem"\n',
        [`${folder}/ca.pem`]: { unreadable: "too large" },
      });
      const got = planHosts(files, [root], "r.test", parseRuntime("containerd://1.7.13"));
      assert.deepEqual([got.issues[0]?.code, got.kind === "hosts" && got.partial], ["CertificateFileUnreadable", true]);
    });

    it("a CA outside the configuration whose folder was not shown is unknown, one whose folder was shown is missing", () => {
      const hosts = { [`${folder}/hosts.toml`]: '[host.m]\nca = "/etc/pki/private/ca.pem"\n' };
      const unseen = plan(hosts, "r.test", "1.7.13");
      assert.deepEqual([unseen.kind, unseen.issues[0]?.code], ["hosts", "CertificateFileUnreadable"]);
      assert.equal(plan({ ...hosts, "/etc/pki/private/other.pem": ca }, "r.test", "1.7.13").kind, "broken");
    });

    it("a plan from files that were all read is not partial", () => {
      const got = plan({ [`${folder}/ca.crt`]: ca }, "r.test", "1.7.13");
      assert.ok(got.kind === "hosts" && !("partial" in got));
    });

    it("a host that no request can be made from is left out and named", () => {
      const got = plan(
        { [`${folder}/hosts.toml`]: '[host."httpd.test:5000"]\n[host."https://m"]\n' },
        "r.test",
        "1.7.13",
      );
      assert.deepEqual(lineUp(got), ["https m/v2 ns=r.test", "https r.test/v2"]);
      assert.deepEqual(
        [got.issues[0]?.code, got.issues[0]?.origin],
        ["HostsFileIgnored", { file: `${folder}/hosts.toml`, line: 1 }],
      );
    });
  });
});
