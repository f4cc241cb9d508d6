import assert from "node:assert/strict";
import { type OpenPolicy, openPolicy } from "../../src/bin/policy.js";
import { type Serving, serve } from "../../src/bin/serve.js";
import { systemClock } from "../../src/bin/system.js";
import { loadServeConfig } from "../../src/config/index.js";
import { createLogger, createMetrics } from "../../src/telemetry/index.js";
import { at } from "../manifests/objects.js";
import { invalidConfigs } from "../policy/invalid-configs.js";
import { eventually, type KubeAnswer, type KubeObject } from "../support/kube/index.js";
import { eventTests } from "./events.js";
import { connectMutation, disconnectMutation, mutationOf, mutationTests } from "./mutation.js";
import { deployment } from "./objects.js";
import { transcriptTests } from "./transcripts.js";
import { quietly, shipped, type World } from "./world.js";

/** In namespaces with this label the webhook with a policy is asked, and the other one keeps still. */
const label = { "test.pullguard.dev/policy": "yes" };
const missing = "ok.test/team/app:v9";

const configOf = (spec: object): KubeObject => ({
  apiVersion: "pullguard.dev/v1",
  kind: "PullguardConfig",
  metadata: { name: "default" },
  spec,
});

/** Everything that a PullguardConfig decides, through a real API server with the shipped CRD and rights. */
export function policyTests(world: () => World, kubectl: () => string | undefined): void {
  describe("a PullguardConfig", () => {
    let policy: OpenPolicy | undefined;
    let serving: Serving | undefined;

    before(async () => {
      const { check, certDir, pullguardKubeconfig } = world();
      const config = loadServeConfig({ flags: { kubeconfig: pullguardKubeconfig, mode: "warn" }, env: {} });
      const metrics = createMetrics({ version: "test" });
      const logger = createLogger({ level: "silent" });
      policy = openPolicy(config, { clock: systemClock, logger, metrics, readPolicy: () => undefined, env: {} });
      serving = await serve({
        config: { port: 0, metricsPort: 0, certDir },
        check,
        decide: policy.decide,
        scope: policy.scope,
        mutation: mutationOf(world(), policy),
        ...(policy.events === undefined ? {} : { events: policy.events }),
        ...{ clock: systemClock, metrics, logger, host: "127.0.0.1", drainMs: 0 },
      });
      await connectPolicy(world(), serving.port);
      const caBundle = at(await policyWebhook(world(), serving.port), "webhooks", 0, "clientConfig", "caBundle");
      await connectMutation(world(), { url: `https://127.0.0.1:${serving.port}/mutate`, caBundle }, label);
    });
    beforeEach(() => world().useMode("off"));
    afterEach(async () => {
      const { admin } = world();
      await admin.remove(configOf({}));
    });
    after(async () => {
      await disconnectMutation(world());
      await world().admin.remove(await policyWebhook(world(), 1));
      policy?.stop();
      await serving?.stop();
    });

    /** Applies it and waits until its status says that it is in force. */
    async function use(spec: object): Promise<void> {
      const { admin } = world();
      const { body, status } = await admin.apply(configOf(spec));
      assert.ok(status < 300, body.message);
      const generation = at(body, "metadata", "generation");
      await eventually("it is in force", async () => {
        const { body: now } = await admin.call("GET", "/apis/pullguard.dev/v1/pullguardconfigs/default");
        const isSeen = at(now, "status", "observedGeneration") === generation;
        return isSeen && at(now, "status", "conditions", 0, "status") === "True" ? true : undefined;
      });
    }

    async function useOrNone(spec: object | undefined): Promise<void> {
      if (spec !== undefined) return await use(spec);
      await world().admin.remove(configOf({}));
      const name = await shop();
      await eventually("there is none any more", async () => {
        const { warnings } = await attempt(name, "dryRun=All");
        return warnings.length === 1 ? true : undefined;
      });
    }
    transcriptTests(world, kubectl, label, useOrNone);

    const attempt = (namespace: string, query = "", metadata: object = {}): Promise<KubeAnswer> => {
      const object = deployment(namespace, missing);
      return world().admin.create({ ...object, metadata: { ...object.metadata, ...metadata } }, query);
    };
    const shop = (labels: Readonly<Record<string, string>> = {}) =>
      world().namespace({ labels: { ...label, ...labels } });

    mutationTests(world, shop, use);
    eventTests(world, shop, use);

    it("is not there at first: everything is warned of", async () => {
      const { status, warnings } = await attempt(await shop());
      assert.equal(status, 201);
      assert.match(warnings[0] ?? "", /^TagNotFound: /);
    });

    it("denies, and dry-run sees the same", async () => {
      await use({ defaults: { unpullable: ["Deny"] } });
      const name = await shop();
      for (const query of ["", "dryRun=All"]) {
        const { status, body } = await attempt(name, query);
        assert.equal(status, 403, query);
        assert.match(body.message ?? "", /\n- TagNotFound: /);
      }
    });

    it("records, and says nothing", async () => {
      await use({ defaults: { unpullable: ["Audit"] } });
      assert.deepEqual(seen(await attempt(await shop())), { status: 201, warnings: 0 });
    });

    it("looks at labels of namespaces", async () => {
      await use({
        rules: [{ name: "prod", match: { namespaceSelector: { matchLabels: { tier: "prod" } } }, actions: ["Deny"] }],
      });
      assert.equal((await attempt(await shop({ tier: "prod" }))).status, 403);
      assert.deepEqual(seen(await attempt(await shop({ tier: "test" }))), { status: 201, warnings: 1 });
    });

    for (const [mode, want] of [
      ["deny", { status: 403, warnings: 0 }],
      ["warn", { status: 201, warnings: 1 }],
      ["audit", { status: 201, warnings: 0 }],
      ["off", { status: 201, warnings: 0 }],
    ] as const) {
      it(`lets a namespace be labelled ${mode}`, async () => {
        assert.deepEqual(seen(await attempt(await shop({ "pullguard.dev/mode": mode }))), want);
      });
    }

    it("lets exemptions through until they expire, and tells of those that have", async () => {
      const exemptions = (expires: string) => [
        { name: "known", match: { images: ["ok.test/team/*"] }, reason: "it is on its way", expires },
      ];
      await use({ defaults: { unpullable: ["Deny"] }, exemptions: exemptions("2999-12-31") });
      const name = await shop();
      assert.deepEqual(seen(await attempt(name, "dryRun=All")), { status: 201, warnings: 0 });
      const applied = await world().admin.apply(
        configOf({ defaults: { unpullable: ["Deny"] }, exemptions: exemptions("2001-01-01") }),
      );
      assert.match(applied.warnings[0] ?? "", /known has expired/);
      const denied = await eventually("the exemption is over", async () => {
        const answer = await attempt(name, "dryRun=All");
        return answer.status === 403 ? answer : undefined;
      });
      assert.match(denied.body.message ?? "", /exemption known expired: 2001-01-01/);
      // The status is written after the policy has come into force.
      await eventually("the status tells of it", async () => {
        const { body } = await world().admin.call("GET", "/apis/pullguard.dev/v1/pullguardconfigs/default");
        return JSON.stringify(at(body, "status", "expiredExemptions")) === '["known"]' ? body : undefined;
      });
    });

    it("lets a workload be annotated, as far as it allows that", async () => {
      const annotations = { annotations: { "pullguard.dev/skip": "TagNotFound: pushed by the next job" } };
      await use({ defaults: { unpullable: ["Deny"] }, overrides: { skipAnnotation: "Allow" } });
      const name = await shop();
      assert.deepEqual(seen(await attempt(name, "dryRun=All", annotations)), { status: 201, warnings: 0 });
      await use({ defaults: { unpullable: ["Deny"] }, overrides: { skipAnnotation: "Forbid" } });
      assert.equal((await attempt(name, "dryRun=All", annotations)).status, 403);
    });

    it("is refused by the API server for each of the invalid ones, and the good one stays", async () => {
      await use({ defaults: { unpullable: ["Deny"] } });
      const { admin } = world();
      const accepted: string[] = [];
      for (const { name, document } of invalidConfigs) {
        const path = "/apis/pullguard.dev/v1/pullguardconfigs?dryRun=All&fieldValidation=Strict";
        const object = typeof document === "object" && document !== null ? { ...document } : {};
        const { status, body } = await admin.call("POST", path, object);
        // A good one would be refused as well, for there is one already.
        if (status < 400 || body.reason === "AlreadyExists") accepted.push(name);
      }
      assert.deepEqual(accepted, []);
      assert.equal((await attempt(await shop())).status, 403);
    });

    it("is refused by the webhook with every path, where the CRD cannot tell", async () => {
      const { status, body } = await world().admin.apply(
        configOf({ rules: [{ name: "one", match: { causes: ["TagNotFond"], images: ["nginx"] }, actions: ["Warn"] }] }),
      );
      assert.equal(status, 422, body.message);
      assert.match(body.message ?? "", /\n- spec\.rules\[0\]\.match\.images\[0\]: names no registry; /);
      assert.match(
        body.message ?? "",
        /\n- spec\.rules\[0\]\.match\.causes\[0\]: there is no cause "TagNotFond"; do you mean TagNotFound\?/,
      );
    });

    it("shows in columns what became of it", async () => {
      await use({ rules: [{ name: "all", actions: ["Audit"] }] });
      const table = await world().kube.admin.call("GET", "/apis/pullguard.dev/v1/pullguardconfigs/default");
      assert.equal(at(table.body, "status", "rules"), 1);
      const columns = at(
        shipped("CustomResourceDefinition", "pullguardconfigs.pullguard.dev"),
        "spec",
        "versions",
        0,
        "additionalPrinterColumns",
      );
      assert.deepEqual(
        (columns as readonly { readonly name: string }[]).map(({ name }) => name),
        ["Accepted", "Rules", "Expired", "Age", "Message"],
      );
    });
  });
}

function seen({ status, warnings }: KubeAnswer): object {
  return { status, warnings: warnings.length };
}

async function policyWebhook({ admin }: World, port: number): Promise<KubeObject> {
  const { body } = await admin.call(
    "GET",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/pullguard",
  );
  const caBundle = at(body, "webhooks", 0, "clientConfig", "caBundle");
  const configured = shipped("ValidatingWebhookConfiguration");
  const webhooks = (at(configured, "webhooks") as readonly object[]).map((each) => ({
    ...each,
    clientConfig: { url: `https://127.0.0.1:${port}${String(at(each, "clientConfig", "service", "path"))}`, caBundle },
    ...("namespaceSelector" in each ? { namespaceSelector: { matchLabels: label } } : {}),
  }));
  return { ...configured, metadata: { name: "pullguard-policy" }, webhooks };
}

/** Installs a webhook configuration of its own and waits until it is heeded. */
async function connectPolicy(world: World, port: number): Promise<void> {
  world.useMode("off");
  await quietly(world.admin.apply(await policyWebhook(world, port)));
  const name = await world.namespace({ labels: label });
  await eventually("the API server asks the webhook with a policy", async () => {
    const { warnings } = await world.admin.create(deployment(name, missing), "dryRun=All");
    return warnings.length > 0 ? true : undefined;
  });
}
