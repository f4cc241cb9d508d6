import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { at } from "../manifests/objects.js";
import { createAuthority } from "../support/authority.js";
import { type ChartValues, chartFolder } from "../support/chart/index.js";
import { eventually, type KubeClient } from "../support/kube/index.js";
import {
  type ChartWorld,
  createWorkload as create,
  install,
  listObjects,
  makeNamespace,
  release,
  uninstall,
} from "./chart-world.js";

/** What a cluster can do while no replica is there, and what is left when Pullguard is gone. */
export function deadlockTests(world: () => ChartWorld): void {
  describe("while all replicas are down", () => {
    const namespace = "down";
    const agents = "down-agents";
    const values = {
      nodeAgent: { namespace: agents },
      webhook: { exemptNamespaces: ["cni-system"] },
      crds: { keep: false },
    };

    before(async () => {
      const { admin } = world().kube;
      for (const name of [namespace, "shop", "cni-system"]) await makeNamespace(admin, name);
    });
    after(() => uninstall(world(), namespace));

    it("objects can be created everywhere, as failurePolicy is Ignore unless told otherwise", async () => {
      await install(world(), namespace, { ...values, mutation: { enabled: true } });
      const { admin } = world().kube;
      for (const name of ["shop", "kube-system", namespace])
        assert.equal((await create(admin, name)).status, 201, name);
    });

    it("with failurePolicy Fail, objects of system namespaces, Pullguard's own and exempt ones can", async () => {
      await install(world(), namespace, merged(values, { webhook: { failurePolicy: "Fail" } }));
      const { admin } = world().kube;
      const refused = await eventually("a workload of people is refused", async () => {
        const answer = await create(admin, "shop");
        return answer.status === 201 ? undefined : answer;
      });
      assert.equal(refused.status, 500);
      assert.match(refused.body.message ?? "", /failed calling webhook "images\.pullguard\.dev"/);
      const exempt = ["kube-system", "kube-public", "kube-node-lease", namespace, agents, "cni-system"];
      for (const name of exempt) assert.equal((await create(admin, name)).status, 201, name);
    });

    it("with failurePolicy Fail, Pullguard itself can be started, changed and removed", async () => {
      const { admin } = world().kube;
      const [deployment] = await listObjects(admin, "/apis/apps/v1/namespaces/down/deployments");
      const pod = { ...(at(deployment, "spec", "template") as object), apiVersion: "v1", kind: "Pod" };
      const metadata = { name: "pullguard-0", namespace, labels: { "app.kubernetes.io/name": "pullguard" } };
      const answer = await admin.create({ ...pod, metadata });
      assert.equal(answer.status, 201, answer.body.message);
      const { code, stderr } = await world().helm.run(
        ...["upgrade", release, chartFolder, "-n", namespace, "--reuse-values", "--set", "replicaCount=3"],
      );
      assert.equal(code, 0, stderr);
    });

    it("after helm uninstall everything can be created, and nothing is left but the definitions that are kept", async () => {
      const { admin } = world().kube;
      await uninstall(world(), namespace);
      await eventually("no webhook is asked", async () =>
        (await create(admin, "shop")).status === 201 ? true : undefined,
      );
      assert.deepEqual(await leftovers(admin, namespace, agents), []);
      await install(
        world(),
        namespace,
        merged(values, { crds: { keep: true }, nodeAgent: { namespace: "kept-agents" } }),
      );
      await uninstall(world(), namespace);
      const kept = [
        "CustomResourceDefinition nodepullprofiles.pullguard.dev",
        "CustomResourceDefinition pullguardconfigs.pullguard.dev",
      ];
      assert.deepEqual(await leftovers(admin, namespace, "kept-agents"), kept);
    });
  });

  describe("kubectl apply -k", () => {
    it("needs nothing but the manifests, leaves a caBundle alone, and delete -k leaves nothing", async () => {
      const { kube, kubectl } = world();
      const { admin } = kube;
      const environment = { PATH: process.env.PATH ?? "/usr/bin:/bin", HOME: kube.folder };
      const flags = ["--kubeconfig", kube.writeKubeconfig("kustomize", kube.adminAccess)];
      const run = (...args: readonly string[]) =>
        promisify(execFile)(kubectl, [...flags, ...args], { env: environment });
      await run("apply", "-k", "manifests");
      const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/pullguard";
      const caBundle = Buffer.from((await createAuthority("Own")).certificatePem).toString("base64");
      const add = [0, 1].map((index) => ({
        op: "add",
        path: `/webhooks/${index}/clientConfig/caBundle`,
        value: caBundle,
      }));
      const patched = await admin.call("PATCH", path, add, "application/json-patch+json");
      assert.equal(patched.status, 200, patched.body.message);
      for (const how of [[], ["--server-side", "--force-conflicts"], ["--server-side"]]) {
        await run("apply", "-k", "manifests", ...how);
        const { body } = await admin.call("GET", path);
        for (const index of [0, 1]) assert.equal(at(body, "webhooks", index, "clientConfig", "caBundle"), caBundle);
      }
      await run("delete", "-k", "manifests", "--wait=false");
      await eventually("everything is gone", async () =>
        (await leftovers(admin, "pullguard-system", "pullguard-node-agent")).length === 0 ? true : undefined,
      );
    });
  });
}

/** Values of two objects, one level deep. */
function merged(a: Readonly<Record<string, object>>, b: Readonly<Record<string, object>>): ChartValues {
  return { ...a, ...Object.fromEntries(Object.entries(b).map(([key, value]) => [key, { ...a[key], ...value }])) };
}

const clusterWide = [
  ...[
    "admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "apiextensions.k8s.io/v1/customresourcedefinitions",
  ],
  ...["admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", "rbac.authorization.k8s.io/v1/clusterroles"],
  "rbac.authorization.k8s.io/v1/clusterrolebindings",
];
const namespaced = [
  ...[
    "apps/v1 deployments",
    "apps/v1 daemonsets",
    "policy/v1 poddisruptionbudgets",
    "v1 services",
    "v1 serviceaccounts",
  ],
  ...["v1 configmaps", "v1 secrets", "networking.k8s.io/v1 networkpolicies", "rbac.authorization.k8s.io/v1 roles"],
  ...["rbac.authorization.k8s.io/v1 rolebindings", "coordination.k8s.io/v1 leases"],
];

/** Whatever is called pullguard, or lies in these namespaces and is not of the tests or of helm. */
async function leftovers(admin: KubeClient, ...namespaces: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of clusterWide) {
    const objects = await listObjects(admin, `/apis/${path}`);
    const kind = path.endsWith("customresourcedefinitions") ? "CustomResourceDefinition" : path;
    found.push(...objects.map(({ metadata }) => `${kind} ${metadata?.name}`).filter((name) => /pullguard/.test(name)));
  }
  for (const namespace of namespaces) {
    for (const resource of namespaced) {
      const [version = "", plural = ""] = resource.split(" ");
      const root = version === "v1" ? "/api/v1" : `/apis/${version}`;
      const objects = await listObjects(admin, `${root}/namespaces/${namespace}/${plural}`);
      const own = objects
        .map(({ metadata }) => metadata?.name ?? "")
        .filter((name) => !/^(web-|kube-root-ca|default$)/.test(name));
      found.push(...own.map((name) => `${plural} ${namespace}/${name}`));
    }
  }
  return found.sort();
}
