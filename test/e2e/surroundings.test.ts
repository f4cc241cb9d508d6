import assert from "node:assert/strict";
import type { Finding } from "../../src/findings/index.js";
import { listenProxy, type ProxySpec } from "../registry/loopback-proxy.js";
import { createEngine } from "../support/engine.js";
import { type Lab, standardLab, startLab } from "../support/lab/index.js";

const bundle = "/etc/ssl/certs/ca-certificates.crt";
const dropIn = "/etc/systemd/system/containerd.service.d/proxy.conf";

/** What comes of a node's system store and its runtime's environment, from files to finding. */
describe("a node's surroundings", () => {
  let lab: Lab;
  before(async () => {
    lab = await startLab(standardLab("ephemeral"));
  });
  after(() => lab.stop());

  async function check(
    image: string,
    nodeFiles: Readonly<Record<string, string>>,
    connectTo: Lab["connectTo"] = lab.connectTo,
  ): Promise<Finding> {
    const engine = createEngine({
      lab: { lookup: lab.lookup, connectTo },
      nodeFiles,
      runtime: "containerd://1.7.13",
      platform: "linux/amd64",
    });
    try {
      return await engine.checkImage(image);
    } finally {
      await engine.close();
    }
  }

  const trusting = () => ({ [bundle]: lab.caPem });

  it("decide whether a certificate is trusted", async () => {
    // Every authority of the laboratory is private.
    const untrusted = await check("crtonly.test/team/app:v1", {});
    assert.deepEqual([untrusted.verdict, untrusted.cause], ["unpullable", "CertificateUntrusted"]);
    assert.equal((await check("crtonly.test/team/app:v1", trusting())).verdict, "pullable");
    const moved = {
      "/opt/ca.pem": lab.caPem,
      [dropIn]: "[Service]\nEnvironment=SSL_CERT_FILE=/opt/ca.pem\n",
    };
    assert.equal((await check("crtonly.test/team/app:v1", moved)).verdict, "pullable");
  });

  it("leave it open where the store was not shown, and say so", async () => {
    const files = { ...trusting(), [dropIn]: "[Service]\nEnvironment=SSL_CERT_FILE=/elsewhere.pem\n" };
    const finding = await check("crtonly.test/team/app:v1", files);
    assert.deepEqual([finding.verdict, finding.cause], ["unknown", "CertificateUntrusted"]);
    assert.match(finding.message, /proxy\.conf: \/elsewhere\.pem of SSL_CERT_FILE was not shown/);
  });

  async function withProxy(
    spec: Omit<ProxySpec, "ports">,
    use: (connectTo: Lab["connectTo"], lines: string[]) => Promise<void>,
  ) {
    const real = lab.connectTo("crtonly.test", 443);
    const proxy = await listenProxy({ ...spec, ports: { "crtonly.test": real?.port ?? 1 } });
    const connectTo = (hostname: string, port: number) => {
      if (hostname === "proxy.test") return { address: "127.0.0.1", port: proxy.port };
      // Only the proxy gets there.
      return hostname === "crtonly.test" ? { address: "127.0.0.1", port: 1 } : lab.connectTo(hostname, port);
    };
    try {
      await use(connectTo, proxy.lines);
    } finally {
      await proxy.close();
    }
  }
  const proxied = (more = "") => ({
    ...trusting(),
    [dropIn]: `[Service]\nEnvironment="HTTPS_PROXY=http://proxy.test:3128" ${more}\n`,
  });

  it("lead to the registry through the proxy of the runtime's unit", async () => {
    await withProxy({}, async (connectTo, lines) => {
      assert.equal((await check("crtonly.test/team/app:v1", proxied(), connectTo)).verdict, "pullable");
      assert.deepEqual([...new Set(lines)], ["CONNECT crtonly.test:443"]);
      // What the registry itself says is as certain as without a proxy.
      const missing = await check("crtonly.test/team/app:v9", proxied(), connectTo);
      assert.deepEqual([missing.verdict, missing.cause], ["unpullable", "TagNotFound"]);
      const direct = await check("crtonly.test/team/app:v1", proxied("NO_PROXY=.test,crtonly.test"), connectTo);
      assert.equal(direct.cause, "RegistryConnectionRefused");
    });
  });

  it("never deny for what is wrong with the proxy as Pullguard sees it", async () => {
    await withProxy({ authorization: "Basic eDp5" }, async (connectTo) => {
      const finding = await check("crtonly.test/team/app:v1", proxied(), connectTo);
      assert.deepEqual([finding.verdict, finding.cause], ["unknown", "ProxyAuthenticationRequired"]);
      assert.match(finding.message, /proxy\.test:3128/);
    });
    await withProxy({ status: 403 }, async (connectTo) => {
      const finding = await check("crtonly.test/team/app:v1", proxied(), connectTo);
      assert.deepEqual([finding.verdict, finding.cause], ["unknown", "ProxyRefused"]);
    });
    const finding = await check("crtonly.test/team/app:v1", proxied(), (hostname, port) =>
      hostname === "proxy.test" ? { address: "127.0.0.1", port: 1 } : lab.connectTo(hostname, port),
    );
    assert.deepEqual([finding.verdict, finding.cause], ["unknown", "ProxyUnreachable"]);
  });
});
