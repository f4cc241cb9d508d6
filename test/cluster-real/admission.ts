import assert from "node:assert/strict";
import { at } from "../manifests/objects.js";
import { collectionPath, eventually, type KubeAnswer, type KubeObject, objectPath } from "../support/kube/index.js";
import {
  basicHost,
  bearerHost,
  deployment,
  privateImage,
  pullSecret,
  serviceAccount,
  templateKinds,
  workload,
} from "./objects.js";
import { type NamespaceWish, quietly, type World } from "./world.js";

const withLogin: NamespaceWish = { pullSecrets: ["login"], objects: (namespace) => [pullSecret(namespace, "login")] };

/** What a person sees of an answer. */
function seen({ status, warnings, body }: KubeAnswer): object {
  return status < 300 ? { status, warnings } : { status, warnings, message: body.message };
}

const accepted = { status: 201, warnings: [] };

function assertDenied(answer: KubeAnswer, cause: string): string {
  const message = answer.body.message ?? "";
  assert.equal(answer.status, 403, JSON.stringify(seen(answer)));
  assert.equal(answer.body.reason, "Forbidden");
  assert.match(message, /^admission webhook "images\.pullguard\.dev" denied the request: pullguard found an image/);
  assert.match(message, new RegExp(`\\n- ${cause}: `));
  return message;
}

function onlyWarning(answer: KubeAnswer): string {
  assert.ok(answer.status < 300, JSON.stringify(seen(answer)));
  assert.equal(answer.warnings.length, 1, JSON.stringify(seen(answer)));
  return answer.warnings[0] ?? "";
}

function assertWarned(answer: KubeAnswer, cause: string): string {
  const warning = onlyWarning(answer);
  assert.ok(warning.startsWith(`${cause}: `), warning);
  return warning;
}

/** What the API server tells a person who applies a workload. */
export function admissionTests(world: () => World): void {
  describe("a workload whose ServiceAccount lists the right Secret", () => {
    it("is accepted without a word before any Pod exists, on the strength of that Secret", async () => {
      const { admin, lab, namespace } = world();
      const shop = await namespace(withLogin);
      lab.reset();
      assert.deepEqual(seen(await admin.create(deployment(shop))), accepted);
      const answered = lab.requestsOf(basicHost).filter(({ authorization }) => authorization === "basic");
      assert.ok(answered.length > 0, "the registry was asked with the Secret's user");
      const pods = await admin.call("GET", `/api/v1/namespaces/${shop}/pods`);
      assert.deepEqual(pods.body.items, []);
    });

    for (const kind of templateKinds) {
      it(`is accepted as ${kind}, and denied for a tag that does not exist`, async () => {
        const { admin, namespace } = world();
        const shop = await namespace(withLogin);
        assertDenied(await admin.create(workload(kind, shop, `${basicHost}/team/app:v9`)), "TagNotFound");
        assert.deepEqual(seen(await admin.create(workload(kind, shop))), accepted);
      });
    }

    it("is accepted with a ServiceAccount of another name, and denied with the default one beside it", async () => {
      const { admin, namespace } = world();
      const shop = await namespace({
        objects: (name) => [pullSecret(name, "login"), serviceAccount(name, ["login"], "deployer")],
      });
      assertDenied(await admin.create(deployment(shop)), "PullSecretMissing");
      const wanted = deployment(shop, privateImage, { serviceAccountName: "deployer" });
      assert.deepEqual(seen(await admin.create(wanted)), accepted);
    });

    it("is accepted for a registry that hands out tokens", async () => {
      const { admin, namespace } = world();
      const shop = await namespace({
        pullSecrets: ["login"],
        objects: (name) => [pullSecret(name, "login", { host: bearerHost })],
      });
      assert.deepEqual(seen(await admin.create(deployment(shop, `${bearerHost}/team/app:v1`))), accepted);
    });

    it("is accepted as Pod, whose Secrets the API server has filled in by then", async () => {
      const { admin, kube, namespace } = world();
      const shop = await namespace(withLogin);
      const before = kube.audited().length;
      const answer = await admin.create(workload("Pod", shop));
      assert.deepEqual(seen(answer), accepted);
      assert.deepEqual(at(answer.body, "spec", "imagePullSecrets"), [{ name: "login" }]);
      const read = kube.audited().slice(before);
      assert.deepEqual(
        read.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`),
        ["get secrets login"],
      );
    });
  });

  describe("a workload without the right Secret", () => {
    it("is denied in mode deny and stored with a warning in mode warn", async () => {
      const { admin, namespace, useMode } = world();
      const shop = await namespace();
      const message = assertDenied(await admin.create(deployment(shop)), "PullSecretMissing");
      assert.match(message, /spec\.template\.spec\.containers\[0\]\.image\s+"basic\.test\/team\/app:v1"/);
      assert.equal((await admin.call("GET", objectPath(deployment(shop)))).status, 404);
      useMode("warn");
      assertWarned(await admin.create(deployment(shop)), "PullSecretMissing");
      assert.equal((await admin.call("GET", objectPath(deployment(shop)))).status, 200);
    });

    const wrongSecrets: readonly {
      readonly name: string;
      readonly secret: (namespace: string) => KubeObject;
      readonly want: string;
    }[] = [
      {
        name: "whose password is wrong",
        secret: (namespace) => pullSecret(namespace, "login", { password: "wrong-pass" }),
        want: "CredentialsRejected",
      },
      {
        name: "for another port of the registry",
        secret: (namespace) => pullSecret(namespace, "login", { host: `${basicHost}:5000` }),
        want: "PullSecretForOtherRegistry",
      },
      {
        name: "with an auth that is no base64",
        secret: (namespace) => pullSecret(namespace, "login", { auth: "!!!" }),
        want: "PullSecretMalformed",
      },
      {
        name: "of another type",
        secret: (namespace) => ({ ...pullSecret(namespace, "login"), type: "Opaque" }),
        want: "PullSecretWrongType",
      },
    ];
    for (const { name, secret, want } of wrongSecrets) {
      it(`is denied with a Secret ${name}: ${want}`, async () => {
        const { admin, namespace } = world();
        const shop = await namespace({ pullSecrets: ["login"], objects: (wished) => [secret(wished)] });
        const message = assertDenied(await admin.create(deployment(shop)), want);
        assert.ok(message.includes(`${shop}/login`), message);
      });
    }

    it("is admitted with the Secret's name in the warning while the Secret does not exist, and silently once it does", async () => {
      const { admin, namespace } = world();
      const shop = await namespace({ pullSecrets: ["late-login"] });
      const warning = assertWarned(await admin.apply(deployment(shop)), "PullSecretNotFound");
      assert.ok(warning.includes(`Secret ${shop}/late-login does not exist`), warning);
      await quietly(admin.apply(pullSecret(shop, "late-login")));
      await eventually("the Secret is seen", async () => {
        const again = await admin.apply(deployment(shop, `${basicHost}/team/app:v2`), "dryRun=All");
        assert.equal(again.status, 200);
        return again.warnings.length === 0 ? true : undefined;
      });
    });

    it("is admitted with a warning while a second Secret, which may open the registry, does not exist", async () => {
      const { admin, namespace } = world();
      const shop = await namespace({
        pullSecrets: ["login", "late-login"],
        objects: (name) => [pullSecret(name, "login", { password: "wrong-pass" })],
      });
      const warning = onlyWarning(await admin.create(deployment(shop)));
      assert.ok(warning.includes(`${shop}/late-login`), warning);
    });

    it("is admitted with a warning while its ServiceAccount, which may list one, does not exist", async () => {
      const { admin, namespace } = world();
      const shop = await namespace(withLogin);
      const late = deployment(shop, privateImage, { serviceAccountName: "late-account" });
      const warning = onlyWarning(await admin.create(late));
      assert.ok(warning.includes(`${shop}/late-account`), warning);
    });
  });

  describe("a request", () => {
    it("that is a dry run gets the same verdict and stores nothing", async () => {
      const { admin, namespace } = world();
      const shop = await namespace();
      assertDenied(await admin.create(deployment(shop), "dryRun=All"), "PullSecretMissing");
      const good = await namespace(withLogin);
      assert.deepEqual(seen(await admin.create(deployment(good), "dryRun=All")), accepted);
      assert.equal((await admin.call("GET", objectPath(deployment(good)))).status, 404);
    });

    it("that changes labels or the scale checks nothing, one that changes the image does", async () => {
      const { admin, kube, lab, namespace, useMode } = world();
      const shop = await namespace();
      const web = deployment(shop);
      useMode("warn");
      assertWarned(await admin.create(web), "PullSecretMissing");
      useMode("deny");
      lab.reset();
      const before = kube.audited().length;
      await quietly(admin.patch(web, { metadata: { labels: { team: "shop" } } }));
      await quietly(admin.patch(web, { spec: { replicas: 3 } }));
      await quietly(admin.call("PATCH", `${objectPath(web)}/scale`, { spec: { replicas: 2 } }, mergePatch));
      assert.deepEqual(lab.requestsOf(basicHost), []);
      assert.deepEqual(kube.audited().slice(before), []);
      assertDenied(await admin.apply(deployment(shop, `${basicHost}/team/app:v2`)), "PullSecretMissing");
    });

    it("for a debug container is judged by the Pod's Secrets", async () => {
      const { admin, namespace } = world();
      const shop = await namespace(withLogin);
      const pod = await quietly(admin.create(workload("Pod", shop)));
      const debug = (image: string): Promise<KubeAnswer> =>
        admin.call(
          "PATCH",
          `${objectPath(pod)}/ephemeralcontainers`,
          { spec: { ephemeralContainers: [{ name: "debug", image, imagePullPolicy: "Always" }] } },
          "application/strategic-merge-patch+json",
        );
      const message = assertDenied(await debug(`${basicHost}/team/app:v9`), "TagNotFound");
      assert.match(message, /spec\.ephemeralContainers\[0\]\.image/);
      assert.deepEqual(seen(await debug(privateImage)), { status: 200, warnings: [] });
    });

    it("in an exempt namespace is nobody's business", async () => {
      const { admin, kube, namespace } = world();
      const optedOut = await namespace({ labels: { "pullguard.dev/mode": "off" } });
      const before = kube.audited().length;
      const system = ["kube-system", "kube-public", "kube-node-lease", "pullguard-system", "pullguard-node-agent"];
      for (const exempt of [...system, optedOut]) {
        const web = { ...deployment(exempt, "No Image Name") };
        assert.deepEqual(seen(await admin.create(restricted(web), "dryRun=All")), accepted, exempt);
      }
      assert.deepEqual(kube.audited().slice(before), []);
      const open = await namespace();
      assertDenied(await admin.create(deployment(open, "No Image Name"), "dryRun=All"), "InvalidImageName");
    });

    it("for a kind that runs nothing does not reach the webhook", async () => {
      const { admin, log, namespace } = world();
      const shop = await namespace();
      const config = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace: shop } };
      assert.deepEqual(seen(await admin.create(config)), accepted, collectionPath(config));
      assert.ok(!log().includes('"kind":"ConfigMap"'));
    });
  });
}

const mergePatch = "application/merge-patch+json";

/** As Pullguard's own namespace wants Pods, so that no other warning is mistaken for one of Pullguard's. */
function restricted(web: KubeObject): KubeObject {
  const spec = at(web, "spec") as object;
  const podSpec = at(spec, "template", "spec") as { readonly containers: readonly object[] };
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
  };
  const containers = podSpec.containers.map((container) => ({ ...container, securityContext }));
  return { ...web, spec: { ...spec, template: { metadata: { labels: { app: "web" } }, spec: { containers } } } };
}
