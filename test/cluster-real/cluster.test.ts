import assert from "node:assert/strict";
import { findKubeAssets, type KubeAssets } from "../support/kube/index.js";
import { labUser } from "../support/lab/index.js";
import { admissionTests } from "./admission.js";
import { certificateTests } from "./certificates.js";
import { clientCertificateTests } from "./client-certificates.js";
import { kubectlTests } from "./kubectl.js";
import { nodeBindingTests } from "./node-binding.js";
import { nodeTests } from "./nodes.js";
import { deployment, pullSecret } from "./objects.js";
import { policyTests } from "./policy.js";
import { pullsTests } from "./pulls.js";
import { replicaTests } from "./replicas.js";
import { rightsTests } from "./rights.js";
import { startWorld, type World } from "./world.js";

const required = process.env.PULLGUARD_REQUIRE_REAL === "1";

describe("with a real API server", function () {
  // One request takes milliseconds; starting a control plane on a busy machine takes long.
  this.timeout(120_000);
  let world: World | undefined;
  let assets: KubeAssets | undefined;
  const started = (): World => {
    assert.ok(world);
    return world;
  };

  before(async function () {
    const found = findKubeAssets();
    if (typeof found === "string") {
      if (required) throw new Error(`PULLGUARD_REQUIRE_REAL is set, but ${found}`);
      console.warn(`\n  SKIPPED, nothing was asked of a real API server: ${found}\n`);
      this.skip();
    }
    assets = found;
    world = await startWorld(found);
    console.log(`    kube-apiserver ${world.kube.version}`);
  });
  after(() => world?.stop());
  // A test that broke off must not decide what the next one sees.
  beforeEach(() => world?.useMode("deny"));

  admissionTests(started);
  rightsTests(started);
  policyTests(started, () => assets?.kubectl);
  nodeTests(started);
  nodeBindingTests(started);
  pullsTests(started);
  certificateTests(started);
  kubectlTests(started, () => assets?.kubectl, required);
  replicaTests(started);
  clientCertificateTests(started);

  describe("at the end", () => {
    it("no log holds a password", () => {
      const encoded = Buffer.from(`${labUser.username}:${labUser.password}`).toString("base64");
      const log = started().log();
      assert.match(log, /"decision":"deny"/, "the log is the webhook's");
      for (const secret of [labUser.password, encoded, "wrong-pass"]) assert.ok(!log.includes(secret));
    });

    it("everything is admitted while the webhook is away", async () => {
      const { admin, namespace, stopWebhook } = started();
      const shop = await namespace({ objects: (name) => [pullSecret(name, "login", { password: "wrong-pass" })] });
      const denied = await admin.create(deployment(shop), "dryRun=All");
      assert.equal(denied.status, 403, "while the webhook is there");
      await stopWebhook();
      const { status, warnings } = await admin.create(deployment(shop), "dryRun=All");
      assert.deepEqual({ status, warnings }, { status: 201, warnings: [] });
    });
  });
});
