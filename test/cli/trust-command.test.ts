import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/bin/system.js";
import { runCli } from "../../src/cli/index.js";
import { viewRegistry } from "../../src/registry/index.js";
import { type Loopback, listen, route, using } from "../registry/loopback.js";
import { type Authority, createAuthority, selfSigned } from "../support/authority.js";
import { fakeIo } from "./fake-io.js";

const name = "reg.test:5000";

describe("pullguard trust", () => {
  let authority: Authority;
  let root: string;
  before(async () => {
    authority = await createAuthority("Corp Root");
    root = mkdtempSync(join(tmpdir(), "pullguard-trust-"));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  /** A terminal on which the registry leads to this server, trusted publicly if its authority is Corp Root. */
  async function run(server: Pick<Loopback, "port"> | undefined, argv: readonly string[], publicly = false) {
    const deps = {
      clock: systemClock,
      systemCaPems: publicly ? [authority.certificatePem] : [],
      identityKey: "test key",
      connectTo: route({ "reg.test": server?.port ?? 1 }),
    };
    const io = fakeIo({ deps: { viewRegistry: (question, signal) => viewRegistry(deps, question, signal) } });
    const code = await runCli(["trust", ...argv], io);
    return { code, out: io.out(), err: io.err() };
  }
  const ok = (_request: unknown, response: { end(): void }) => response.end();
  const withRoot = async (use: (server: Loopback) => Promise<void>) => {
    const issued = await authority.issue({ names: ["reg.test"] });
    const chainPem = issued.certificatePem + authority.certificatePem;
    await using([await listen(ok, { ...issued, chainPem })], use);
  };

  it("shows the chain, that it is not trusted, and the commands of all runtimes", async () => {
    await withRoot(async (server) => {
      const { code, out } = await run(server, [name]);
      assert.equal(code, 1);
      for (const part of [
        "1. CN=reg.test",
        "2. CN=Corp Root  (authority, signs for itself)",
        "Not trusted by the public roots",
        authority.certificatePem.trim(),
        "VERIFY IT FIRST",
        "/etc/containerd/certs.d/reg.test:5000/hosts.toml",
        "install -D -m 644 ca.crt '/etc/docker/certs.d/reg.test:5000/ca.crt'",
        "install -D -m 644 ca.crt '/etc/containers/certs.d/reg.test:5000/ca.crt'",
      ]) {
        assert.ok(out.includes(part), `${part}\n---\n${out}`);
      }
    });
  });

  it("shows the commands of one runtime alone where that is named", async () => {
    await withRoot(async (server) => {
      const { out } = await run(server, [name, "--runtime", "docker"]);
      assert.match(out, /\/etc\/docker\/certs\.d/);
      assert.doesNotMatch(out, /\/etc\/containerd|\/etc\/containers/);
    });
  });

  it("prints nothing but the PEM of the authority with -o pem", async () => {
    await withRoot(async (server) => {
      const { code, out, err } = await run(server, [name, "-o", "pem"]);
      assert.deepEqual([code, out], [1, authority.certificatePem]);
      assert.match(err, /CN=Corp Root, SHA-256 ([0-9A-F]{2}:){31}/);
    });
  });

  it("has nothing to do where the public roots trust it", async () => {
    await withRoot(async (server) => {
      const { code, out } = await run(server, [name], true);
      assert.equal(code, 0);
      assert.match(out, /Trusted by the public roots/);
      assert.match(out, /Nothing has to be done/);
      assert.doesNotMatch(out, /install/);
    });
  });

  it("tries the trust of a node that is shown", async () => {
    const folder = join(root, "etc/containerd/certs.d", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "ca.crt"), authority.certificatePem);
    // The pull succeeds at the first host; the second, which does not know the CA, is never asked.
    writeFileSync(
      join(folder, "hosts.toml"),
      `server = "https://${name}"\n[host."https://${name}"]\n  ca = "ca.crt"\n`,
    );
    await withRoot(async (server) => {
      const { code, out } = await run(server, [name, "--node-root", root, "--runtime", "containerd://1.7.13"]);
      assert.equal(code, 0);
      assert.match(out, /Not trusted by the public roots/);
      assert.match(out, new RegExp(`Trusted by the node in ${root}`));
    });
  });

  it("says that an authority is not sent, and prints no PEM for it", async () => {
    await using([await listen(ok, await authority.issue({ names: ["reg.test"] }))], async (server) => {
      const { code, out } = await run(server, [name]);
      assert.equal(code, 1);
      assert.match(out, /does not send the certificate of its authority \(CN=Corp Root\)/);
      assert.match(out, /install -D/);
      assert.doesNotMatch(out, /BEGIN CERTIFICATE/);
      const pem = await run(server, [name, "-o", "pem"]);
      assert.deepEqual([pem.code, pem.out], [1, ""]);
      assert.match(pem.err, /does not send/);
    });
  });

  it("offers the registry's own certificate where that signs for itself", async () => {
    const own = await selfSigned({ names: ["reg.test"] });
    await using([await listen(ok, own)], async (server) => {
      const { out } = await run(server, [name]);
      assert.match(out, /The registry's own certificate, which would have to be trusted: CN=reg\.test/);
      assert.ok(out.includes(own.certificatePem.trim()));
    });
  });

  it("offers nothing where no authority would help", async () => {
    const other = await authority.issue({ names: ["other.test"] });
    await using([await listen(ok, other)], async (server) => {
      const { code, out } = await run(server, [name], true);
      assert.equal(code, 1);
      assert.match(out, /must be replaced/);
      assert.doesNotMatch(out, /install/);
    });
  });

  it("warns of plain HTTP and shows how the nodes would be told", async () => {
    await using([await listen(ok)], async (server) => {
      const { code, out } = await run(server, [name]);
      assert.equal(code, 1);
      assert.match(out, /speaks plain HTTP/);
      assert.match(out, /WARNING/);
      assert.match(out, /\{"insecure-registries": \["reg\.test:5000"\]\}/);
      assert.match(out, /\[host\."http:\/\/reg\.test:5000"\]/);
      assert.match(out, /insecure = true/);
    });
  });

  it("exits with 3 where nothing answers", async () => {
    const { code, out } = await run(undefined, [name]);
    assert.equal(code, 3);
    assert.match(out, /cannot be looked at: reg\.test:5000: connection refused/);
  });

  it("is JSON of a stable kind", async () => {
    await withRoot(async (server) => {
      const { code, out } = await run(server, [name, "-o", "json"]);
      const report = JSON.parse(out);
      assert.deepEqual([code, report.kind, report.outcome, report.authority.kind], [1, "TrustReport", "tls", "root"]);
      assert.equal(report.authority.certificate.pem, authority.certificatePem);
      assert.deepEqual(
        report.advice.map(({ runtime }: { runtime: string }) => runtime),
        ["containerd", "docker", "cri-o"],
      );
    });
  });

  for (const argv of [[], ["reg.test/team/app"], [name, "--deadline", "soon"], [name, "--runtime", "rkt"]]) {
    it(`exits with 2 for ${JSON.stringify(argv)}`, async () => {
      const { code, out } = await run(undefined, argv);
      assert.deepEqual([code, out], [2, ""]);
    });
  }
});
