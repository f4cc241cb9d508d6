import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type BreakableRegistry, startBreakableRegistry } from "../faults/breakable-registry.js";
import { makeCertDir, type ServedProcess, startServed } from "../faults/served-process.js";
import { at } from "../manifests/objects.js";
import { eventually, type KubeAnswer } from "../support/kube/index.js";
import { type Balancer, startBalancer } from "./balancer.js";
import { workload } from "./objects.js";
import { quietly, shipped, type World } from "./world.js";

/** Endpoints are forgotten so long after a replica has gone: the kubelet, the controller and kube-proxy take their time. */
const forgottenMs = 500;
/** People and controllers who create workloads at the same time. */
const creators = 6;

/** What came of creating workloads without a pause. */
interface Creations {
  readonly created: number;
  readonly refused: readonly KubeAnswer[];
}

/** Two replicas of the webhook, each a process, behind what stands for a Service. */
export function replicaTests(world: () => World): void {
  describe("two replicas behind the API server", () => {
    let registry: BreakableRegistry;
    let balancer: Balancer;
    let certDir: string;
    let caBundle: string;
    let namespace: string;
    let replicas: ServedProcess[] = [];
    const started: ServedProcess[] = [];

    const start = async (): Promise<ServedProcess> => {
      const replica = await startServed({ certDir, kubeconfig: world().pullguardKubeconfig });
      started.push(replica);
      await eventually("the replica is ready", async () => ((await replica.isReady()) ? true : undefined));
      return replica;
    };
    const list = (): void => balancer.use(replicas.map(({ port }) => port));
    const configuration = (failurePolicy: "Ignore" | "Fail") => {
      const [images] = at(shipped("ValidatingWebhookConfiguration"), "webhooks") as readonly object[];
      const clientConfig = { url: `https://127.0.0.1:${balancer.port}/validate`, caBundle };
      const namespaceSelector = { matchLabels: { replicas: "two" } };
      return {
        ...{ apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration" },
        metadata: { name: "replicas" },
        webhooks: [{ ...images, clientConfig, namespaceSelector, failurePolicy }],
      };
    };
    const image = (tag: string): string => registry.image(tag);
    const missing = (): string => registry.image("gone");
    let named = 0;
    const create = (wanted: string, query?: string): Promise<KubeAnswer> => {
      named += 1;
      const metadata = { name: `web-${named}`, namespace };
      return world().admin.create({ ...workload("Deployment", namespace, wanted), metadata }, query);
    };
    const denied = async (): Promise<true | undefined> =>
      (await create(missing(), "dryRun=All")).status === 403 ? true : undefined;
    const heeded = (failurePolicy: "Ignore" | "Fail"): Promise<unknown> =>
      eventually("the API server asks the replicas", async () => {
        const { admin } = world();
        await quietly(admin.apply(configuration(failurePolicy)));
        return await denied();
      });

    before(async () => {
      const { kube, namespace: makeNamespace } = world();
      registry = await startBreakableRegistry({ host: "localhost" });
      balancer = await startBalancer();
      certDir = join(kube.folder, "replicas");
      await mkdir(certDir);
      ({ caBundle } = await makeCertDir(certDir));
      // The other webhook of these tests has nothing to say here.
      await world().admin.remove(shipped("ValidatingWebhookConfiguration"));
      namespace = await makeNamespace({ labels: { replicas: "two" } });
      replicas = await Promise.all([start(), start()]);
      list();
    });
    after(async () => {
      await world().admin.remove(configuration("Ignore"));
      await Promise.all(started.map((replica) => replica.remove()));
      await balancer?.stop();
      await registry?.stop();
      await world().connect();
    });

    /** Workloads are created without a pause while `disturb` runs. */
    async function creating(disturb: () => Promise<void>): Promise<Creations> {
      let goesOn = true;
      const refused: KubeAnswer[] = [];
      let created = 0;
      const creator = async (): Promise<void> => {
        while (goesOn) {
          const answer = await create(image(`v${named % 50}`));
          if (answer.status === 201) created += 1;
          else refused.push(answer);
        }
      };
      const all = Promise.all(Array.from({ length: creators }, creator));
      await disturb().finally(() => {
        goesOn = false;
      });
      await all;
      return { created, refused };
    }

    /** Kills one replica under load; it is forgotten after a moment, and another takes its place. */
    async function killAndReplace(nth: number): Promise<void> {
      const victim = replicas[nth % 2];
      assert.ok(victim);
      await pause(200);
      victim.child.kill("SIGKILL");
      assert.equal(await victim.ended, "SIGKILL");
      await pause(forgottenMs);
      replicas = replicas.filter((replica) => replica !== victim);
      list();
      replicas.push(await start());
      list();
    }

    it("of which one is killed again and again: no creation fails, for failurePolicy is Ignore", async () => {
      await heeded("Ignore");
      const { created, refused } = await creating(async () => {
        for (const nth of [0, 1, 2]) await killAndReplace(nth);
      });
      assert.deepEqual(
        refused.map(({ body }) => body.message),
        [],
      );
      assert.ok(created > 50, `${created} creations`);
      // A machine with more to do than it can lets some images through unchecked.
      await eventually("images are looked at as before", denied);
      console.log(`      ${created} creations, 3 replicas killed, none refused`);
    });

    it("of which one is killed: with failurePolicy Fail what it was asked fails, and nothing once it is forgotten", async () => {
      await heeded("Fail");
      const { created, refused } = await creating(() => killAndReplace(0));
      for (const { status, body } of refused) {
        assert.equal(status, 500);
        assert.match(`${body.message}`, /failed calling webhook "images\.pullguard\.dev"/);
      }
      const after = await creating(() => pause(300));
      assert.deepEqual(after.refused, []);
      assert.ok(created > 20, `${created} creations`);
      console.log(`      ${created} creations, 1 replica killed, ${refused.length} refused while it was still listed`);
    });

    it("that are rolled over one by one: no creation fails, though failurePolicy is Fail", async () => {
      await heeded("Fail");
      const { created, refused } = await creating(async () => {
        for (const old of [...replicas]) {
          replicas.push(await start());
          list();
          old.child.kill("SIGTERM");
          // Whoever routes connections learns of it later than the replica itself.
          await pause(forgottenMs);
          replicas = replicas.filter((replica) => replica !== old);
          list();
          assert.equal(await old.ended, 0);
        }
      });
      assert.deepEqual(
        refused.map(({ body }) => body.message),
        [],
      );
      assert.ok(created > 50, `${created} creations`);
      console.log(`      ${created} creations during a rolling update, none refused`);
    });

    it("stay ready while the API server restarts, answer meanwhile, and watch again", async () => {
      const synced = ({ stdout }: ServedProcess) => stdout().split("service accounts are watched").length - 1;
      const [one] = replicas;
      assert.ok(one);
      const before = synced(one);
      await world().kube.restart(async () => {
        assert.equal(await one.isReady(), true);
        const { allowed, texts } = await one.review([image("v60")]);
        assert.deepEqual({ allowed, texts }, { allowed: true, texts: [] });
        await eventually("what registries say does not depend on the API server", async () =>
          (await one.review([missing()])).allowed ? undefined : true,
        );
      });
      await eventually("the accounts are watched again", async () => (synced(one) > before ? true : undefined), 60_000);
      await eventually("images are looked at as before", denied);
      assert.equal((await create(image("v61"))).status, 201);
      for (const replica of replicas) assert.equal(replica.stderr(), "");
    });
  });
}
