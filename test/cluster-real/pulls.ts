import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { podReview } from "../admission/doubles.js";
import { at, loadObjects } from "../manifests/objects.js";
import { type Daemon, eventually, type KubeObject, objectPath, startDaemon } from "../support/kube/index.js";
import { type Lab, startLab } from "../support/lab/index.js";
import { addNode } from "./agents.js";
import { pullguardAccount, quietly, userOf, type World } from "./world.js";

const program = fileURLToPath(new URL("../../src/bin/pullguard.js", import.meta.url));
const merge = "application/merge-patch+json";
const component = loadObjects("manifests/watch-pulls").map(({ value }): KubeObject => value);
const queued = (index: number) => `reg.test/queued-${index}:v1`;
const indices = [0, 1, 2, 3, 4];

/** What nodes are pulling, as the program learns it from a real API server. */
export function pullsTests(world: () => World): void {
  describe("pulls of the cluster's nodes", () => {
    let lab: Lab;
    let server: Daemon | undefined;
    let shop = "";

    before(async () => {
      const transport = { kind: "http" } as const;
      lab = await startLab({
        ports: "ephemeral",
        registries: [{ host: "plain.test", port: 80, transport, auth: "none", behaviours: [], node: {} }],
      });
      await addNode(world(), "busy-1", { pull: "busy" });
      await addNode(world(), "rich-1", { pull: "rich" });
      const images = indices.map((index) => ({ names: [queued(index)], sizeBytes: 3_000_000_000 }));
      await quietly(world().admin.call("PATCH", "/api/v1/nodes/rich-1/status", { status: { images } }, merge));
    });
    after(async () => {
      await server?.stop();
      for (const object of component) await world().admin.remove(object);
      await lab.stop();
    });

    const queuedPod = (index: number): KubeObject => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `queued-${index}`, namespace: shop },
      spec: { nodeName: "busy-1", containers: [{ name: "app", image: queued(index) }] },
    });

    /** What the program answers for a Pod that lands on one node. */
    async function warningsOn(pull: string): Promise<readonly string[]> {
      const image = `localhost:${lab.connectTo("plain.test", 80)?.port}/team/app:v1`;
      const containers = [{ name: "app", image, imagePullPolicy: "IfNotPresent" }];
      const object = {
        ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: shop } },
        spec: { nodeSelector: { pull }, containers },
      };
      const answer = await post(listening("port"), world().certDir, podReview({ namespace: shop, object }));
      return (at(answer, "response", "warnings") ?? []) as readonly string[];
    }

    function listening(name: "port" | "metricsPort"): number {
      const line = started()
        .log()
        .split("\n")
        .find((each) => each.includes('"listening"'));
      return Number(at(JSON.parse(line ?? "{}"), name));
    }

    function started(): Daemon {
      assert.ok(server !== undefined);
      return server;
    }

    async function logs(wanted: string): Promise<void> {
      await eventually(wanted, async () => (started().log().includes(wanted) ? true : undefined)).catch(() =>
        assert.fail(`${wanted} is not in ${started().log()}`),
      );
    }

    it("are nobody's business without the right to see them, and the program runs all the same", async () => {
      const { kube, certDir, pullguardKubeconfig } = world();
      const ports = ["--port", "0", "--metrics-port", "0", "--cert-dir", certDir];
      const args = ["serve", "--watch-pulls", ...ports, "--kubeconfig", pullguardKubeconfig];
      server = startDaemon(process.execPath, [program, ...args], kube.folder);
      await logs("no permission to list and watch pods (403)");
      await logs("no permission to list and watch events (403)");
      await logs('"listening"');
      shop = await world().namespace();
      assert.deepEqual(await warningsOn("busy"), []);
      await server.stop();
      for (const object of component) await quietly(world().admin.apply(object));
      const { pullguard } = world();
      await eventually("the right is heeded", async () =>
        (await pullguard.call("GET", "/api/v1/pods")).status === 200 ? true : undefined,
      );
      server = startDaemon(process.execPath, [program, ...args], kube.folder);
      for (const what of ["nodes", "pods", "events"]) await logs(`"${what} are watched"`);
      await logs('"listening"');
    });

    it("make others wait, as long as Pods are Pending, as the nodes themselves tell", async () => {
      const { admin } = world();
      world().useMode("off");
      for (const index of indices) await quietly(admin.apply(queuedPod(index)));
      const advice = await eventually("the queue is told of", async () =>
        (await warningsOn("busy")).find((warning) => /waits about 4 min/.test(warning)),
      );
      assert.match(advice, /^PullQueued: .* on busy-1 for the images of 5 other Pods/);
      assert.deepEqual(await warningsOn("rich"), []);

      for (const index of indices) await quietly(admin.apply(pulledEvent(shop, index)));
      await eventually("the nodes' own pulls count", async () =>
        (await warningsOn("busy")).find((warning) => /waits about 8 min/.test(warning)),
      );

      for (const index of indices) {
        const status = { status: { phase: "Running" } };
        await quietly(admin.call("PATCH", `${objectPath(queuedPod(index))}/status`, status, merge));
      }
      await eventually("nothing waits any more", async () =>
        (await warningsOn("busy")).length === 0 ? true : undefined,
      );
    });

    it("are a metric of every admission whose images have a size", async () => {
      const before = await predicted();
      assert.ok(before > 0);
      await warningsOn("rich");
      assert.equal(await predicted(), before + 1);
    });

    async function predicted(): Promise<number> {
      const text = await (await fetch(`http://127.0.0.1:${listening("metricsPort")}/metrics`)).text();
      return Number(/^pullguard_predicted_pull_seconds_count (\d+)$/m.exec(text)?.[1]);
    }

    it("take the rights of the component, and no other", async () => {
      const { pullguard, kube } = world();
      const isMeant = ({ resource }: { readonly resource: string }) => resource === "pods" || resource === "events";
      const asked = kube.audited(userOf(pullguardAccount)).filter((each) => isMeant(each) && each.status === 200);
      assert.deepEqual([...new Set(asked.map(({ verb, resource }) => `${verb} ${resource}`))].sort(), [
        "list events",
        "list pods",
        "watch events",
        "watch pods",
      ]);
      for (const path of [objectPath(queuedPod(0)), `${objectPath(queuedPod(0))}/log`]) {
        assert.equal((await pullguard.call("GET", path)).status, 403, path);
      }
      assert.equal((await pullguard.call("DELETE", objectPath(queuedPod(0)))).status, 403);
    });
  });
}

/** 600 MB in 15 s. */
function pulledEvent(namespace: string, index: number): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `pulled-${index}`, namespace },
    involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name: `queued-${index}` },
    type: "Normal",
    reason: "Pulled",
    message: `Successfully pulled image "${queued(index)}" in 15s (15s including waiting). Image size: 600000000 bytes.`,
    lastTimestamp: new Date().toISOString().replace(/\.\d+/, ""),
    source: { component: "kubelet", host: "busy-1" },
  };
}

function post(port: number, certDir: string, review: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const options = { host: "127.0.0.1", port, path: "/validate?timeout=20s", method: "POST", headers };
    const asked = request({ ...options, ca: readFileSync(join(certDir, "ca.crt")) }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => resolve(JSON.parse(text)));
    });
    asked.on("error", reject).end(JSON.stringify(review));
  });
}
