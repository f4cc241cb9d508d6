import assert from "node:assert/strict";
import { at, loadObjects } from "../manifests/objects.js";
import { eventually, type KubeAnswer } from "../support/kube/index.js";
import { deployment, workload } from "./objects.js";
import { quietly, type World } from "./world.js";

const missing = "ok.test/team/app:v9";

/**
 * Events that Pullguard writes as its own ServiceAccount, with the right that the component gives it.
 * @param use  puts a PullguardConfig in force
 */
export function eventTests(
  world: () => World,
  shop: (labels?: Readonly<Record<string, string>>) => Promise<string>,
  use: (spec: object) => Promise<void>,
): void {
  describe("with events", () => {
    const component = loadObjects("manifests/events").map(({ value }) => value);
    before(async () => {
      for (const object of component) await quietly(world().admin.apply(object));
    });
    after(async () => {
      for (const object of component) await world().admin.remove(object);
    });

    const eventsOf = async (namespace: string): Promise<readonly unknown[]> => {
      const { body } = await world().admin.call("GET", `/apis/events.k8s.io/v1/namespaces/${namespace}/events`);
      return body.items as readonly unknown[];
    };
    const uidOf = ({ body, status }: KubeAnswer): unknown => {
      assert.ok(status < 300, body.message);
      return at(body, "metadata", "uid");
    };

    it("a Deployment that is warned of gets one, a dry run none, and its ReplicaSet no second", async () => {
      await use({ events: true });
      const { admin } = world();
      const [dry, name] = [await shop(), await shop()];
      await admin.create(deployment(dry, missing), "dryRun=All");
      const uid = uidOf(await admin.create(deployment(name, missing)));
      const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid, controller: true };
      const replicas = workload("ReplicaSet", name, missing);
      await admin.create({ ...replicas, metadata: { ...replicas.metadata, ownerReferences: [owner] } as object });
      const events = await eventually("the event is written", async () => {
        const found = await eventsOf(name);
        return found.length > 0 ? found : undefined;
      });
      assert.equal(events.length, 1, JSON.stringify(events));
      assert.equal(at(events[0], "reason"), "TagNotFound");
      assert.equal(at(events[0], "type"), "Warning");
      assert.deepEqual(at(events[0], "regarding"), {
        ...{ apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: name, uid },
      });
      assert.match(String(at(events[0], "note")), /ok\.test\/team\/app has no tag v9/);
      assert.deepEqual(await eventsOf(dry), []);
    });

    it("a Deployment that is denied gets none", async () => {
      await use({ events: true, defaults: { unpullable: ["Deny"] } });
      const { admin } = world();
      const [denied, warned] = [await shop(), await shop({ "pullguard.dev/mode": "warn" })];
      assert.equal((await admin.create(deployment(denied, missing))).status, 403);
      await admin.create(deployment(warned, missing));
      // Those of the other namespace would have been written before.
      await eventually("the later event is written", async () =>
        (await eventsOf(warned)).length > 0 ? true : undefined,
      );
      assert.deepEqual(await eventsOf(denied), []);
    });
  });
}
