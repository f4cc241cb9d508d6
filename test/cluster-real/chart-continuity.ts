import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { connect } from "node:tls";
import { systemClock } from "../../src/bin/system.js";
import { makeServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import { at } from "../manifests/objects.js";
import type { ChartValues } from "../support/chart/index.js";
import { type Daemon, freePorts } from "../support/kube/index.js";
import { type BundleHistory, bundleHistory } from "./chart-bundles.js";
import { type ChartWorld, install, keepCreating, makeNamespace, release, uninstall } from "./chart-world.js";
import { startProgram } from "./program.js";
import { accessOf } from "./world.js";

const namespace = "steady";
const base = { crds: { keep: false }, nodeAgent: { namespace: "steady-agents" }, webhook: { failurePolicy: "Fail" } };

/**
 * From the first installation on, through upgrades and rollbacks: the program itself, with the arguments and the rights of the
 * chart, behind an API server that admits nothing which it cannot ask about.
 */
export function continuityTests(world: () => ChartWorld): void {
  describe("upgrades and rollbacks", () => {
    let history: BundleHistory | undefined;
    let serving: Daemon | undefined;
    let provided: Daemon | undefined;
    let creating: Awaited<ReturnType<typeof keepCreating>> | undefined;
    let ports: readonly number[] = [];
    const upgrade = (values: ChartValues, port = ports[0]): Promise<void> =>
      install(world(), namespace, { ...base, ...values }, port);

    before(async () => {
      const { admin, adminAccess } = world().kube;
      for (const name of [namespace, "steady-shop"]) await makeNamespace(admin, name);
      ports = await freePorts(4);
      history = bundleHistory(adminAccess);
    });
    after(async () => {
      await creating?.stop();
      await Promise.all([serving?.stop(), provided?.stop()]);
      history?.stop();
      await uninstall(world(), namespace);
    });

    /** What the API server was told to trust since then must vouch for what is served, in every version; and nothing failed. */
    async function assertSteady(...served: readonly (number | undefined)[]): Promise<void> {
      assert.ok(creating && history);
      assert.deepEqual(await creating.failures(), []);
      const leaves = await Promise.all(served.map(leafAt));
      for (const bundles of history.since()) {
        for (const bundle of bundles) {
          for (const leaf of leaves) assert.ok(vouchesFor(bundle, leaf), `no CA for what is served in:\n${bundle}`);
        }
      }
    }

    it("installs: the program takes the chart's arguments, makes its certificate and has itself trusted", async () => {
      await upgrade({});
      const { kube } = world();
      serving = await serve(world(), ports, ["--namespace", namespace]);
      creating = await keepCreating(kube.admin, "steady-shop", () => serving?.log() ?? "");
      history?.mark();
      await assertSteady(ports[0]);
    });

    it("an upgrade of image and values leaves the caBundle alone, and nothing fails meanwhile", async () => {
      await upgrade({ image: { tag: "0.1.1" }, replicaCount: 3, mutation: { enabled: true } });
      await upgrade({ image: { tag: "0.1.2" }, webhook: { failurePolicy: "Fail", timeoutSeconds: 5 } });
      await creating?.more(20);
      await assertSteady(ports[0]);
    });

    it("so does a rollback, to the first revision too", async () => {
      const { helm } = world();
      for (const revision of ["2", "1"]) {
        const { code, stderr } = await helm.run("rollback", release, revision, "-n", namespace);
        assert.equal(code, 0, stderr);
      }
      await creating?.more(20);
      await assertSteady(ports[0]);
    });

    it("an upgrade to provided certificates trusts both while Pods of both kinds are there", async () => {
      const folder = join(world().kube.folder, "provided-certs");
      const names = [`${release}.${namespace}.svc`];
      const made = await makeServingCertificates({ names, days: 1, clock: systemClock });
      await writeServingCertificates(folder, made, false);
      const caBundle = Buffer.from(made.caBundle, "base64").toString();
      const flags = ["--cert-dir", folder, "--no-cluster"];
      provided = await startProgram(world().kube, [
        "serve",
        "--port",
        String(ports[2]),
        "--metrics-port",
        String(ports[3]),
        ...flags,
      ]);
      const mode = { certificates: { mode: "provided", provided: { caBundle } } };
      await upgrade(mode, ports[2]);
      await creating?.more(20);
      await assertSteady(ports[0]);
      history?.mark();
      await assertSteady(ports[0], ports[2]);
      // From now on the authority of before is nobody's.
      await upgrade({ ...mode, image: { tag: "0.1.3" } }, ports[2]);
      await creating?.more(20);
      history?.mark();
      await assertSteady(ports[2]);
    });

    it("an upgrade back to certificates that Pullguard manages does so too", async () => {
      await serving?.stop();
      await upgrade({}, ports[2]);
      serving = await serve(world(), ports, ["--namespace", namespace]);
      await assertSteady(ports[2]);
      history?.mark();
      await upgrade({});
      await creating?.more(20);
      await assertSteady(ports[0]);
      await upgrade({ image: { tag: "0.1.4" } });
      await creating?.more(20);
      await assertSteady(ports[0]);
    });

    it("an uninstall ends it, and nothing brings it back", async () => {
      await uninstall(world(), namespace);
      const { admin } = world().kube;
      await creating?.more(20);
      assert.deepEqual(await creating?.failures(), []);
      const kinds = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];
      const paths = kinds.map((kind) => `/apis/admissionregistration.k8s.io/v1/${kind}/${release}`);
      const own = [`/api/v1/namespaces/${namespace}/secrets/pullguard-certificates`];
      assert.equal(serving?.ended(), false, "the program is still there and would if it could");
      for (const path of [...paths, ...own]) assert.equal((await admin.call("GET", path)).status, 404, path);
    });
  });
}

/** The program with the arguments of the Deployment, but for its ports, as the account that the chart makes. */
async function serve(world: ChartWorld, ports: readonly number[], flags: readonly string[]): Promise<Daemon> {
  const { admin } = world.kube;
  const { body } = await admin.call("GET", `/apis/apps/v1/namespaces/${namespace}/deployments/${release}`);
  const args = [...(at(body, "spec", "template", "spec", "containers", 0, "args") as readonly string[])];
  args[args.indexOf("--port") + 1] = String(ports[0]);
  args[args.indexOf("--metrics-port") + 1] = String(ports[1]);
  const access = await accessOf(world.kube, { namespace, name: release });
  const kubeconfig = world.kube.writeKubeconfig("steady", access);
  return await startProgram(world.kube, [...args, ...flags, "--kubeconfig", kubeconfig]);
}

/** The certificate that is served on a port. */
async function leafAt(port: number | undefined): Promise<X509Certificate> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const certificate = new X509Certificate(socket.getPeerCertificate().raw);
  socket.destroy();
  return certificate;
}

function vouchesFor(bundle: string, leaf: X509Certificate): boolean {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks
    .map((block) => new X509Certificate(block))
    .some((ca) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
}
