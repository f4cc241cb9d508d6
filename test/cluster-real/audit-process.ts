import assert from "node:assert/strict";
import type { AuditReport } from "../../src/audit/index.js";
import { type BreakableRegistry, startBreakableRegistry } from "../faults/breakable-registry.js";
import { type ServedProcess, startServed } from "../faults/served-process.js";
import { eventually, type KubeObject } from "../support/kube/index.js";
import type { ReportWorld } from "./audit-reports.js";
import { createAll } from "./audit-world.js";
import { workload } from "./objects.js";

const flags = ["--audit", "--audit-namespace", "pullguard-system"];
const place = "kill-9";
/** What a replica that was killed may keep others waiting for, and a start. */
const takeoverMs = 40_000;

/** `pullguard serve --audit` as a process with the rights of the manifests. */
export function processTests(world: () => ReportWorld): void {
  describe("the audit of a process", () => {
    let registry: BreakableRegistry;
    let served: ServedProcess | undefined;
    /** By method and path, each time in order. */
    const asked: string[] = [];
    const start = async (): Promise<ServedProcess> => {
      served = await startServed({ kubeconfig: world().kubeconfig, flags });
      return served;
    };
    const get = async (path: string): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${served?.metricsPort}${path}`).catch(() => undefined);
      return (await answer?.text()) ?? "";
    };
    /** By name, what is said of the workloads of these tests; undefined while some are not known yet. */
    const rows = async (): Promise<Readonly<Record<string, string>> | undefined> => {
      const text = await get("/audit.json");
      if (!text.startsWith("{")) return undefined;
      const report: AuditReport = JSON.parse(text);
      const own = report.workloads.filter(({ workload: { namespace } }) => namespace === place);
      return Object.fromEntries(own.map((row) => [row.workload.name, `${row.verdict} ${row.cause}`]));
    };
    const add = (name: string, image: string, kind = "Deployment"): Promise<void> => {
      const object = workload(kind, place, image);
      return createAll(world().kube.admin, [{ ...object, metadata: { ...object.metadata, name } }]);
    };
    const tagOf = (name: string): readonly string[] => asked.filter((each) => each.endsWith(`/manifests/${name}`));

    before(async () => {
      const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: place } };
      await createAll(world().kube.admin, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: place } }]);
      await createAll(world().kube.admin, [account]);
      registry = await startBreakableRegistry({ host: "localhost" });
      await registry.break({
        request: ({ method, url }, _response, sound) => {
          asked.push(`${method} ${url}`);
          sound();
        },
      });
    });
    after(async () => {
      await served?.remove();
      await registry?.stop();
    });

    it("tells in metrics and Events what cannot be pulled, and survives a SIGKILL without asking anything again", async () => {
      for (const tag of ["v1", "v2"]) await add(`web-${tag}`, registry.image(tag));
      await add("pod", registry.image("v3"), "Pod");
      await add("gone", registry.image("gone"));
      await add("odd", "No Image Name");
      const truth = {
        ...{ "web-v1": "pullable null", "web-v2": "pullable null", pod: "pullable null" },
        ...{ gone: "unpullable RepositoryNotFound", odd: "unpullable InvalidImageName" },
      };
      const first = await start();
      const known = () => rows().then((found) => (Object.keys(found ?? {}).length === 5 ? found : undefined));
      // The Lease of one that was killed before may stand for a while, and with it the registries that are its own.
      assert.deepEqual(await eventually("all is known", known, takeoverMs), truth);
      await eventually("the metric tells it, and nothing of what is sound", async () => {
        const lines = (await get("/metrics")).split("\n").filter((line) => line.includes(`namespace="${place}"`));
        const bad = ["gone", "odd"].map((name) => lines.some((line) => line.includes(`name="${name}"`)));
        return lines.length === 2 && bad.every(Boolean) ? true : undefined;
      });
      await eventually("Events tell it", async () => {
        const { body } = await world().kube.admin.call("GET", `/apis/events.k8s.io/v1/namespaces/${place}/events`);
        const items = body.items as readonly { readonly reason: string; readonly reportingController: string }[];
        const own = items.filter((item) => item.reportingController === "pullguard.dev/audit");
        return ["InvalidImageName", "RepositoryNotFound"].every((want) => own.some(({ reason }) => reason === want))
          ? true
          : undefined;
      });
      await eventually("what was found is written down", async () => {
        const { body } = await world().kube.admin.call("GET", "/apis/pullguard.dev/v1alpha1/pullaudits");
        const text = JSON.stringify(body.items);
        return text.includes("RepositoryNotFound") && text.includes("InvalidImageName") ? true : undefined;
      });
      // The registry has the question about one more, and nobody will hear its answer.
      await add("late", registry.image("v4"));
      await eventually(
        "the last one is asked about",
        async () => (tagOf("v4").length > 0 ? true : undefined),
        takeoverMs,
      );
      first.child.kill("SIGKILL");
      await first.ended;
      await first.remove();
      const before = [...asked];

      await start();
      assert.deepEqual(await eventually("what was found is known again", known, takeoverMs), truth);
      await add("fresh", registry.image("v5"));
      await eventually(
        "the new process goes on with the registry",
        async () => (tagOf("v5").length > 0 ? true : undefined),
        takeoverMs,
      );
      const again = asked.slice(before.length).filter((each) => before.includes(each) && !each.includes("/blobs/"));
      // What every conversation with a registry begins with.
      assert.deepEqual(
        again.filter((each) => each !== "GET /v2/"),
        [],
      );
    });

    it("gives its Lease back when it is asked to end", async () => {
      served?.child.kill("SIGTERM");
      await served?.ended;
      const { body } = await world().kube.admin.call(
        "GET",
        "/apis/coordination.k8s.io/v1/namespaces/pullguard-system/leases",
      );
      const names = (body.items as readonly KubeObject[]).map(({ metadata }) => metadata?.name ?? "");
      // The one that was killed could not.
      assert.equal(names.filter((name) => name.startsWith("pullguard-audit-pullguard")).length, 1);
    });
  });
}
