import assert from "node:assert/strict";
import { type AuditedObject, type AuditSubject, auditedReader, createInventory } from "../../src/audit/index.js";
import { audited, rawObject } from "./objects.js";

async function subjectsOf(objects: readonly AuditedObject[]): Promise<readonly AuditSubject[]> {
  const inventory = createInventory();
  for (const object of objects) inventory.note(object, false);
  return await inventory.subjects();
}

function told({ workload, use, pods }: AuditSubject): string {
  return `${workload.kind}/${workload.name} ${use.name} ${use.image} ${pods}`;
}

const digest = (letter: string): string => `reg.test/team/app@sha256:${letter.repeat(64)}`;
const owned = { owner: "ReplicaSet/web-1" };
const deployment = audited("Deployment", "web");
const replicaSet = audited("ReplicaSet", "web-1", { owner: "Deployment/web", replicas: 2 });

const cases: readonly {
  readonly name: string;
  readonly given: readonly AuditedObject[];
  readonly want: readonly string[];
}[] = [
  { name: "a workload without Pods", given: [deployment], want: ["Deployment/web app reg.test/team/app:v1 0"] },
  {
    name: "the Pods of a Deployment at the Deployment",
    given: [audited("Pod", "web-1-a", owned), audited("Pod", "web-1-b", owned), replicaSet, deployment],
    want: ["Deployment/web app reg.test/team/app:v1 2"],
  },
  {
    name: "a Pod whose image its template has not, at the Pod",
    given: [
      deployment,
      replicaSet,
      audited("Pod", "web-1-a", owned),
      audited("Pod", "web-0-a", { ...owned, containers: ["app=reg.test/team/app:v0"] }),
      audited("Pod", "web-0-b", { ...owned, containers: ["app=reg.test/team/app:v0"] }),
    ],
    want: ["Deployment/web app reg.test/team/app:v1 1", "Pod/web-0-a app reg.test/team/app:v0 2"],
  },
  {
    name: "only the container that was injected, at the Pod",
    given: [
      deployment,
      replicaSet,
      audited("Pod", "web-1-a", { ...owned, containers: ["app=reg.test/team/app:v1", "proxy=reg.test/proxy:1"] }),
    ],
    want: ["Deployment/web app reg.test/team/app:v1 1", "Pod/web-1-a proxy reg.test/proxy:1 1"],
  },
  {
    name: "a ReplicaSet of its own",
    given: [audited("ReplicaSet", "alone", { replicas: 0 })],
    want: ["ReplicaSet/alone app reg.test/team/app:v1 0"],
  },
  {
    name: "no revision that somebody else's controller keeps",
    given: [audited("ReplicaSet", "old", { replicas: 0, owner: "Rollout/web" })],
    want: [],
  },
  {
    name: "a bare Pod",
    given: [audited("Pod", "bare", { node: "a" })],
    want: ["Pod/bare app reg.test/team/app:v1 1"],
  },
  {
    name: "Pods of a custom controller as one",
    given: ["a", "b"].map((name) => audited("Pod", name, { owner: "GameServer/chess", ownerVersion: "games.test/v1" })),
    want: ["GameServer/chess app reg.test/team/app:v1 2"],
  },
  {
    name: "no Pod that has ended and no Job that is over",
    given: [
      audited("Pod", "done", { phase: "Succeeded" }),
      audited("Job", "once", { conditions: [{ type: "Complete", status: "True" }] }),
    ],
    want: [],
  },
  {
    name: "the Job of a CronJob at the CronJob",
    given: [
      audited("CronJob", "night"),
      audited("Job", "night-1", { owner: "CronJob/night" }),
      audited("Pod", "night-1-a", { owner: "Job/night-1" }),
    ],
    want: ["CronJob/night app reg.test/team/app:v1 1"],
  },
  {
    name: "every kind that makes Pods",
    given: (["StatefulSet", "DaemonSet", "ReplicationController", "PodTemplate", "Job"] as const).map((kind) =>
      audited(kind, "x"),
    ),
    want: ["StatefulSet", "DaemonSet", "ReplicationController", "PodTemplate", "Job"].map(
      (kind) => `${kind}/x app reg.test/team/app:v1 0`,
    ),
  },
];

describe("an inventory", () => {
  for (const { name, given, want } of cases) {
    it(`shows ${name}`, async () => {
      assert.deepEqual((await subjectsOf(given)).map(told).sort(), [...want].sort());
    });
  }

  it("gives one key to equal questions, and another to another namespace, Secret, policy or placement", async () => {
    const variants = [
      { pod: {} },
      { pod: {} },
      { policy: "IfNotPresent" },
      { policy: "Never" },
      { namespace: "other" },
      { pod: { imagePullSecrets: [{ name: "login" }] } },
      { pod: { nodeSelector: { "kubernetes.io/arch": "arm64" } } },
    ];
    const subjects = await subjectsOf(variants.map((wish, index) => audited("Deployment", `web-${index}`, wish)));
    const keys = subjects.map(({ question }) => question);
    assert.equal(keys[0], keys[1]);
    assert.equal(keys[0], keys[2], "presence excuses nothing");
    assert.equal(new Set(keys).size, 5);
    assert.equal(new Set(subjects.map(({ image }) => image)).size, 1);
  });

  it("knows what Pods run and where, and forgets Pods that go", async () => {
    const inventory = createInventory();
    const first = audited("Pod", "web-1-a", { ...owned, node: "n1", imageIds: { app: digest("a") } });
    const waiting = audited("Pod", "web-1-c", { ...owned, node: "n3" });
    const second = audited("Pod", "web-1-b", { ...owned, node: "n2", imageIds: { app: digest("b") } });
    for (const object of [deployment, replicaSet, first, second, waiting]) inventory.note(object, false);
    const [subject] = await inventory.subjects();
    assert.deepEqual(subject?.nodes, ["n1", "n2"]);
    assert.deepEqual(
      subject?.running.map(({ imageId, pods }) => [imageId, pods]),
      [
        [digest("a"), 1],
        [digest("b"), 1],
      ],
    );
    inventory.note(second, true);
    assert.equal(inventory.pods, 2);
    assert.deepEqual((await inventory.subjects())[0]?.running.length, 1);
  });

  it("is as it was after an update that changes nothing", () => {
    const inventory = createInventory();
    const read = auditedReader();
    const object = rawObject("Pod", "web-1-a", { ...owned, node: "n1" });
    for (let times = 0; times < 3; times += 1) {
      const pod = read("Pod", structuredClone(object));
      assert.ok(pod !== undefined);
      inventory.note(pod, false);
    }
    assert.equal(inventory.version(), 1);
  });
});
