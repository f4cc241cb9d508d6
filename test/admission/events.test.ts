import assert from "node:assert/strict";
import { admit, type EventTarget, parseReview, type WorkloadEvents } from "../../src/admission/index.js";
import type { Finding } from "../../src/findings/index.js";
import { emptyConfig, findingEvents, type Mode } from "../../src/policy/index.js";
import { admissionDeps, pod, podReview, recordingCheck } from "./doubles.js";

const never = new AbortController().signal;
const subject = { namespaceLabels: {}, annotations: {} };

function recorder(): WorkloadEvents & { readonly targets: EventTarget[] } {
  const targets: EventTarget[] = [];
  return { targets, of: () => [{ cause: "TagNotFound", note: "no" }], record: (target) => targets.push(target) };
}

const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-1", uid: "uid-rs" };
const itself = { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web", uid: "uid-pod" };
const object = pod("reg.test/a:1", { uid: "uid-pod" });

const cases: readonly {
  name: string;
  review: Record<string, unknown>;
  verdict?: Finding["verdict"];
  want: object[];
}[] = [
  { name: "the object itself", review: { object }, want: [itself] },
  {
    name: "the controller that made it",
    review: { object: pod("reg.test/a:1", { uid: "uid-pod", ownerReferences: [{ ...owner, controller: true }] }) },
    want: [{ ...owner, namespace: "shop" }],
  },
  {
    name: "the object itself where its owner is no controller",
    review: { object: pod("reg.test/a:1", { uid: "uid-pod", ownerReferences: [owner] }) },
    want: [itself],
  },
  { name: "nobody in a dry run", review: { object, dryRun: true }, want: [] },
  { name: "nobody where it is denied", review: { object }, verdict: "unpullable", want: [] },
  { name: "nobody while there is no uid", review: {}, want: [] },
];

describe("an Event is recorded for", () => {
  for (const { name, review, verdict = "unknown", want } of cases) {
    it(name, async () => {
      const events = recorder();
      await admit(
        admissionDeps({ check: recordingCheck(verdict).check, events }),
        parseReview(podReview(review)),
        never,
      );
      assert.deepEqual(events.targets, want);
    });
  }
});

describe("of findings", () => {
  const finding: Finding = {
    ...{ image: "reg.test/a:1", reference: "reg.test/a:1", digest: null, verdict: "unpullable", cause: "TagNotFound" },
    ...{ kubelet: { reason: null }, message: "no tag 1", fix: null, fieldPaths: ["spec.containers[0].image"] },
    workload: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web" },
    advisories: [{ cause: "RateLimitNear", message: "few left", fix: null }],
  };
  const noteOf = (events: boolean, mode: Mode): readonly object[] =>
    findingEvents({ config: { ...emptyConfig, events }, mode }, [finding, finding], subject, 0);

  it("each cause that is warned of is an Event, advice is none", () => {
    assert.deepEqual(noteOf(true, "warn"), [
      { cause: "TagNotFound", note: 'TagNotFound: spec.containers[0].image "reg.test/a:1": no tag 1' },
    ]);
  });
  for (const mode of ["audit", "off"] as const) {
    it(`there is none in mode ${mode}`, () => assert.deepEqual(noteOf(true, mode), []));
  }
  it("there is none unless that is switched on", () => assert.deepEqual(noteOf(false, "warn"), []));
});
