import assert from "node:assert/strict";
import { admit, parseReview } from "../../src/admission/index.js";
import type { Report } from "../../src/check/index.js";
import { PullguardError } from "../../src/core/index.js";
import { admissionDeps, handClock, podReview, recordingCheck, recordingObserver } from "./doubles.js";

const request = parseReview(podReview());
const never = new AbortController().signal;
const emptyReport: Report = { summary: { pullable: 0, unpullable: 0, skipped: 0, unknown: 0 }, findings: [] };

/** Lets every promise that is ready run on. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("admit", () => {
  const verdicts = [
    { verdict: "pullable", allowed: true, decision: "allow" },
    { verdict: "unknown", allowed: true, decision: "warn" },
    { verdict: "unpullable", allowed: false, decision: "deny" },
  ] as const;
  for (const { verdict, allowed, decision } of verdicts) {
    it(`answers ${decision} where the policy makes that of ${verdict}`, async () => {
      const observer = recordingObserver();
      const answer = await admit(admissionDeps({ check: recordingCheck(verdict).check, observer }), request, never);
      assert.equal(answer.response.uid, "uid-1");
      assert.equal(answer.response.allowed, allowed);
      assert.deepEqual(observer.events, [
        {
          uid: "uid-1",
          operation: "CREATE",
          kind: "Pod",
          namespace: "shop",
          name: "web",
          dryRun: false,
          decision,
          findings: 1,
          durationMs: 0,
        },
      ]);
      assert.deepEqual(observer.faults, []);
    });
  }

  it("does not call the check when there is nothing to check", async () => {
    const { check, inputs } = recordingCheck();
    const observer = recordingObserver();
    const deletion = parseReview(podReview({ operation: "DELETE", object: null }));
    const answer = await admit(admissionDeps({ check, observer }), deletion, never);
    assert.deepEqual(answer.response, { uid: "uid-1", allowed: true });
    assert.deepEqual(inputs, []);
    assert.equal(observer.events[0]?.decision, "skip");
  });

  const broken = [
    { name: "rejects", check: () => Promise.reject(new TypeError("secret detail")) },
    {
      name: "throws",
      check: () => {
        throw new TypeError("secret detail");
      },
    },
  ];
  for (const { name, check } of broken) {
    it(`allows with a warning and tells the observer when the check ${name}`, async () => {
      const observer = recordingObserver();
      const answer = await admit(admissionDeps({ check, observer }), request, never);
      assert.deepEqual(answer.response, {
        uid: "uid-1",
        allowed: true,
        warnings: ["Pullguard could not check Pod shop/web: internal fault, see Pullguard's log"],
      });
      assert.ok(observer.faults[0] instanceof TypeError);
      assert.equal(observer.events[0]?.decision, "warn");
    });
  }

  it("allows with a warning when the policy throws", async () => {
    const decide = () => {
      throw new TypeError("broken");
    };
    const { response } = await admit(admissionDeps({ decide }), request, never);
    assert.equal(response.allowed, true);
    assert.match(response.warnings?.[0] ?? "", /^Pullguard could not check/);
  });

  it("warns of an object without a name by its kind and namespace", async () => {
    const nameless = parseReview(podReview({ name: undefined }));
    const { response } = await admit(admissionDeps({ check: () => Promise.reject(new Error("x")) }), nameless, never);
    assert.match(response.warnings?.[0] ?? "", /^Pullguard could not check a Pod in shop: /);
  });

  it("says what is wrong with an object that cannot be read, in one short line", async () => {
    const check = () => Promise.reject(new PullguardError("InputInvalid", `spec:\nbad ${"x".repeat(400)}`));
    const { response } = await admit(admissionDeps({ check }), request, never);
    const [warning = ""] = response.warnings ?? [];
    assert.match(warning, /^Pullguard could not check Pod shop\/web: spec: bad x+$/);
    assert.equal(warning.length, 256);
  });

  it("hands over what an aborted check still knows", async () => {
    const stop = new AbortController();
    const { check } = recordingCheck("unknown");
    const patient = admit(
      admissionDeps({
        check: async (input, signal) => {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          return check(input, signal);
        },
      }),
      request,
      stop.signal,
    );
    stop.abort();
    assert.deepEqual((await patient).response.warnings, ["registry.example.com/web:1 is unknown"]);
  });

  it("answers without a check that ignores its signal, once the grace is over", async () => {
    const clock = handClock();
    const observer = recordingObserver();
    const stop = new AbortController();
    const pending = admit(
      admissionDeps({ check: () => new Promise(() => undefined), clock, observer }),
      request,
      stop.signal,
    );
    await settle();
    assert.equal(clock.sleeping(), 0);
    stop.abort();
    clock.wake();
    const { response } = await pending;
    assert.equal(response.allowed, true);
    assert.deepEqual(response.warnings, ["Pullguard could not check Pod shop/web: no result before the deadline"]);
    assert.equal(observer.faults.length, 1);
  });

  it("leaves no timer behind when an aborted check ends within the grace", async () => {
    const clock = handClock();
    const stop = new AbortController();
    let finish: (report: Report) => void = () => undefined;
    const check = () => new Promise<Report>((resolve) => (finish = resolve));
    const pending = admit(admissionDeps({ check, clock }), request, stop.signal);
    stop.abort();
    assert.equal(clock.sleeping(), 1);
    finish(emptyReport);
    await pending;
    assert.equal(clock.sleeping(), 0);
  });

  it("starts the grace at once when the signal has aborted already", async () => {
    const clock = handClock();
    const pending = admit(
      admissionDeps({ check: () => new Promise(() => undefined), clock }),
      request,
      AbortSignal.abort(),
    );
    await settle();
    clock.wake();
    assert.equal((await pending).response.allowed, true);
  });

  it("answers even when the observer throws", async () => {
    const shout = () => {
      throw new Error("observer");
    };
    const { response } = await admit(admissionDeps({ observer: { admitted: shout, faulted: shout } }), request, never);
    assert.deepEqual(response, { uid: "uid-1", allowed: true });
  });
});
