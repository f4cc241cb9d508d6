import assert from "node:assert/strict";
import type { MutateDeps } from "../../src/admission/index.js";
import type { OpenPolicy } from "../../src/bin/policy.js";
import { systemClock } from "../../src/bin/system.js";
import { clusterPullSecrets, clusterSecretSource, loadCluster } from "../../src/cluster/index.js";
import { writtenImagesAnnotation } from "../../src/mutation/index.js";
import { at, loadObjects } from "../manifests/objects.js";
import { eventually, type KubeObject, objectPath } from "../support/kube/index.js";
import { basicHost, deployment, privateImage, pullSecret, templateKinds, workload } from "./objects.js";
import { quietly, type World } from "./world.js";

/** One object of the component for mutation. */
function component(kind: string): KubeObject {
  const found = loadObjects("manifests/mutation").find((object) => object.kind === kind);
  if (found === undefined) throw new Error(`the component has no ${kind}`);
  return found.value;
}

/** What the webhook changes with, as Pullguard's own ServiceAccount. */
export function mutationOf({ pullguardKubeconfig }: World, policy: OpenPolicy): Omit<MutateDeps, "check" | "clock"> {
  const access = loadCluster({ kind: "file", path: pullguardKubeconfig });
  assert.ok(access);
  return {
    ...policy.mutation,
    secrets: clusterSecretSource({ access, clock: systemClock, foundMs: 0, missingMs: 0 }),
    listPullSecrets: clusterPullSecrets({ access, clock: systemClock }),
  };
}

/** Gives the rights of the component, and has the API server ask for changes in namespaces with a label. */
export async function connectMutation(
  { admin }: World,
  clientConfig: { readonly url: string; readonly caBundle: unknown },
  matchLabels: Readonly<Record<string, string>>,
): Promise<void> {
  for (const kind of ["ClusterRole", "ClusterRoleBinding"]) await quietly(admin.apply(component(kind)));
  const configured = component("MutatingWebhookConfiguration");
  const [webhook] = at(configured, "webhooks") as readonly object[];
  await quietly(
    admin.apply({ ...configured, webhooks: [{ ...webhook, clientConfig, namespaceSelector: { matchLabels } }] }),
  );
}

export async function disconnectMutation({ admin }: World): Promise<void> {
  for (const kind of ["MutatingWebhookConfiguration", "ClusterRole", "ClusterRoleBinding"]) {
    await admin.remove(component(kind));
  }
}

const everything = { addPullSecret: {}, pinDigest: {}, setPullPolicy: { digest: "IfNotPresent" } };
const okImage = "ok.test/team/app:v1";
const pinned = /^ok\.test\/team\/app:v1@sha256:[0-9a-f]{64}$/;

/**
 * What becomes of objects that pass through the mutating webhook and then the validating one.
 * @param use  puts a PullguardConfig in force
 */
export function mutationTests(
  world: () => World,
  shop: (labels?: Readonly<Record<string, string>>) => Promise<string>,
  use: (spec: object) => Promise<void>,
): void {
  describe("with mutations", () => {
    const specOf = (object: KubeObject): unknown => {
      const spec = object.kind === "PodTemplate" ? at(object, "template", "spec") : at(object, "spec");
      return at(spec, "jobTemplate", "spec", "template", "spec") ?? at(spec, "template", "spec") ?? spec;
    };

    it("are off: nothing is changed", async () => {
      await use({ defaults: { unpullable: ["Deny"] } });
      const { status, warnings, body } = await world().admin.create(deployment(await shop(), okImage));
      assert.deepEqual({ status, warnings }, { status: 201, warnings: [] });
      assert.equal(at(specOf(body), "containers", 0, "image"), okImage);
    });

    for (const kind of ["Pod", ...templateKinds]) {
      it(`opens a private image of a ${kind}, pins it and sets its policy, and validation sees that`, async () => {
        await use({ defaults: { unpullable: ["Deny"] }, mutations: everything });
        const name = await shop();
        await quietly(world().admin.apply(pullSecret(name, "login")));
        const { status, warnings, body } = await world().admin.create(workload(kind, name, privateImage));
        assert.equal(status, 201, body.message);
        assert.equal(warnings.filter((warning) => warning.startsWith("pullguard ")).length, 3, warnings.join("\n"));
        assert.deepEqual(at(specOf(body), "imagePullSecrets"), [{ name: "login" }]);
        const image = String(at(specOf(body), "containers", 0, "image"));
        assert.match(image, /^basic\.test\/team\/app:v1@sha256:[0-9a-f]{64}$/);
        assert.equal(at(specOf(body), "containers", 0, "imagePullPolicy"), "IfNotPresent");
        const names = at(body, "metadata", "annotations", writtenImagesAnnotation);
        assert.equal(names, JSON.stringify({ [image]: privateImage }));
      });
    }

    it("a dry run shows the changed object and stores nothing", async () => {
      await use({ mutations: everything });
      const web = deployment(await shop(), okImage);
      const { status, warnings, body } = await world().admin.create(web, "dryRun=All");
      assert.equal(status, 201, body.message);
      assert.match(String(at(specOf(body), "containers", 0, "image")), pinned);
      assert.equal(warnings.length, 2, warnings.join("\n"));
      assert.equal((await world().admin.call("GET", objectPath(web))).status, 404);
    });

    it("an update of a Pod changes the image alone, and the API server takes it", async () => {
      await use({ mutations: everything });
      const { admin } = world();
      const name = await shop();
      const pod = workload("Pod", name, okImage);
      await admin.create(pod);
      const change = [{ op: "replace", path: "/spec/containers/0/image", value: "ok.test/team/app:v2" }];
      const { status, body } = await admin.call("PATCH", objectPath(pod), change, "application/json-patch+json");
      assert.equal(status, 200, body.message);
      assert.match(String(at(specOf(body), "containers", 0, "image")), /^ok\.test\/team\/app:v2@sha256:/);
    });

    it("an update of a Job leaves its template, which is immutable, as it is", async () => {
      await use({});
      const { admin } = world();
      const job = workload("Job", await shop(), okImage);
      // Of a suspended Job the nodes may be changed, by which its images are looked at anew.
      const suspended = { ...job, spec: { ...(job.spec as object), suspend: true } };
      await quietly(admin.create(suspended));
      await use({ mutations: everything });
      const { status, body } = await admin.patch(job, {
        spec: { template: { spec: { nodeSelector: { pool: "shop" } } } },
      });
      assert.equal(status, 200, body.message);
      assert.equal(at(specOf(body), "containers", 0, "image"), okImage);
    });

    it("applying the same object again brings nothing new", async () => {
      await use({ mutations: everything });
      const { admin } = world();
      const web = deployment(await shop(), okImage);
      const first = await admin.apply(web);
      const second = await admin.apply(web);
      assert.equal(second.status, 200, second.body.message);
      assert.equal(at(second.body, "metadata", "generation"), at(first.body, "metadata", "generation"));
      assert.equal(at(second.body, "metadata", "resourceVersion"), at(first.body, "metadata", "resourceVersion"));
    });

    it("an image by digest comes from a mirror while its origin is away, and one by tag does not", async () => {
      const { admin } = world();
      await use({ mutations: { pinDigest: {} } });
      const [name] = [await shop()];
      const { body: known } = await admin.create(deployment(name, okImage), "dryRun=All");
      const digest = String(at(specOf(known), "containers", 0, "image")).split("@")[1] ?? "";
      const mirrors = [{ prefix: "gone.test/acme", mirror: "ok.test/team" }];
      await use({ mutations: { useMirror: {} }, registries: { mirrors } });
      const { body, warnings } = await admin.create(deployment(name, `gone.test/acme/app@${digest}`), "dryRun=All");
      assert.equal(at(specOf(body), "containers", 0, "image"), `ok.test/team/app@${digest}`);
      assert.match(warnings.join("\n"), /^pullguard took .* from the mirror ok\.test\/team\/app@sha256:/);
      assert.equal(warnings.length, 1, "validation sees an image that can be pulled");
      const tagged = await admin.create(deployment(name, "gone.test/acme/app:v1"), "dryRun=All");
      assert.equal(at(specOf(tagged.body), "containers", 0, "image"), "gone.test/acme/app:v1");
    });

    for (const query of ["", "&dryRun=All"]) {
      it(`server-side apply without force goes on being possible${query === "" ? "" : " as a dry run"}`, async () => {
        await use({ mutations: everything });
        const { admin } = world();
        const name = await shop();
        await quietly(admin.apply(pullSecret(name, "login")));
        const web = deployment(name, privateImage);
        const path = `${objectPath(web)}?fieldManager=shop${query}`;
        for (const expected of query === "" ? [201, 200, 200] : [201, 201]) {
          const { status, body } = await admin.call("PATCH", path, web, "application/apply-patch+yaml");
          assert.equal(status, expected, body.message);
        }
      });
    }

    it("without the right to list Secrets nothing is added, and the warning names the right", async () => {
      await use({ mutations: { addPullSecret: {} } });
      const { admin, pullguard } = world();
      const binding = component("ClusterRoleBinding");
      const name = await shop();
      await quietly(admin.apply(pullSecret(name, "login")));
      await quietly(admin.remove(binding));
      try {
        await eventually("the right is gone", async () => {
          const { status } = await pullguard.call("GET", `/api/v1/namespaces/${name}/secrets`);
          return status === 403 ? true : undefined;
        });
        const { status, warnings, body } = await admin.create(deployment(name, privateImage), "dryRun=All");
        assert.equal(status, 201, body.message);
        assert.equal(at(specOf(body), "imagePullSecrets"), undefined);
        assert.match(warnings.join("\n"), /no permission to list secrets in namespace "shop-/);
        assert.match(warnings.join("\n"), new RegExp(`PullSecretMissing: .*${basicHost} wants credentials`));
      } finally {
        await quietly(admin.apply(binding));
      }
    });
  });
}
