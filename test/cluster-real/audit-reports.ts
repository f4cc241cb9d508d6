import assert from "node:assert/strict";
import { clusterReports, namespaceReports, type PolicyReport } from "../../src/audit/index.js";
import { systemClock } from "../../src/bin/system.js";
import { clusterAuditReports, loadCluster } from "../../src/cluster/index.js";
import { riskRow } from "../audit/rows.js";
import { at } from "../manifests/objects.js";
import { eventually, type Kube, type KubeAnswer, type KubeObject } from "../support/kube/index.js";
import { createAll } from "./audit-world.js";
import { openReports, policyReports } from "./report-definitions.js";

export interface ReportWorld {
  readonly kube: Kube;
  /** Of the account that the manifests give to Pullguard. */
  readonly kubeconfig: string;
}

const signal = new AbortController().signal;
/** Everything that a result can have, as long as it can be. */
const rich = riskRow({
  message: "m".repeat(3_000),
  fix: "f".repeat(3_000),
  digest: `sha256:${"a".repeat(64)}`,
  notes: [
    { kind: "moved", running: ["sha256:1"], now: "sha256:2", pods: 1 },
    { kind: "held-by", nodes: 5, names: ["node-1", "node-2", "node-3"] },
    { kind: "expires", what: "certificate", name: "reg.test: CN=reg", at: "2026-03-10T00:00:00.000Z" },
    { kind: "advice", cause: "RateLimitNear", message: "three pulls are left", fix: null },
  ],
});
const untold = riskRow({ risk: "may-fail", verdict: "unknown", cause: "RegistryTimeout", firstSeen: null, fix: null });

const kindsOf = {
  "wgpolicyk8s.io/v1alpha2": { definitions: policyReports, plurals: ["policyreports", "clusterpolicyreports"] },
  "openreports.io/v1alpha1": { definitions: openReports, plurals: ["reports", "clusterreports"] },
} as const;
type Version = keyof typeof kindsOf;

function reportsOn(namespace: string): readonly PolicyReport[] {
  return namespaceReports(namespace, [rich, untold], () => "11111111-2222-4333-8444-555555555555");
}

function reportsOnCluster(): readonly PolicyReport[] {
  const expires = "2026-03-10T00:00:00.000Z";
  return clusterReports({
    generated: "2026-03-01T00:00:00.000Z",
    workloads: [riskRow({ cause: "CertificateUntrusted" }), untold],
    forecasts: [{ what: "authority", registry: "reg.test", name: "reg.test: CN=ca", expires, note: null }],
  });
}

/** What is written into the cluster's kinds of reports, against their schemas and with the rights of the manifests. */
export function reportTests(world: () => ReportWorld): void {
  describe("reports", () => {
    const faults: string[] = [];
    /** As an auditor that has just begun, which looks at once for what is installed. */
    const write = async (byNamespace: ReadonlyMap<string, readonly PolicyReport[]>, own: readonly string[] = []) => {
      const { kube, kubeconfig } = world();
      const access = loadCluster({ kind: "file", path: kubeconfig });
      if (access === undefined) throw new Error("the kubeconfig names no cluster");
      const reports = clusterAuditReports({
        ...{ access, clock: systemClock, namespace: "pullguard-system" },
        onFault: (reason) => faults.push(reason),
      });
      await reports.write(byNamespace, (place) => own.includes(place), signal);
      return kube.admin;
    };
    const get = (version: Version, namespace: string): Promise<KubeAnswer> => {
      const { plurals } = kindsOf[version];
      const scope = namespace === "" ? plurals[1] : `namespaces/${namespace}/${plurals[0]}`;
      return world().kube.admin.call("GET", `/apis/${version}/${scope}/pullguard-audit-0`);
    };
    const install = async (version: Version): Promise<void> => {
      const { kube } = world();
      const { definitions, plurals } = kindsOf[version];
      await createAll(kube.admin, definitions);
      for (const plural of plurals) {
        await eventually(`${plural} are served`, async () =>
          (await kube.admin.call("GET", `/apis/${version}/${plural}`)).status === 200 ? true : undefined,
        );
      }
    };
    const everything = (): ReadonlyMap<string, readonly PolicyReport[]> =>
      new Map([
        ["team-0", reportsOn("team-0")],
        ["", reportsOnCluster()],
      ]);
    afterEach(() => {
      faults.length = 0;
    });

    for (const version of Object.keys(kindsOf) as Version[]) {
      it(`of ${version} are taken whole, by a server that refuses what it does not know`, async () => {
        await install(version);
        const admin = await write(everything());
        assert.deepEqual(faults, []);
        const { body: owner } = await admin.call("GET", "/api/v1/namespaces/pullguard-system");
        for (const [namespace, reports] of everything()) {
          const { body, status } = await get(version, namespace);
          assert.equal(status, 200, `${version} ${namespace}`);
          const [meant] = reports;
          assert.deepEqual([body.scope, body.summary, body.results], [meant?.scope, meant?.summary, meant?.results]);
          assert.equal(at(body, "metadata", "labels", "app.kubernetes.io/managed-by"), "pullguard");
          assert.equal(at(body, "metadata", "ownerReferences", 0, "uid"), at(owner, "metadata", "uid"));
          const again = { ...body, ...meant, metadata: { name: "strict", ...(namespace === "" ? {} : { namespace }) } };
          const sent: KubeObject = Object.fromEntries(
            Object.entries(again).filter(([field]) => !["namespace", "name", "hash"].includes(field)),
          );
          const { plurals } = kindsOf[version];
          const scope = namespace === "" ? plurals[1] : `namespaces/${namespace}/${plurals[0]}`;
          const strictly = `/apis/${version}/${scope}?fieldValidation=Strict&dryRun=All`;
          const { status: taken, body: answer, warnings } = await admin.call("POST", strictly, sent);
          assert.deepEqual([taken, warnings], [201, []], answer.message);
          assert.equal((await admin.call("POST", strictly, { ...sent, odd: 1 })).status, 400, "it is strict");
        }
      });
    }

    it("move to openreports when that is there, in every namespace of ours", async () => {
      await write(everything(), ["team-0", ""]);
      for (const namespace of ["team-0", ""]) {
        assert.equal((await get("openreports.io/v1alpha1", namespace)).status, 200);
        assert.equal((await get("wgpolicyk8s.io/v1alpha2", namespace)).status, 404, `"${namespace}"`);
      }
      await write(new Map(), ["team-0"]);
      assert.equal((await get("openreports.io/v1alpha1", "team-0")).status, 404, "what is over is taken back");
      assert.equal((await get("openreports.io/v1alpha1", "")).status, 200, "what is another's stays");
      assert.deepEqual(faults, []);
    });

    it("are written for the others where a namespace is going, and somebody else's of the name is left alone", async () => {
      const { admin } = world().kube;
      for (const name of ["leaving", "taken", "last"]) {
        await createAll(admin, [{ apiVersion: "v1", kind: "Namespace", metadata: { name } }]);
      }
      // No controller is there to finish it.
      await admin.call("DELETE", "/api/v1/namespaces/leaving");
      const foreign = { apiVersion: "openreports.io/v1alpha1", kind: "Report", source: "somebody" };
      const metadata = { name: "pullguard-audit-0", namespace: "taken" };
      await createAll(admin, [{ ...foreign, metadata }]);
      await write(new Map(["leaving", "gone", "taken", "last"].map((name) => [name, reportsOn(name)])));
      assert.equal((await get("openreports.io/v1alpha1", "last")).status, 200);
      assert.equal((await get("openreports.io/v1alpha1", "taken")).body.source, "somebody");
      assert.deepEqual(faults, [
        "a report of this name is there without the label app.kubernetes.io/managed-by=pullguard (409)",
      ]);
    });

    after(async () => {
      const { admin } = world().kube;
      for (const definition of openReports) await admin.remove(definition);
      await eventually("openreports is gone", async () =>
        (await admin.call("GET", "/apis/openreports.io/v1alpha1/reports")).status === 404 ? true : undefined,
      );
    });
  });
}
