import assert from "node:assert/strict";
import { changedImages, readWorkloads, type Workload } from "../../src/workload/index.js";

function deployment(spec: object): Workload {
  const [workload] = readWorkloads({ apiVersion: "apps/v1", kind: "Deployment", spec: { template: { spec } } });
  assert.ok(workload !== undefined);
  return workload;
}

function left(old: object | undefined, current: object): string[] {
  const workload = changedImages(old === undefined ? undefined : deployment(old), deployment(current));
  return workload.pod.images.map((use) => use.image);
}

const a = { name: "a", image: "a:1" };
const b = { name: "b", image: "b:1" };
const both = { containers: [a, b] };

describe("what an update leaves to check", () => {
  const table: readonly { name: string; old: object | undefined; current: object; want: string[] }[] = [
    { name: "is everything where there was no object", old: undefined, current: both, want: ["a:1", "b:1"] },
    { name: "is nothing where nothing changed", old: both, current: both, want: [] },
    {
      name: "is the container with a new image",
      old: both,
      current: { containers: [a, { ...b, image: "b:2" }] },
      want: ["b:2"],
    },
    { name: "is the added container, wherever it was put", old: { containers: [b] }, current: both, want: ["a:1"] },
    { name: "is nothing where a container was removed", old: both, current: { containers: [b] }, want: [] },
    { name: "is nothing where containers changed places", old: both, current: { containers: [b, a] }, want: [] },
    {
      name: "is the container with a new pull policy",
      old: both,
      current: { containers: [{ ...a, imagePullPolicy: "Always" }, b] },
      want: ["a:1"],
    },
    {
      name: "is nothing where a default pull policy was written out",
      old: both,
      current: { containers: [{ ...a, imagePullPolicy: "IfNotPresent" }, b] },
      want: [],
    },
    { name: "is a renamed container", old: both, current: { containers: [{ ...a, name: "z" }, b] }, want: ["a:1"] },
    {
      name: "is a container that became an init container",
      old: both,
      current: { containers: [b], initContainers: [a] },
      want: ["a:1"],
    },
    {
      name: "is everything where pull secrets changed",
      old: { ...both, imagePullSecrets: [{ name: "x" }] },
      current: { ...both, imagePullSecrets: [{ name: "y" }] },
      want: ["a:1", "b:1"],
    },
    {
      name: "is everything where the order of pull secrets changed, because they are tried in order",
      old: { ...both, imagePullSecrets: [{ name: "x" }, { name: "y" }] },
      current: { ...both, imagePullSecrets: [{ name: "y" }, { name: "x" }] },
      want: ["a:1", "b:1"],
    },
    {
      name: "is everything where a first pull secret was added",
      old: both,
      current: { ...both, imagePullSecrets: [{ name: "x" }] },
      want: ["a:1", "b:1"],
    },
    {
      name: "is everything where the Pods were bound to a node",
      old: both,
      current: { ...both, nodeName: "node1" },
      want: ["a:1", "b:1"],
    },
    {
      name: "is everything where the ServiceAccount changed",
      old: both,
      current: { ...both, serviceAccountName: "puller" },
      want: ["a:1", "b:1"],
    },
    {
      name: "is nothing where the default ServiceAccount was written out",
      old: both,
      current: { ...both, serviceAccountName: "default" },
      want: [],
    },
    {
      name: "is everything where the Pods may land on other nodes",
      old: { ...both, nodeSelector: { arch: "amd64" } },
      current: { ...both, nodeSelector: { arch: "arm64" } },
      want: ["a:1", "b:1"],
    },
    {
      name: "is everything where the Pods tolerate other taints",
      old: both,
      current: { ...both, tolerations: [{ operator: "Exists" }] },
      want: ["a:1", "b:1"],
    },
    {
      name: "is nothing where a Pod that has its node tolerates other taints",
      old: { ...both, nodeName: "node1" },
      current: { ...both, nodeName: "node1", tolerations: [{ operator: "Exists" }] },
      want: [],
    },
    {
      name: "is nothing where the node selector was merely reordered",
      old: { ...both, nodeSelector: { x: "1", y: "2" } },
      current: { ...both, nodeSelector: { y: "2", x: "1" } },
      want: [],
    },
  ];
  for (const { name, old, current, want } of table) it(name, () => assert.deepEqual(left(old, current), want));

  it("keeps identity, paths and pull secrets of the current object", () => {
    const current = deployment({ containers: [a, { ...b, image: "b:2" }], imagePullSecrets: [{ name: "x" }] });
    const old = deployment({ ...both, imagePullSecrets: [{ name: "x" }] });
    assert.deepEqual(changedImages(old, current), {
      ...current,
      pod: { ...current.pod, images: current.pod.images.slice(1) },
    });
  });
});
