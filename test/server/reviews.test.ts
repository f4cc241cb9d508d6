import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import supertest from "supertest";
import { createApp, Readiness } from "../../src/server/index.js";
import { admissionDeps, recordingCheck } from "../admission/doubles.js";
import { noMetrics } from "./doubles.js";

const folder = new URL("../../../test/fixtures/reviews/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));

const pause = "127.0.0.1:5001/team/pause";
const digest = `${pause}@sha256:555f6643f56827fec6f9cd8754dd07067df9c90549292ad4f0b3b58ce2c25f7e`;

/** What reaches the check: `kind namespace/name: images`, or nothing. */
const wanted: Readonly<Record<string, readonly string[]>> = {
  "mutate-create-pod-generate-name.json": ["Pod default/gen-: nginx"],
  "mutate-create-pod-of-job.json": ["Pod default/cap-job-: ghcr.io/org/job:1"],
  "mutate-create-pod-of-replicaset.json": ["Pod default/cap-deploy-57c7dc5d94-: nginx:1.27"],
  "mutate-create-pod.json": [`Pod default/cap-pod: ${pause}:v1 ${digest} ${pause}:v1`],
  "validate-create-cronjob.json": ["CronJob default/cap-cron: ghcr.io/org/cron:1"],
  "validate-create-daemonset.json": ["DaemonSet default/cap-ds: quay.io/org/agent:v3"],
  "validate-create-deployment.json": ["Deployment default/cap-deploy: nginx:1.27"],
  "validate-create-job.json": ["Job default/cap-job: ghcr.io/org/job:1"],
  "validate-create-pod-dry-run.json": ["Pod default/dry: nginx:dry"],
  "validate-create-pod-explicit-secret.json": ["Pod default/gen-bx6wf: nginx"],
  "validate-create-pod-of-replicaset.json": ["Pod default/cap-deploy-57c7dc5d94-2cbg6: nginx:1.27"],
  "validate-create-pod-of-statefulset.json": ["Pod default/cap-sts-0: registry.example.com/db/postgres:16"],
  "validate-create-pod-server-side-apply.json": ["Pod default/ssa: nginx:ssa"],
  "validate-create-pod.json": [`Pod default/cap-pod: ${pause}:v1 ${digest} ${pause}:v1`],
  "validate-create-podtemplate.json": ["PodTemplate default/cap-pt: busybox:1.36"],
  "validate-create-replicaset-of-deployment.json": ["ReplicaSet default/cap-deploy-57c7dc5d94: nginx:1.27"],
  "validate-create-replicationcontroller.json": ["ReplicationController default/cap-rc: busybox:1.36"],
  "validate-create-statefulset.json": ["StatefulSet default/cap-sts: registry.example.com/db/postgres:16"],
  "validate-update-deployment-image.json": ["Deployment default/cap-deploy: nginx:1.28"],
  "validate-update-deployment-label-only.json": [],
  "validate-update-pod-ephemeralcontainers.json": ["Pod default/cap-pod: busybox:debug"],
  "validate-update-pod-image.json": [`Pod default/cap-pod: ${pause}:v2`],
  "validate-update-replicaset-scaled.json": [],
};

describe("recorded reviews", () => {
  it("are all expected here", () => assert.deepEqual(Object.keys(wanted).sort(), files.sort()));

  for (const file of files) {
    it(`asks the check what ${file} makes new, and answers its uid`, async () => {
      const text = readFileSync(new URL(file, folder), "utf8");
      const { check, inputs } = recordingCheck();
      const app = createApp({
        admission: admissionDeps({ check }),
        readiness: new Readiness([]),
        metrics: noMetrics,
        startTimer: () => () => undefined,
        onFault: (error) => assert.fail(String(error)),
      });
      const { status, body } = await supertest(app)
        .post("/validate?timeout=10s")
        .set("content-type", "application/json")
        .send(text);
      assert.equal(status, 200);
      assert.deepEqual(body.response, { uid: JSON.parse(text).request.uid, allowed: true });
      const asked = inputs.flatMap(({ workloads }) =>
        workloads.map(({ identity, pod }) => {
          const images = pod.images.map(({ image }) => image).join(" ");
          return `${identity.kind} ${identity.namespace}/${identity.name}: ${images}`;
        }),
      );
      assert.deepEqual(asked, wanted[file]);
    });
  }
});
