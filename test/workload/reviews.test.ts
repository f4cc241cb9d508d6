import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { changedImages, readWorkloads, type Workload } from "../../src/workload/index.js";

const folder = new URL("../../../test/fixtures/reviews/", import.meta.url);

interface RecordedRequest {
  readonly object: unknown;
  readonly oldObject: unknown;
}

function recorded(file: string): RecordedRequest {
  return JSON.parse(readFileSync(new URL(file, folder), "utf8")).request;
}

function only(object: unknown): Workload {
  const [workload, ...rest] = readWorkloads(object);
  assert.ok(workload !== undefined && rest.length === 0);
  return workload;
}

/** What is left to check of a request: of an update only what it changes. */
function toCheck({ object, oldObject }: RecordedRequest): Workload {
  return changedImages(readWorkloads(oldObject)[0], only(object));
}

const pause = "127.0.0.1:5001/team/pause";
const pauseDigest = `${pause}@sha256:555f6643f56827fec6f9cd8754dd07067df9c90549292ad4f0b3b58ce2c25f7e`;
const container = "spec.containers[0].image";
const template = `spec.template.${container}`;
const threeContainers = [
  `${container} ${pause}:v1 IfNotPresent`,
  `spec.containers[1].image ${pauseDigest} Always`,
  `spec.initContainers[0].image ${pause}:v1 IfNotPresent`,
];

interface Expectation {
  readonly images: readonly string[];
  readonly secrets: readonly string[];
  readonly account: string;
  readonly isTemplate: boolean;
}

function ofPod(images: readonly string[], secrets: readonly string[] = [], account = "default"): Expectation {
  return { images, secrets, account, isTemplate: false };
}

function ofTemplate(images: readonly string[], account = "default"): Expectation {
  return { images, secrets: [], account, isTemplate: true };
}

const wanted: Readonly<Record<string, Expectation>> = {
  "mutate-create-pod-generate-name.json": ofPod([`${container} nginx Always`], ["explicit"]),
  "mutate-create-pod-of-job.json": ofPod([`${container} ghcr.io/org/job:1 IfNotPresent`]),
  "mutate-create-pod-of-replicaset.json": ofPod([`${container} nginx:1.27 IfNotPresent`], ["from-sa"], "puller"),
  "mutate-create-pod.json": ofPod(threeContainers, ["from-sa"], "puller"),
  "validate-create-cronjob.json": ofTemplate([
    `spec.jobTemplate.spec.template.${container} ghcr.io/org/cron:1 IfNotPresent`,
  ]),
  "validate-create-daemonset.json": ofTemplate([`${template} quay.io/org/agent:v3 IfNotPresent`]),
  "validate-create-deployment.json": ofTemplate([`${template} nginx:1.27 IfNotPresent`], "puller"),
  "validate-create-job.json": ofTemplate([`${template} ghcr.io/org/job:1 IfNotPresent`]),
  "validate-create-pod-dry-run.json": ofPod([`${container} nginx:dry IfNotPresent`]),
  "validate-create-pod-explicit-secret.json": ofPod([`${container} nginx Always`], ["explicit"]),
  "validate-create-pod-of-replicaset.json": ofPod([`${container} nginx:1.27 IfNotPresent`], ["from-sa"], "puller"),
  "validate-create-pod-of-statefulset.json": ofPod([`${container} registry.example.com/db/postgres:16 IfNotPresent`]),
  "validate-create-pod-server-side-apply.json": ofPod([`${container} nginx:ssa IfNotPresent`]),
  "validate-create-pod.json": ofPod(threeContainers, ["from-sa"], "puller"),
  "validate-create-podtemplate.json": ofTemplate([`template.${container} busybox:1.36 IfNotPresent`]),
  "validate-create-replicaset-of-deployment.json": ofTemplate([`${template} nginx:1.27 IfNotPresent`], "puller"),
  "validate-create-replicationcontroller.json": ofTemplate([`${template} busybox:1.36 IfNotPresent`]),
  "validate-create-statefulset.json": ofTemplate([`${template} registry.example.com/db/postgres:16 IfNotPresent`]),
  "validate-update-deployment-image.json": ofTemplate([`${template} nginx:1.28 IfNotPresent`], "puller"),
  "validate-update-deployment-label-only.json": ofTemplate([], "puller"),
  "validate-update-pod-ephemeralcontainers.json": ofPod(
    ["spec.ephemeralContainers[0].image busybox:debug IfNotPresent"],
    ["from-sa"],
    "puller",
  ),
  "validate-update-pod-image.json": ofPod([`${container} ${pause}:v2 IfNotPresent`], ["from-sa"], "puller"),
  "validate-update-replicaset-scaled.json": ofTemplate([], "puller"),
};

describe("the images of a recorded admission request", () => {
  it("are expected for every recording there is", () => {
    const files = readdirSync(folder).filter((file) => /^(mutate|validate)-.*\.json$/.test(file));
    assert.deepEqual(files.sort(), Object.keys(wanted).sort());
  });

  for (const [file, want] of Object.entries(wanted)) {
    it(`are read with their pull secrets from ${file}`, () => {
      const { pod } = toCheck(recorded(file));
      assert.deepEqual(
        {
          images: pod.images.map((use) => `${use.fieldPath} ${use.image} ${use.pullPolicy}`),
          secrets: pod.imagePullSecrets,
          account: pod.serviceAccountName,
          isTemplate: pod.isTemplate,
        },
        want,
      );
    });
  }

  it("are all checked anew when the request had no old object", () => {
    const { object } = recorded("validate-update-pod-ephemeralcontainers.json");
    assert.equal(toCheck({ object, oldObject: null }).pod.images.length, 4);
  });
});
