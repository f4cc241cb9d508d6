import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at } from "../manifests/objects.js";
import { createAuthority } from "../support/authority.js";
import { type ChartValues, chartMatrix, objectsOf } from "../support/chart/index.js";
import { eventually, type KubeObject, objectPath } from "../support/kube/index.js";
import { foreignDefinitions } from "./chart-definitions.js";
import type { ChartWorld } from "./chart-world.js";
import { quietly } from "./world.js";

const namespaces = ["images", "agents", "pullguard-node-agent"];

/** Every way to install, as the API server's own schema sees it; and the same by kustomize. */
export function chartMatrixTests(world: () => ChartWorld): void {
  describe("its objects", () => {
    let caPem = "";
    before(async () => {
      caPem = (await createAuthority("Provided")).certificatePem;
      const { admin } = world().kube;
      for (const name of namespaces)
        await quietly(admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
      const own = objectsOf(await world().helm.template({})).filter(({ kind }) => kind === "CustomResourceDefinition");
      for (const definition of [...foreignDefinitions, ...own]) {
        await quietly(admin.apply(definition));
        await eventually(`${definition.metadata?.name} is served`, async () => {
          const { body } = await admin.call("GET", objectPath(definition));
          const conditions = (at(body, "status", "conditions") ?? []) as readonly { type: string; status: string }[];
          return conditions.some(({ type, status }) => type === "Established" && status === "True") ? true : undefined;
        });
      }
    });
    after(async () => {
      const { admin } = world().kube;
      const own = objectsOf(await world().helm.template({})).filter(({ kind }) => kind === "CustomResourceDefinition");
      for (const definition of own) await admin.remove(definition);
    });

    // The names are known before there is an authority.
    for (const [index, { name }] of chartMatrix("").entries()) {
      it(`are taken by the API server without a word: ${name}`, async () => {
        const { kube, helm } = world();
        const values = chartMatrix(caPem)[index]?.values ?? {};
        const objects = objectsOf(await helm.template(values, { name: "pullguard", namespace: "images" }));
        for (const object of objects) {
          const { status, warnings, body } = await kube.admin.apply(object, "dryRun=All");
          assert.ok(status < 300, `${object.kind} ${object.metadata?.name}: ${status} ${body.message}`);
          assert.deepEqual(warnings, [], `${object.kind} ${object.metadata?.name}`);
        }
      });
    }

    for (const { component, values, without } of modes) {
      it(`are those of kustomize with the component ${component}`, async () => {
        const { helm, kube, kubectl } = world();
        const folder = mkdtempSync(join(kube.folder, "kustomize-"));
        cpSync("manifests", join(folder, "manifests"), { recursive: true });
        mkdirSync(join(folder, "certs"));
        cpSync("certs/kustomization.yaml", join(folder, "certs/kustomization.yaml"));
        for (const file of ["tls.crt", "tls.key", "ca.crt"]) writeFileSync(join(folder, "certs", file), caPem);
        const components = ["mutation", "events", "monitoring", component].map((each) => `../manifests/${each}`);
        mkdirSync(join(folder, "overlay"));
        const overlay = { resources: ["../manifests"], components };
        writeFileSync(join(folder, "overlay/kustomization.yaml"), JSON.stringify(overlay));
        const kustomized = execFileSync(kubectl, ["kustomize", join(folder, "overlay")], { encoding: "utf8" });
        const wanted = await helm.template({ ...switchedOn, ...values(caPem) }, { kubeVersion: "1.21.0" });
        const found = objectsOf(kustomized).filter(({ kind }) => kind !== without);
        assert.deepEqual(comparable(found), comparable(objectsOf(wanted)));
      });
    }
  });
}

const switchedOn: ChartValues = {
  ...{ namespace: { create: true }, crds: { keep: false }, mutation: { enabled: true }, events: { enabled: true } },
  metrics: { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true }, dashboard: { enabled: true } },
};

interface ModeCase {
  readonly component: string;
  readonly values: (caPem: string) => ChartValues;
  /** A kind that kustomize makes and the chart expects to be there. */
  readonly without?: string;
}

const modes: readonly ModeCase[] = [
  { component: "watch-pulls", values: () => ({ watchPulls: { enabled: true } }) },
  { component: "node-binding", values: () => ({ nodeAgent: { bindToNode: true } }) },
  { component: "cert-manager", values: () => ({ certificates: { mode: "certManager" } }) },
  {
    component: "provided-certificates",
    values: (caPem) => ({ certificates: { mode: "provided", provided: { caBundle: caPem } } }),
    without: "Secret",
  },
];

const releaseLabel = /^(app\.kubernetes\.io\/(instance|version|managed-by)|helm\.sh\/chart)$/;

/** Objects by kind and name, without what tells of a helm release, and base64 without the line breaks of kustomize. */
function comparable(objects: readonly KubeObject[]): Readonly<Record<string, unknown>> {
  const entries = objects.map((object) => [`${object.kind} ${object.metadata?.name}`, object] as const);
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.parse(
    JSON.stringify(Object.fromEntries(sorted), (key, value) => {
      if (releaseLabel.test(key)) return undefined;
      return key === "caBundle" ? String(value).replaceAll(/\s/g, "") : value;
    }),
  );
}
