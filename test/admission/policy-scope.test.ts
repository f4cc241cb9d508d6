import assert from "node:assert/strict";
import { type AdmissionScope, admit, parseReview } from "../../src/admission/index.js";
import type { CheckInput } from "../../src/check/index.js";
import type { Finding } from "../../src/findings/index.js";
import { decide, type Labels, type PolicySubject } from "../../src/policy/index.js";
import { admissionDeps, pod, podReview, recordingCheck, recordingObserver } from "./doubles.js";

const signal = new AbortController().signal;

function scopeOf(values: Partial<AdmissionScope> & { readonly labels?: Labels | undefined } = {}): AdmissionScope {
  const { labels, ...others } = values;
  return {
    namespaces: { labels: async (name) => (name === "shop" ? labels : undefined) },
    isOff: () => false,
    checkMs: () => undefined,
    podTemplates: () => [],
    ...others,
  };
}

describe("an admission request under a configuration", () => {
  it("is decided with the labels of its namespace and its annotations, the template's too", async () => {
    const subjects: PolicySubject[] = [];
    const deps = admissionDeps({
      scope: scopeOf({ labels: { tier: "prod" } }),
      decide: (_findings, subject) => {
        subjects.push(subject);
        return { allowed: true, warnings: [] };
      },
    });
    const object = {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "web", annotations: { both: "object", own: "1", number: 3 } },
      spec: {
        jobTemplate: {
          spec: {
            template: {
              metadata: { annotations: { both: "template", inherited: "2" } },
              spec: { containers: [{ image: "a" }] },
            },
          },
        },
      },
    };
    const kind = { group: "batch", version: "v1", kind: "CronJob" };
    await admit(deps, parseReview(podReview({ object, kind })), signal);
    assert.deepEqual(subjects[0]?.namespaceLabels, { tier: "prod" });
    assert.deepEqual({ ...subjects[0]?.annotations }, { both: "object", own: "1", inherited: "2" });
  });

  it("is not looked at where the namespace is off", async () => {
    const { check, inputs } = recordingCheck("unpullable");
    const observer = recordingObserver();
    const scope = scopeOf({ labels: { off: "" }, isOff: ({ namespaceLabels }) => namespaceLabels?.off === "" });
    const { response } = await admit(admissionDeps({ check, scope, observer }), parseReview(podReview()), signal);
    assert.deepEqual(response, { uid: "uid-1", allowed: true });
    assert.deepEqual(inputs, []);
    assert.equal(observer.events[0]?.decision, "skip");
  });

  it("is given up at the configured deadline", async () => {
    let ring = (): void => undefined;
    const clock = {
      nowMs: () => 0,
      sleep: (ms: number) =>
        new Promise<void>((resolve) => {
          if (ms === 700) ring = resolve;
        }),
    };
    const check = (_input: CheckInput, checkSignal: AbortSignal) =>
      new Promise<{ summary: Record<Finding["verdict"], number>; findings: Finding[] }>((resolve) => {
        checkSignal.addEventListener("abort", () =>
          resolve({ summary: { pullable: 0, unpullable: 0, skipped: 0, unknown: 0 }, findings: [] }),
        );
      });
    const answer = admit(
      admissionDeps({ check, clock, scope: scopeOf({ checkMs: () => 700 }) }),
      parseReview(podReview()),
      signal,
    );
    await new Promise((resolve) => setImmediate(resolve));
    ring();
    assert.equal((await answer).response.allowed, true);
  });

  it("of a custom resource is checked along its path, and only what an update changes", async () => {
    const { check, inputs } = recordingCheck();
    const podTemplates = () => [{ apiGroup: "argoproj.io", kind: "Rollout", path: ["spec", "template"] }];
    const rollout = (image: string) => ({
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Rollout",
      metadata: { name: "web" },
      spec: {
        template: {
          spec: {
            containers: [
              { name: "a", image },
              { name: "b", image: "same" },
            ],
          },
        },
      },
    });
    const kind = { group: "argoproj.io", version: "v1alpha1", kind: "Rollout" };
    const deps = admissionDeps({ check, scope: scopeOf({ podTemplates }) });
    await admit(deps, parseReview(podReview({ kind, object: rollout("new") })), signal);
    const update = { kind, operation: "UPDATE", object: rollout("newer"), oldObject: rollout("new") };
    await admit(deps, parseReview(podReview(update)), signal);
    assert.deepEqual(
      inputs.map(({ workloads }) => workloads.flatMap(({ pod: { images } }) => images.map(({ image }) => image))),
      [["new", "same"], ["newer"]],
    );
  });

  it("leaves what is only recorded to the API server's audit log", async () => {
    const { check } = recordingCheck("unpullable");
    const observer = recordingObserver();
    const deps = admissionDeps({ check, observer, decide: (findings) => decide(findings, "audit") });
    const { response } = await admit(deps, parseReview(podReview({ object: pod("reg.test/a:1") })), signal);
    assert.equal(response.allowed, true);
    assert.equal(response.warnings, undefined);
    const [entry] = JSON.parse(response.auditAnnotations?.findings ?? "[]");
    assert.equal(entry.image, "reg.test/a:1");
    assert.equal(observer.events[0]?.decision, "audit");
  });
});
