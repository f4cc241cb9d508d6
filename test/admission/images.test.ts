import assert from "node:assert/strict";
import { imagesToCheck, parseReview } from "../../src/admission/index.js";
import { PullguardError } from "../../src/core/index.js";
import { pod, podReview } from "./doubles.js";

function imagesOf(request: Record<string, unknown>): string[] {
  const workloads = imagesToCheck(parseReview(podReview(request)));
  return workloads.flatMap((workload) => workload.pod.images.map(({ image }) => image));
}

const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "1", controller: true };
const debugged = {
  ...pod("a:1"),
  spec: { containers: [{ name: "c0", image: "a:1" }], ephemeralContainers: [{ name: "debug", image: "tools:1" }] },
};

describe("imagesToCheck", () => {
  const table: readonly { name: string; given: Record<string, unknown>; want: readonly string[] }[] = [
    { name: "all images of a created Pod", given: { object: pod(["a:1", "b:1"]) }, want: ["a:1", "b:1"] },
    {
      name: "a Pod whose controller was checked before",
      given: { object: pod("a:1", { ownerReferences: [owner] }) },
      want: ["a:1"],
    },
    {
      name: "the container whose image an update changes",
      given: { operation: "UPDATE", object: pod(["a:1", "b:2"]), oldObject: pod(["a:1", "b:1"]) },
      want: ["b:2"],
    },
    {
      name: "nothing of an update that leaves the images alone",
      given: { operation: "UPDATE", object: pod("a:1", { labels: { x: "y" } }), oldObject: pod("a:1") },
      want: [],
    },
    {
      name: "everything of an update whose old object is missing",
      given: { operation: "UPDATE", object: pod("a:1") },
      want: ["a:1"],
    },
    {
      name: "an ephemeral container that is added",
      given: { operation: "UPDATE", subResource: "ephemeralcontainers", object: debugged, oldObject: pod("a:1") },
      want: ["tools:1"],
    },
    {
      name: "nothing of a status update",
      given: { operation: "UPDATE", subResource: "status", object: pod("a:2"), oldObject: pod("a:1") },
      want: [],
    },
    {
      name: "nothing of a resize",
      given: { operation: "UPDATE", subResource: "resize", object: pod("a:2") },
      want: [],
    },
    { name: "nothing of a binding", given: { subResource: "binding" }, want: [] },
    { name: "nothing of a deletion", given: { operation: "DELETE", object: null, oldObject: pod("a:1") }, want: [] },
    { name: "nothing of a connection", given: { operation: "CONNECT" }, want: [] },
    { name: "nothing of an operation that does not exist yet", given: { operation: "REWIND" }, want: [] },
    { name: "nothing where there is no object", given: { object: null }, want: [] },
    {
      name: "nothing of a mirror Pod",
      given: { object: pod("a:1", { annotations: { "kubernetes.io/config.mirror": "hash" } }) },
      want: [],
    },
    {
      name: "nothing of a Pod that is being deleted",
      given: { object: pod("a:1", { deletionTimestamp: "2026-01-01T00:00:00Z" }) },
      want: [],
    },
    {
      name: "a Pod whose deletionTimestamp is null",
      given: { object: pod("a:1", { deletionTimestamp: null }) },
      want: ["a:1"],
    },
    {
      name: "nothing of a kind that runs nothing",
      given: {
        kind: { group: "", version: "v1", kind: "ConfigMap" },
        object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "web" }, data: { image: "a:1" } },
      },
      want: [],
    },
  ];
  for (const { name, given, want } of table) {
    it(`names ${name}`, () => assert.deepEqual(imagesOf(given), want));
  }

  const identities: readonly {
    name: string;
    given: Record<string, unknown>;
    want: { namespace: string; name: string };
  }[] = [
    {
      name: "takes the namespace from the request",
      given: { namespace: "shop" },
      want: { namespace: "shop", name: "web" },
    },
    {
      name: "shows generateName until there is a name",
      given: { name: undefined, object: pod("a:1", { name: undefined, generateName: "web-" }) },
      want: { namespace: "shop", name: "web-" },
    },
    {
      name: "takes the name from the request where the object has none",
      given: { name: "web-x7", object: pod("a:1", { name: undefined, generateName: "web-" }) },
      want: { namespace: "shop", name: "web-x7" },
    },
  ];
  for (const { name, given, want } of identities) {
    it(name, () => {
      const [workload] = imagesToCheck(parseReview(podReview(given)));
      assert.deepEqual(workload?.identity, { apiVersion: "v1", kind: "Pod", ...want });
    });
  }

  it("calls an object that contradicts its kind invalid input", () => {
    const object = { ...pod("a:1"), spec: { containers: "none" } };
    assert.throws(
      () => imagesToCheck(parseReview(podReview({ object }))),
      (error) => error instanceof PullguardError && error.code === "InputInvalid",
    );
  });
});
