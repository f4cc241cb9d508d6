import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/bin/system.js";
import { makeServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import { createAuthority } from "../support/authority.js";
import { type Daemon, eventually, freePorts, type KubeAnswer, type KubeObject } from "../support/kube/index.js";
import { serviceHere } from "./objects.js";
import { startProgram } from "./program.js";
import { quietly, type World } from "./world.js";

/** A webhook that answers the API server alone, set up as docs/certificates.md tells. */
export function clientCertificateTests(world: () => World): void {
  describe("a webhook that wants to see the API server's certificate", () => {
    let namespace = "";
    let port = 0;
    let caBundle = "";
    let webhook: Daemon | undefined;
    const services = ["known", "stranger"] as const;

    before(async () => {
      const { kube, admin, namespace: makeNamespace } = world();
      namespace = await makeNamespace();
      const folder = join(kube.folder, "asks-for-certificates");
      const names = services.map((service) => `${service}.${namespace}.svc`);
      const made = await makeServingCertificates({ names, days: 1, clock: systemClock });
      caBundle = made.caBundle;
      await writeServingCertificates(folder, made, false);
      const [own = 0, metricsPort = 0] = await freePorts(2);
      port = own;
      const authority = await createAuthority("Callers of webhooks");
      const clientCa = join(folder, "clients.crt");
      writeFileSync(clientCa, authority.certificatePem);
      webhook = await startProgram(kube, [
        ...["serve", "--no-cluster", "--cert-dir", folder],
        ...["--port", String(port), "--metrics-port", String(metricsPort)],
        ...["--client-ca", clientCa, "--client-name", "kube-apiserver"],
      ]);
      for (const service of services) {
        await quietly(admin.apply(serviceHere(namespace, service)));
        await quietly(admin.apply(configurationOf(service)));
      }
      const caller = await authority.issue({ names: [], commonName: "kube-apiserver" });
      const somebody = await authority.issue({ names: [], commonName: "somebody" });
      kube.writeWebhookUsers([
        { name: `known.${namespace}.svc:${port}`, certificatePem: caller.chainPem, keyPem: caller.keyPem },
        { name: `*.${namespace}.svc:${port}`, certificatePem: somebody.chainPem, keyPem: somebody.keyPem },
      ]);
    });
    after(async () => {
      for (const service of services) await world().admin.remove(configurationOf(service));
      await webhook?.stop();
    });

    const ask = (service: string): Promise<KubeAnswer> => {
      const metadata = { generateName: "asked-", namespace, labels: { asks: service } } as object;
      return world().admin.create({ apiVersion: "v1", kind: "ConfigMap", metadata });
    };
    const refused = async (service: string, reason: RegExp): Promise<void> => {
      const { status, body } = await eventually("the configuration is heeded", async () => {
        const answer = await ask(service);
        return answer.status === 201 ? undefined : answer;
      });
      assert.equal(status, 500, body.message);
      assert.match(`${body.message}`, /failed calling webhook/);
      assert.match(`${body.message}`, reason);
    };
    const configurationOf = (service: string): KubeObject => ({
      ...{ apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration" },
      metadata: { name: `${service}-caller` },
      webhooks: [
        {
          name: `${service}.pullguard.test`,
          admissionReviewVersions: ["v1"],
          clientConfig: { service: { namespace, name: service, port, path: "/validate" }, caBundle },
          ...{ failurePolicy: "Fail", sideEffects: "None", timeoutSeconds: 5, matchPolicy: "Exact" },
          objectSelector: { matchLabels: { asks: service } },
          rules: [
            { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"], scope: "*" },
          ],
        },
      ],
    });

    it("answers none that shows none, and says so to whoever creates something", async () => {
      for (const service of services) await refused(service, /none was shown/);
    });

    it("answers one that shows what it was given for this webhook, and not with another name", async () => {
      await world().kube.restart(async () => undefined);
      const { status, body } = await ask("known");
      assert.equal(status, 201, body.message);
      await refused("stranger", /of another name/);
    });
  });
}
