import assert from "node:assert/strict";
import { mutate, parseReview } from "../../src/admission/index.js";
import { digestOf, smallWorld } from "../mutation/doubles.js";
import { mutateDeps, mutated } from "../mutation/mutated.js";
import { handClock, podReview } from "./doubles.js";

const never = new AbortController().signal;
const digest = digestOf("a");
const world = () => smallWorld({ repositories: { "reg.test/app": { tags: { v1: digest, v2: digest } } } });
const all = { mutations: { pinDigest: {}, setPullPolicy: { tag: "Always", digest: "Always" }, addPullSecret: {} } };
const request = parseReview(podReview({ object: podOf("reg.test/app:v1") }));

function podSpec(image: string): object {
  return {
    containers: [{ name: "app", image, imagePullPolicy: "IfNotPresent" }],
    volumes: [{ name: "v", image: { reference: image, pullPolicy: "IfNotPresent" } }],
  };
}

function podOf(image: string, extra: object = {}): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "web" }, spec: { ...podSpec(image), ...extra } };
}

function templateOf(apiVersion: string, kind: string, image: string, metadata: object = {}): object {
  const template = { spec: podSpec(image) };
  const spec = kind === "CronJob" ? { jobTemplate: { spec: { template } } } : { template };
  return {
    apiVersion,
    kind,
    metadata: { name: "web", ...metadata },
    ...(kind === "PodTemplate" ? { template } : { spec }),
  };
}

const owned = { ownerReferences: [{ kind: "Deployment", name: "web", controller: true }] };
const mounted = { ownerReferences: [{ kind: "Release", name: "web" }] };

describe("what may be patched of", () => {
  const cases = [
    {
      name: "a new Pod",
      now: podOf("reg.test/app:v1"),
      fields: ["image", "imagePullPolicy", "reference", "pullPolicy"],
    },
    { name: "a Pod that exists", now: podOf("reg.test/app:v2"), was: podOf("reg.test/app:v1"), fields: ["image"] },
    { name: "a Pod whose images stay", now: podOf("reg.test/app:v1"), was: podOf("reg.test/app:v1"), fields: [] },
    ...[
      ["v1", "ReplicationController"],
      ["v1", "PodTemplate"],
      ["apps/v1", "Deployment"],
      ["apps/v1", "ReplicaSet"],
      ["apps/v1", "StatefulSet"],
      ["apps/v1", "DaemonSet"],
      ["batch/v1", "CronJob"],
    ].map(([version = "", kind = ""]) => ({
      name: `a ${kind} that exists`,
      now: templateOf(version, kind, "reg.test/app:v2"),
      was: templateOf(version, kind, "reg.test/app:v1"),
      fields: ["image", "imagePullPolicy", "reference", "pullPolicy"],
    })),
    {
      name: "a new Job",
      now: templateOf("batch/v1", "Job", "reg.test/app:v1"),
      fields: ["image", "imagePullPolicy", "reference", "pullPolicy"],
    },
    {
      name: "a Job that exists",
      now: templateOf("batch/v1", "Job", "reg.test/app:v2"),
      was: templateOf("batch/v1", "Job", "reg.test/app:v1"),
      fields: [],
    },
    {
      name: "a Deployment's ReplicaSet",
      now: templateOf("apps/v1", "ReplicaSet", "reg.test/app:v1", owned),
      fields: [],
    },
    {
      name: "a ReplicaSet that something without a hand in it owns",
      now: templateOf("apps/v1", "ReplicaSet", "reg.test/app:v1", mounted),
      fields: ["image", "imagePullPolicy", "reference", "pullPolicy"],
    },
  ];
  for (const { name, now, was, fields } of cases as readonly ((typeof cases)[number] & { was?: object })[]) {
    it(`${name}: ${fields.join(", ") || "nothing"}`, async () => {
      const update = was === undefined ? {} : { operation: "UPDATE", oldObject: was };
      const { operations } = await mutated(mutateDeps(world(), all), now, update);
      const patched = operations
        .map(({ path }) => path.split("/").at(-1) ?? "")
        .filter((field) => field !== "annotations");
      assert.deepEqual(patched, fields);
    });
  }

  it("a Pod that gets a debug container: nothing", async () => {
    const now = podOf("reg.test/app:v1", { ephemeralContainers: [{ name: "debug", image: "reg.test/app:v1" }] });
    const asked = { operation: "UPDATE", subResource: "ephemeralcontainers", oldObject: podOf("reg.test/app:v1") };
    assert.deepEqual((await mutated(mutateDeps(world(), all), now, asked)).operations, []);
  });

  it("an object whose Secrets the API server completed: no template's list", async () => {
    const small = smallWorld({
      repositories: { "reg.test/app": { tags: { v1: digest }, opens: ["one"] } },
      secrets: { one: "reg.test" },
    });
    const now = podOf("reg.test/app:v1", { serviceAccountName: "default", serviceAccount: "default" });
    const { operations } = await mutated(mutateDeps(small, { mutations: { addPullSecret: {} } }), now);
    assert.deepEqual(operations, [{ op: "add", path: "/spec/imagePullSecrets", value: [{ name: "one" }] }]);
  });
});

describe("mutate", () => {
  it("asks nobody where no mutation is on", async () => {
    const small = world();
    const { response } = await mutate(mutateDeps(small, all, { isOn: () => false }), request, never);
    assert.deepEqual(response, { uid: "uid-1", allowed: true });
    assert.deepEqual(small.asked, []);
  });

  it("answers a dry run as it answers any other request", async () => {
    const wet = await mutated(mutateDeps(world(), all), podOf("reg.test/app:v1"));
    const dry = await mutated(mutateDeps(world(), all), podOf("reg.test/app:v1"), { dryRun: true });
    assert.deepEqual(dry, wet);
    assert.ok(wet.operations.length > 0);
  });

  const broken = [
    {
      name: "throws",
      check: () => Promise.reject(new TypeError("secret detail")),
      reason: "internal fault, see Pullguard's log",
    },
  ];
  for (const { name, check, reason } of broken) {
    it(`leaves the object as it is, with a warning, when the check ${name}`, async () => {
      const faults: unknown[] = [];
      const observer = { faulted: (error: unknown) => faults.push(error) };
      const { response } = await mutate(mutateDeps(world(), all, { check, observer }), request, never);
      assert.deepEqual(response, {
        uid: "uid-1",
        allowed: true,
        warnings: [`Pullguard could not change Pod shop/web: ${reason}`],
      });
      assert.ok(faults[0] instanceof TypeError);
    });
  }

  it("leaves the object as it is when the deadline comes first, though the check still answers", async () => {
    const stop = new AbortController();
    const deps = mutateDeps(world(), all);
    const pending = mutate(
      {
        ...deps,
        check: (input, signal) => {
          stop.abort(new DOMException("late", "TimeoutError"));
          return deps.check(input, signal);
        },
      },
      request,
      stop.signal,
    );
    const { response } = await pending;
    assert.deepEqual(response.warnings, ["Pullguard could not change Pod shop/web: no result before the deadline"]);
    assert.equal(response.patch, undefined);
  });

  it("answers without a check that ignores its signal, once the grace is over", async () => {
    const clock = handClock();
    const stop = new AbortController();
    const pending = mutate(
      mutateDeps(world(), all, { check: () => new Promise(() => undefined), clock }),
      request,
      stop.signal,
    );
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    clock.wake();
    assert.equal((await pending).response.patch, undefined);
  });

  it("says what is wrong with an object that cannot be read", async () => {
    const unreadable = parseReview(podReview({ object: { apiVersion: "v1", kind: "Pod", spec: { containers: "x" } } }));
    const { response } = await mutate(mutateDeps(world(), all), unreadable, never);
    assert.match(response.warnings?.[0] ?? "", /^Pullguard could not change Pod shop\/web: spec\.containers: /);
  });

  it("tells its observer what came of it", async () => {
    const events: unknown[] = [];
    const observer = { mutated: (event: unknown) => events.push(event), faulted: () => undefined };
    await mutate(mutateDeps(world(), all, { observer }), request, never);
    const names = { uid: "uid-1", operation: "CREATE", kind: "Pod", namespace: "shop", name: "web", dryRun: false };
    assert.deepEqual(events, [{ ...names, operations: 5 }]);
  });
});
