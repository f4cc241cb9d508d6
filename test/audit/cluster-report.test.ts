import assert from "node:assert/strict";
import { clusterReports, type ExpiryForecast, type WorkloadRisk } from "../../src/audit/index.js";
import { riskRow } from "./rows.js";

const now = "2026-03-01T00:00:00.000Z";

function resultsOf(workloads: readonly WorkloadRisk[], forecasts: readonly ExpiryForecast[] = []) {
  const reports = clusterReports({ generated: now, workloads, forecasts });
  const results = reports.flatMap((each) => each.results);
  return { reports, results, told: results.map(({ rule, result, severity }) => [rule, result, severity]) };
}

function rowOf(registry: string, name: string, over: Partial<WorkloadRisk> = {}): WorkloadRisk {
  const workload = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name };
  return riskRow({ registry, workload, image: `${registry}/${name}:v1`, ...over });
}

function ending(what: ExpiryForecast["what"], name: string, expires: string | null): ExpiryForecast {
  return { what, name, expires, registry: "reg.test", note: null };
}

const sound = { risk: "none", verdict: "pullable", cause: null } as const;
const untrusted = { cause: "CertificateUntrusted" } as const;
const down = { risk: "may-fail", verdict: "unknown", cause: "RegistryConnectionRefused" } as const;
const advised: Partial<WorkloadRisk> = {
  ...{ risk: "attention", verdict: "pullable", cause: null },
  notes: [{ kind: "advice", cause: "RegistryConfigNotUsed", message: "nobody reads certs.d", fix: null }],
};

describe("the reports on the cluster", () => {
  const rows: readonly (readonly [string, readonly WorkloadRisk[], readonly (readonly string[])[]])[] = [
    ["nothing of what is one image's", [rowOf("reg.test", "a")], []],
    [
      "a registry that nodes do not trust",
      [rowOf("reg.test", "a", untrusted)],
      [["CertificateUntrusted", "fail", "high"]],
    ],
    ["a registry that is down", [rowOf("reg.test", "a", down)], [["RegistryConnectionRefused", "error", "medium"]]],
    ["how nodes are set up", [rowOf("reg.test", "a", advised)], [["RegistryConfigNotUsed", "warn", "low"]]],
  ];
  for (const [name, given, want] of rows) {
    it(`tell ${name}`, () => assert.deepEqual(resultsOf(given).told, want));
  }

  it("tell a registry's trouble once, with how much it hits, and count the registries that are sound", () => {
    const { reports, results } = resultsOf([
      rowOf("bad.test", "a", untrusted),
      rowOf("bad.test", "b", {
        ...untrusted,
        workload: { ...riskRow().workload, namespace: "bank" },
        firstSeen: "2025-12-01T00:00:00.000Z",
      }),
      rowOf("down.test", "c", down),
      ...["d", "e"].map((name) => rowOf("reg.test", name, sound)),
      rowOf("else.test", "f", { cause: "TagNotFound" }),
    ]);
    assert.deepEqual(
      reports.map(({ namespace, name, scope, summary }) => ({ namespace, name, scope, summary })),
      [
        {
          ...{ namespace: "", name: "pullguard-audit-0", scope: undefined },
          summary: { pass: 2, skip: 0, fail: 1, error: 1, warn: 0 },
        },
      ],
    );
    assert.deepEqual(results[0]?.properties, {
      ...{ registry: "bad.test", images: "2", workloads: "2", namespaces: "bank,shop" },
      ...{ firstSeen: "2025-12-01T00:00:00.000Z", fix: "Push it." },
    });
    assert.deepEqual(results[0]?.timestamp, { seconds: Date.parse("2025-12-01T00:00:00Z") / 1000, nanos: 0 });
    assert.match(String(results[0]?.message), /^bad\.test: .*not trust.* Seen: there is no tag v1$/);
  });

  const ends: readonly (readonly [string, ExpiryForecast, readonly (readonly string[])[]])[] = [
    [
      "that ends soon",
      ending("certificate", "reg.test: CN=reg", "2026-03-10T00:00:00Z"),
      [["ExpiresSoon", "warn", "medium"]],
    ],
    [
      "that ends now",
      ending("authority", "reg.test: CN=ca", "2026-03-02T00:00:00Z"),
      [["ExpiresSoon", "warn", "high"]],
    ],
    [
      "that has ended",
      ending("intermediate", "reg.test: CN=mid", "2026-02-02T00:00:00Z"),
      [["Expired", "fail", "high"]],
    ],
    ["that lasts", ending("certificate", "reg.test: CN=reg", "2026-09-10T00:00:00Z"), []],
    ["whose end is not visible", ending("credential", "/var/lib/kubelet/config.json (reg.test)", null), []],
    [
      "of the nodes",
      ending("credential", "/var/lib/kubelet/config.json (reg.test)", "2026-03-10T00:00:00Z"),
      [["ExpiresSoon", "warn", "medium"]],
    ],
    ["of one namespace", ending("credential", "Secret shop/login (reg.test)", "2026-03-10T00:00:00Z"), []],
  ];
  for (const [name, given, want] of ends) {
    it(`look at a certificate or credential ${name}`, () => {
      const { told, reports } = resultsOf([rowOf("reg.test", "a", sound)], [given]);
      assert.deepEqual(told, want);
      assert.equal(reports[0]?.summary.pass, want.length === 0 ? 1 : 0);
    });
  }

  it("are bounded each, however many registries are down", () => {
    const many = Array.from({ length: 1_200 }, (_, index) => rowOf(`reg${index}.test`, "a", down));
    const { reports, results } = resultsOf(many);
    assert.equal(results.length, 1_200);
    assert.equal(reports.length, 3);
    assert.equal(
      reports.reduce((sum, { summary }) => sum + summary.error, 0),
      1_200,
    );
  });

  it("are empty, and there, where nothing is wrong: what was said is taken back", () => {
    const { reports } = resultsOf([rowOf("reg.test", "a", sound)]);
    assert.deepEqual(reports[0]?.summary, { pass: 1, skip: 0, fail: 0, warn: 0, error: 0 });
    assert.deepEqual(reports[0]?.results, []);
  });
});
