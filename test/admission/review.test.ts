import assert from "node:assert/strict";
import { parseReview, reviewAnswer } from "../../src/admission/index.js";
import { PullguardError } from "../../src/core/index.js";
import { podReview } from "./doubles.js";

function faultOf(body: unknown): PullguardError {
  try {
    parseReview(body);
  } catch (error) {
    assert.ok(error instanceof PullguardError);
    return error;
  }
  throw new assert.AssertionError({ message: "the review was accepted" });
}

describe("parseReview", () => {
  const refused: readonly { name: string; given: unknown; want: RegExp }[] = [
    { name: "no object", given: [1], want: /the body is not a JSON object/ },
    { name: "null", given: null, want: /the body is not a JSON object/ },
    { name: "a text", given: "AdmissionReview", want: /the body is not a JSON object/ },
    {
      name: "nothing in it",
      given: {},
      want: /apiVersion: must be .*kind: must be AdmissionReview.*request: must be an object/,
    },
    {
      name: "an older version",
      given: { ...podReview(), apiVersion: "admission.k8s.io/v1beta1" },
      want: /apiVersion: must be admission\.k8s\.io\/v1, is "admission\.k8s\.io\/v1beta1"/,
    },
    { name: "another kind", given: { ...podReview(), kind: "Pod" }, want: /kind: must be AdmissionReview, is "Pod"/ },
    {
      name: "a response instead of a request",
      given: { ...podReview(), request: undefined },
      want: /request: must be an object/,
    },
    { name: "no uid", given: podReview({ uid: undefined }), want: /request\.uid: must be a non-empty string/ },
    { name: "an empty uid", given: podReview({ uid: "" }), want: /request\.uid: must be a non-empty string/ },
    { name: "no operation", given: podReview({ operation: undefined }), want: /request\.operation: must be a string/ },
    { name: "no kind of object", given: podReview({ kind: undefined }), want: /request\.kind: must be an object/ },
    {
      name: "a kind without its name",
      given: podReview({ kind: { group: "" } }),
      want: /request\.kind\.kind: must be a string/,
    },
    {
      name: "an object that is a list",
      given: podReview({ object: [] }),
      want: /request\.object: must be an object or null/,
    },
    { name: "an old object that is a text", given: podReview({ oldObject: "x" }), want: /request\.oldObject: must be/ },
  ];
  for (const { name, given, want } of refused) {
    it(`refuses a body with ${name} and says where`, () => {
      const fault = faultOf(given);
      assert.equal(fault.code, "ReviewInvalid");
      assert.match(fault.message, want);
    });
  }

  it("fills in what the API server leaves out", () => {
    const { request } = podReview() as { request: Record<string, unknown> };
    const { uid, kind, operation } = request;
    const view = parseReview({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: { uid, kind, operation },
    });
    assert.deepEqual(view, {
      uid: "uid-1",
      operation: "CREATE",
      kind: { group: "", version: "v1", kind: "Pod" },
      subResource: "",
      namespace: "",
      name: "",
      dryRun: false,
      object: null,
      oldObject: null,
    });
  });

  it("hands the objects on without copying them", () => {
    const review = podReview({ dryRun: true, subResource: "status" }) as { request: { object: unknown } };
    const view = parseReview(review);
    assert.equal(view.object, review.request.object);
    assert.equal(view.dryRun, true);
    assert.equal(view.subResource, "status");
  });
});

describe("reviewAnswer", () => {
  it("leaves out warnings and status when there is nothing to say", () => {
    assert.deepEqual(reviewAnswer("u", { allowed: true, warnings: [] }), {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: "u", allowed: true },
    });
  });

  it("carries warnings with an allowance", () => {
    assert.deepEqual(reviewAnswer("u", { allowed: true, warnings: ["slow"] }).response, {
      uid: "u",
      allowed: true,
      warnings: ["slow"],
    });
  });

  it("carries code, reason, message and warnings with a denial", () => {
    const denial = { code: 403, reason: "Forbidden", message: "no such tag" };
    assert.deepEqual(reviewAnswer("u", { allowed: false, warnings: ["slow"], denial }).response, {
      uid: "u",
      allowed: false,
      warnings: ["slow"],
      status: denial,
    });
  });
});
