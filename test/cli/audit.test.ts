import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { AuditedObject } from "../../src/audit/index.js";
import { type AuditedCluster, type ChosenCluster, runCli } from "../../src/cli/index.js";
import { inMemorySecretSource } from "../../src/credentials/index.js";
import type { Finding } from "../../src/findings/index.js";
import { audited } from "../audit/objects.js";
import { fakeIo } from "./fake-io.js";

const digest = `sha256:${"1".repeat(64)}`;
const objects = [
  audited("Deployment", "good", { containers: ["app=ok.test/app:v1"] }),
  audited("Deployment", "bad", { containers: ["app=ok.test/gone:v1", "twin=ok.test/gone:v1"] }),
  audited("Deployment", "bad", { containers: ["app=ok.test/gone:v1"], namespace: "other" }),
  audited("StatefulSet", "doubtful", { containers: ["app=slow.test/app:v1"] }),
  audited("DaemonSet", "never", { containers: ["app=ok.test/local:v1"], policy: "Never" }),
];

function judge(image: string): Partial<Finding> {
  if (image.includes("gone")) {
    const what = { cause: "TagNotFound", message: "ok.test has no tag v1", fix: "Push it." } as const;
    return { verdict: "unpullable", ...what, kubelet: { reason: "ErrImagePull" } };
  }
  if (image.includes("slow")) {
    return { verdict: "unknown", cause: "RegistryTimeout", message: "no answer", fix: null };
  }
  if (image.includes("local")) {
    const what = { cause: "ImageNeverPulledAbsent", message: "is not on node-a", fix: "Load it." } as const;
    return { verdict: "unpullable", ...what, kubelet: { reason: "ErrImageNeverPull" } };
  }
  return { verdict: "pullable", cause: null, message: "can be pulled", fix: null, digest };
}

function clusterOf(all: readonly AuditedObject[], over: Partial<AuditedCluster> = {}): AuditedCluster {
  return {
    server: "https://api",
    namespace: "shop",
    secrets: inMemorySecretSource({ secrets: [], serviceAccounts: [], absent: { kind: "not-found" } }),
    listNodes: async () => ({ problem: "no permission" }),
    listAudited: async (namespace) => ({
      objects: all.filter((object) => namespace === undefined || object.namespace === namespace),
      missing: [],
    }),
    namespaceExists: async () => true,
    ...over,
  };
}

function ioOf(cluster: AuditedCluster | undefined = clusterOf(objects)) {
  return fakeIo({ judge, deps: { openAuditedCluster: async () => cluster } });
}

interface Row {
  readonly workload: { readonly kind: string; readonly namespace: string; readonly name: string };
  readonly risk: string;
  readonly verdict: string;
  readonly containers: readonly string[];
  readonly notes: readonly { readonly kind: string; readonly cause?: string }[];
}

describe("pullguard audit", () => {
  it("prints what is at risk first, why, and what to do", async () => {
    const io = ioOf();
    assert.equal(await runCli(["audit", "-A"], io), 1);
    const lines = io.out().split("\n");
    assert.match(lines[0] ?? "", /^RISK +NAMESPACE +WORKLOAD +CONTAINER +IMAGE +CAUSE +PODS +SEE$/);
    assert.match(lines[1] ?? "", /^FAILS +other +deployment\/bad +app +ok\.test\/gone:v1 +TagNotFound +0 +\[1\]$/);
    assert.match(lines[2] ?? "", /^FAILS +shop +deployment\/bad +app,twin +ok\.test\/gone:v1 +TagNotFound +0 +\[1\]$/);
    assert.match(lines[3] ?? "", /^MAY FAIL +shop +statefulset\/doubtful .* RegistryTimeout +0 +\[2\]$/);
    assert.match(lines[4] ?? "", /^LOOK +shop +daemonset\/never .* PullPolicyNever/);
    assert.match(
      io.out(),
      /\[1\] ok\.test\/gone:v1: TagNotFound \(2 workloads\)\n {4}ok\.test has no tag v1\n {4}Fix: Push it\./,
    );
    assert.match(io.out(), /5 workloads with 4 images, 0 running Pods; 3 at risk; 1 to look at\n$/);
    assert.doesNotMatch(io.out(), /ok\.test\/app:v1/);
    assert.match(io.err(), /nodes of the cluster are not known: no permission/);
  });

  it("shows what is at no risk with --all", async () => {
    const io = ioOf();
    await runCli(["audit", "-A", "--all"], io);
    assert.match(io.out(), /^ok +shop +deployment\/good /m);
  });

  it("writes a page for browsers", async () => {
    const io = ioOf();
    assert.equal(await runCli(["audit", "-A", "-o", "html"], io), 1);
    assert.match(io.out(), /^<!doctype html>/);
    assert.match(io.out(), /statefulset\/doubtful/);
  });

  it("writes JSON as the schema has it, one row for each image of each workload", async () => {
    const io = ioOf();
    assert.equal(await runCli(["audit", "-A", "-o", "json"], io), 1);
    const report = JSON.parse(io.out()) as { readonly workloads: readonly Row[]; readonly summary: object };
    const schema = JSON.parse(readFileSync("docs/audit-report.schema.json", "utf8")) as object;
    const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, validateFormats: false });
    assert.ok(ajv.validate(schema, report), JSON.stringify(ajv.errors));
    assert.deepEqual(
      report.workloads.map(({ workload, risk, verdict }) => [`${workload.namespace}/${workload.name}`, risk, verdict]),
      [
        ["other/bad", "fails", "unpullable"],
        ["shop/bad", "fails", "unpullable"],
        ["shop/doubtful", "may-fail", "unknown"],
        ["shop/never", "attention", "skipped"],
        ["shop/good", "none", "pullable"],
      ],
    );
    assert.deepEqual(report.workloads[1]?.containers, ["app", "twin"]);
    assert.deepEqual(
      report.workloads[3]?.notes.map(({ cause }) => cause),
      ["ImageNeverPulledAbsent"],
    );
  });

  it("asks every distinct question once, and none that presence or IfNotPresent would excuse", async () => {
    const twins = Array.from({ length: 20 }, (_, index) =>
      audited("Deployment", `web-${index}`, { policy: "IfNotPresent" }),
    );
    const io = ioOf(clusterOf(twins));
    assert.equal(await runCli(["audit", "-A"], io), 0);
    const workloads = io.inputs.flatMap((input) => input.workloads);
    assert.equal(workloads.length, 1);
    assert.deepEqual(
      workloads[0]?.pod.images.map(({ pullPolicy }) => pullPolicy),
      ["Always"],
    );
    assert.equal(io.setups[0]?.completedPods, true);
  });

  it("tells what ends by itself, and of which namespace it speaks", async () => {
    const expires = new Date(Date.now() + 86_400_000).toISOString();
    const forecast = { what: "certificate", registry: "ok.test", name: "ok.test: CN=ok", expires, note: null } as const;
    const io = ioOf(clusterOf(objects.slice(0, 1)));
    const { openCheck } = io.deps;
    const deps = {
      ...io.deps,
      openCheck: async (setup: Parameters<typeof openCheck>[0]) => ({
        ...(await openCheck(setup)),
        forecast: async () => [forecast],
      }),
    };
    assert.equal(await runCli(["audit"], { ...io, deps }), 0);
    assert.match(io.out(), /^LOOK +shop +deployment\/good .* ExpiresSoon/m);
    assert.match(io.out(), /Expiry:\n {2}\S+ {2}certificate {2}ok\.test {2}ok\.test: CN=ok/);
    assert.match(io.err(), /namespace shop only/);
  });

  const namespaces: readonly (readonly [string, readonly string[], number])[] = [
    ["the context's namespace", [], 4],
    ["a namespace by name", ["-n", "other"], 1],
    ["all namespaces", ["--all-namespaces"], 5],
  ];
  for (const [name, argv, want] of namespaces) {
    it(`looks at ${name}`, async () => {
      const io = ioOf();
      await runCli(["audit", ...argv, "-o", "json"], io);
      assert.equal((JSON.parse(io.out()) as { readonly workloads: readonly Row[] }).workloads.length, want);
    });
  }

  const codes: readonly (readonly [string, readonly AuditedObject[], readonly string[], number])[] = [
    ["nothing is wrong", objects.slice(0, 1), [], 0],
    ["nothing runs", [], [], 0],
    ["something is unpullable", objects, [], 1],
    ["something is unknown", objects.slice(3, 4), [], 3],
    ["something is unknown and only unpullable counts", objects.slice(3, 4), ["--fail-on", "unpullable"], 0],
    ["nothing counts", objects, ["--fail-on", "never"], 0],
  ];
  for (const [name, all, argv, want] of codes) {
    it(`exits with ${want} where ${name}`, async () => {
      assert.equal(await runCli(["audit", "-A", ...argv], ioOf(clusterOf(all))), want);
    });
  }

  it("refuses what cannot be meant or done", async () => {
    const io = ioOf();
    assert.equal(await runCli(["audit", "-A", "-n", "shop"], io), 2);
    assert.match(io.err(), /exclude each other/);
    const nowhere = fakeIo({ deps: { openAuditedCluster: async () => undefined } });
    assert.equal(await runCli(["audit"], nowhere), 2);
    assert.match(nowhere.err(), /no cluster is configured/);
    const failure = 'no permission to list anything that runs in namespace "shop" (403 for pods)';
    const blind = ioOf(clusterOf([], { listAudited: async () => ({ objects: [], missing: [], failure }) }));
    assert.equal(await runCli(["audit"], blind), 2);
    assert.match(blind.err(), /no permission to list .* "shop"/);
    assert.equal(blind.out(), "");
  });

  for (const all of [objects.slice(0, 1), []]) {
    it(`leaves out what must not be listed and says so, with ${all.length} objects of other kinds`, async () => {
      const reason = 'no permission to list podtemplates in namespace "shop" (403)';
      const missing = [{ plural: "podtemplates", reason }];
      const cluster = clusterOf(all, { listAudited: async () => ({ objects: all, missing }) });
      const io = ioOf(cluster);
      assert.equal(await runCli(["audit", "-o", "json"], io), 0);
      assert.ok(io.err().includes(`note: ${reason}; they are left out\n`));
      const { notListed } = JSON.parse(io.out()) as { readonly notListed: unknown };
      assert.deepEqual(notListed, [{ resource: "podtemplates", reason }]);
      const page = ioOf(cluster);
      assert.equal(await runCli(["audit", "-o", "html"], page), 0);
      assert.match(page.out(), /Left out<\/dt><dd>no permission to list podtemplates/);
    });
  }

  const empties: readonly (readonly [string, boolean | undefined, number, RegExp])[] = [
    ["does not exist", false, 2, /namespace "nowhere" does not exist$/m],
    ["exists", true, 0, /^note: no workloads in namespace "nowhere"$/m],
    ["may exist", undefined, 0, /^note: no workloads in namespace "nowhere" \(does it exist\?\)$/m],
  ];
  for (const [name, exists, want, said] of empties) {
    it(`exits with ${want} for a namespace without workloads that ${name}`, async () => {
      const io = ioOf(clusterOf(objects, { namespaceExists: async () => exists }));
      assert.equal(await runCli(["audit", "-n", "nowhere"], io), want);
      assert.match(io.err(), said);
      assert.doesNotMatch(io.out(), /none is at risk/);
    });
  }

  it("takes the kubeconfig and the context that are named", async () => {
    const chosen: unknown[] = [];
    const deps = {
      openAuditedCluster: async ({ kubeconfig, context }: ChosenCluster) => {
        chosen.push([kubeconfig, context]);
        return clusterOf(objects.slice(0, 1));
      },
    };
    assert.equal(await runCli(["audit", "--kubeconfig", "file", "--context", "far"], fakeIo({ judge, deps })), 0);
    assert.deepEqual(chosen, [["file", "far"]]);
  });
});
